"""Which door of the map a person took last: a value that goes along with the event of it."""

from typing import Any, TypedDict

from viz.components.drawn import Drawn


class MapChoiceValue(TypedDict, total=False):
    """The value of a `MapChoice`, if the browser sends what our scripts do."""

    station: str
    page: str
    room: str


class MapChoice(Drawn):
    """Draws nothing. Its value follows `station-action` on the document; `select` fires for each."""

    def __init__(self, *, elem_id: str = "map-choice", **kwargs: Any) -> None:
        super().__init__("map_choice", "<span></span>", {}, elem_id=elem_id, **kwargs)
