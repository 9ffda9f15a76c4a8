"""What screen readers, keys and quick hands need of Gradio's own tabs and folds."""

from typing import Any

from viz.components.drawn import NOTHING, Drawn


class Aria(Drawn):
    """Draws nothing. Arrows, Home and End walk the tabs, one of which Tab reaches; folds tell if open.

    What a tab holds is seen, and can be typed into, once Gradio has set the fields in it.
    """

    def __init__(self, *, elem_id: str = "aria", **kwargs: Any) -> None:
        super().__init__("aria", NOTHING, None, elem_id=elem_id, **kwargs)
