"""The same text under several strengths, side by side, each of which can be put on the page."""

from typing import Any, TypedDict

from viz.components.drawn import Drawn
from viz.words.strings import say


class Column(TypedDict):
    """One strength."""

    title: str
    before: str
    """The end of the text that is written on."""
    text: str
    told: str
    """How far the next token's distribution moved."""
    plain: bool
    """Whether it is the one without steering."""
    whole: bool
    """Whether nothing more comes, and there is something."""


class SteeredTextsValue(TypedDict):
    """The value of a `SteeredTexts`."""

    note: str
    columns: list[Column]


class SteeredTexts(Drawn):
    """The columns; without a value nothing. A press on a button is told as `Selection` hears it."""

    def __init__(self, value: SteeredTextsValue | None = None, *, elem_id: str, **kwargs: Any) -> None:
        words = {
            "open": say("why.steering.open"),
            "open_title": say("why.steering.open_title"),
            "here": elem_id,
        }
        super().__init__(
            "steered_texts",
            '<div class="steered-texts"></div>',
            value,
            words=words,
            elem_id=elem_id,
            **kwargs,
        )
