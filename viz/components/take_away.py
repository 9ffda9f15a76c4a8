"""What is on the page, to take away: figures as pictures and numbers, tables as numbers, texts as runs."""

from typing import Any

from viz.components.drawn import Drawn
from viz.strings import say


class TakeAway(Drawn):
    """Draws nothing in its own place. Under every figure its script sets a small menu, made in the browser.

    Of a figure, CSV holds what is drawn: the traces that have a name, or of a trace with `meta` its x and its
    `customdata`, whose columns that names. A table takes part if an element of it has `data-numbers` and a
    function `numbers()`, which returns its rows, the first one with their names.
    """

    def __init__(self, *, elem_id: str = "take-away", **kwargs: Any) -> None:
        keys = ("save", "text", "title", "png", "svg", "csv", "json")
        super().__init__(
            "take_away",
            "<span></span>",
            None,
            words={key: say(f"components.take_away.{key}") for key in keys},
            elem_id=elem_id,
            **kwargs,
        )
