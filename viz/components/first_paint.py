"""The first text as it is seen before Gradio has put its components on the page, which takes seconds."""

import json
from html import escape
from typing import Any

from viz.components.drawn import HERE
from viz.components.heading import heading_html
from viz.components.next_token import table_words
from viz.components.page_tools import TONE
from viz.components.theme import SANS
from viz.components.ticket import TICKET
from viz.components.token_strip import strip_words
from viz.words.assets import FIRST_ANSWERS
from viz.words.strings import say

SCRIPTS = ("dom", "token_cells", "next_token_table", "first_paint")
PARTS = (
    *("prompt", "generate", "score", "stop", "read-mode", "try-0", "more-tries", "presets", "again"),
    *("temperature", "top-k", "top-p", "max-new-tokens", "more-settings"),
)
"""What stands above the text, by id: once all of it is there, the text has its place."""


def first_paint() -> str:
    """Return what goes to the end of the page's body: hidden until its script has drawn the text into it.

    It holds no text itself. The script draws the values of strip and table as those do, from the page's own
    configuration; a page without one, such as the form for a password, stays as it is. What is clicked
    meanwhile is answered with a stored table, and chosen once the strip is there. Screen readers wait for
    the strip.
    """
    words: dict[str, Any] = strip_words("tokens") | {
        "ticket": TICKET,
        "tone": TONE,
        "page": "explore",
        "late": say("page.late"),
        "parts": PARTS,
        "prompt": "prompt",
        "table": table_words() | {"id": "next-token"},
        "answers": FIRST_ANSWERS.name,
    }
    told = json.dumps(words).replace("<", "\\u003c")
    scripts = "".join((HERE / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    names = (say(f"page.pages.{page}") for page in ("explore", "inside", "why", "lab"))
    places = "".join(f"<span>{escape(name)}</span>" for name in names)
    text, table = (
        heading_html(say(f"page.{part}.title"), say(f"page.{part}.say")) for part in ("text", "next_token")
    )
    return (
        '<div class="gradio-container first-paint" aria-hidden="true" hidden'
        f' style="--font: {", ".join(SANS)}"><div class="main">'
        f'<div class="top"><b>{escape(say("page.title"))}</b>{places}</div><div class="said"></div>'
        '<div class="card compose-card"><div class="field"><span translate="no"></span></div>'
        '<div class="starters"></div><div class="dials"></div></div>'
        f'<div class="pair answering"><div class="card"><div>{text}</div>'
        '<div><div class="strip" translate="no"></div><div class="legend"></div></div></div>'
        f'<div class="card"><div>{table}</div><div class="next-token"></div></div></div></div></div>'
        f"<script>{{const words = {told};\n{scripts}}}</script>"
    )
