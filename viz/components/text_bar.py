"""The text in one line around the selected token, on every page: any token can be chosen anywhere."""

from html import escape
from typing import Any

from viz.components.drawn import Drawn
from viz.words.strings import say

WORDS = ("group", "before", "after", "unfold", "fold", "next", "none")


class TextBar(Drawn):
    """The line. It reads what the strip draws, and presses the strip's own buttons: it has no value.

    It listens to `strip-drawn`, which a strip says after every change, and asks for the first by
    `strip-asked`.
    """

    def __init__(self, *, elem_id: str = "text-bar", strip_id: str = "tokens", **kwargs: Any) -> None:
        by, title = (escape(say(f"components.text_bar.{key}")) for key in ("by", "chance_title"))
        words = {key: say(f"components.text_bar.{key}") for key in WORDS} | {"strip": strip_id}
        super().__init__(
            "text_bar",
            '<div class="text-bar" role="group">'
            '<button type="button" class="step back"></button>'
            '<div class="line" translate="no"></div>'
            '<button type="button" class="step on"></button>'
            f'<output class="chance" data-by="{by}" title="{title}"></output>'
            '<button type="button" class="unfold" aria-expanded="false"></button></div>',
            words=words,
            elem_id=elem_id,
            **kwargs,
        )
