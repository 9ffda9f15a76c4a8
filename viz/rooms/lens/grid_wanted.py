"""Lets a page ask for the grid by itself: when the room is opened, and when text or size have changed."""

from typing import Any, TypedDict

from viz.components.drawn import NOTHING, Drawn


class WantedValue(TypedDict):
    """The value of a `GridWanted`."""

    key: str
    """Of the grid that the text wants; empty where there is nothing to compute."""


class GridWanted(Drawn):
    """Draws nothing. `select` fires once for every key that it is given, one after another."""

    def __init__(self, *, elem_id: str = "grid-wanted", **kwargs: Any) -> None:
        super().__init__("grid_wanted", NOTHING, WantedValue(key=""), elem_id=elem_id, **kwargs)
