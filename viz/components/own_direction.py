"""Fields in which a text of any script is typed."""

from typing import Any

from viz.components.drawn import NOTHING, Drawn

FIELDS = ("prompt", "search")


class OwnDirection(Drawn):
    """Draws nothing. Each field runs the way that what is typed in it does: `dir="auto"`."""

    def __init__(self, *, elem_id: str = "own-direction", **kwargs: Any) -> None:
        fields = ", ".join(f"#{name} :is(textarea, input)" for name in FIELDS)
        super().__init__("own_direction", NOTHING, None, words={"fields": fields}, elem_id=elem_id, **kwargs)
