"""What a newcomer is led to, once."""

from typing import Any

from viz.components.drawn import NOTHING, Drawn


class Hints(Drawn):
    """Draws nothing. The page's `data-hint` names what is not known yet, and the style sheet marks it."""

    def __init__(self, *, elem_id: str = "hints", **kwargs: Any) -> None:
        super().__init__("hints", NOTHING, None, words={"strip": "tokens"}, elem_id=elem_id, **kwargs)
