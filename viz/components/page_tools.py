"""What stands at the right of the first line: present, light or dark, and the keys."""

from typing import Any

from viz.components.drawn import Drawn
from viz.words.strings import say

TONE = "gpt-inside-out-tone"
"""Under which a browser keeps whether a person chose light or dark."""
WORDS = ("present", "present_title", "leave", "dark", "light", "keys", "keys_title", "close", "tools")
KEYS = (
    ("← →", "arrows"),
    ("Home End", "ends"),
    ("Ctrl Enter", "write"),
    ("Esc", "stop"),
    ("S", "step"),
    ("1 2 3 4", "pages"),
    ("P", "present"),
    ("T", "theme"),
    ("?", "help"),
)
"""What can be pressed, and the word for what it does."""


class PageTools(Drawn):
    """The buttons. What they change stays in the browser: classes of the page, and the choice of colours."""

    def __init__(self, *, elem_id: str = "page-tools", **kwargs: Any) -> None:
        words = {key: say(f"components.page_tools.{key}") for key in WORDS}
        rows = "\n".join(f"{keys}\t{say(f'components.page_tools.key.{what}')}" for keys, what in KEYS)
        super().__init__(
            "page_tools",
            '<div class="page-tools" role="toolbar">'
            '<button type="button" id="present" aria-pressed="false"></button>'
            '<button type="button" class="tone"></button>'
            '<button type="button" class="help"></button><dialog class="keys"></dialog></div>',
            words=words | {"rows": rows, "tone": TONE},
            elem_id=elem_id,
            **kwargs,
        )
