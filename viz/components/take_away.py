"""What is on the page, to take away: figures as pictures and numbers, tables as numbers, texts as runs."""

from typing import Any

from viz.components.drawn import NOTHING, Drawn
from viz.words.strings import say


class TakeAway(Drawn):
    """Draws nothing in its own place. Under every figure its script sets a small menu, made in the browser.

    Of a figure, CSV holds what is drawn, its tokens as they are (`viz/figures/own_texts.py`): the traces that
    have a name, or of a trace whose `meta` has columns its x and its `customdata`. A table takes part if an
    element of it has `data-numbers` and a function `numbers()`, which returns its rows, first their names.
    """

    def __init__(self, *, elem_id: str = "take-away", **kwargs: Any) -> None:
        keys = ("save", "text", "title", "png", "svg", "csv", "json", "steps")
        super().__init__(
            "take_away",
            NOTHING,
            None,
            words={key: say(f"components.take_away.{key}") for key in keys},
            parts=("csv",),
            elem_id=elem_id,
            **kwargs,
        )
