"""Which cell of the map was pressed: a hidden input. The dials beside the map do the same for keys."""

from typing import Any, TypedDict

from viz.components.drawn import NOTHING, Drawn


class PlaceValue(TypedDict):
    """The value of a `PlaceChoice`, as a browser sends it."""

    layer: int
    column: int


def chosen_place(choice: object) -> tuple[int, int] | None:
    """Return layer and column that a browser sent; None if it sent something else."""
    told = choice if isinstance(choice, dict) else {}
    layer, column = told.get("layer"), told.get("column")
    whole = (isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in (layer, column))
    return (layer, column) if all(whole) else None  # type: ignore[return-value]


class PlaceChoice(Drawn):
    """Draws nothing. `select` fires after a press on a cell."""

    def __init__(self, *, map_id: str, elem_id: str, **kwargs: Any) -> None:
        super().__init__("place_choice", NOTHING, None, words={"map": map_id}, elem_id=elem_id, **kwargs)
