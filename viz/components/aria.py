"""What screen readers and keys need of Gradio's own tabs and folds."""

from typing import Any

from viz.components.drawn import Drawn


class Aria(Drawn):
    """Draws nothing. Arrows, Home and End walk the tabs, one of which Tab reaches; folds tell if open."""

    def __init__(self, *, elem_id: str = "aria", **kwargs: Any) -> None:
        super().__init__("aria", "<span></span>", None, elem_id=elem_id, **kwargs)
