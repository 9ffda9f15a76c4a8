"""BertViz, offline, in a frame of its own; and its head view of one layer.

BertViz's page loads require.js, d3 and jQuery from other hosts and leaves tokens unescaped inside a script.
Here the real package makes the page; its numbers and tokens are written again as compact, escaped JSON, the
two libraries come from `assets/vendor` once a page, and the frame may run scripts and do nothing else: its
policy, which comes with `assets/bertviz-frame.html`, forbids every request.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from viz.components.bertviz_page import offline, shown_tokens
from viz.components.drawn import Drawn
from viz.words.assets import ASSETS
from viz.words.strings import say

VENDOR = ASSETS / "vendor"
LIBRARIES = ("jquery-3.7.1.min.js", "d3-5.16.0.min.js")
MOST_TOKENS = 32
"""The view draws heads × tokens² lines; a longer text shows a window."""
FAINT, VISIBLE = "return d / activeHeads()", "return Math.sqrt(d / activeHeads())"
"""BertViz shares full strength among the heads, which leaves one of nine all but invisible."""
STAND_IN = "window.require={config(){}};window.requirejs=(names,run)=>run(window.jQuery,window.d3);"
"""BertViz's script asks require.js for its two libraries; they are there already."""


class BertVizValue(TypedDict):
    """The value of a `BertVizFrame`."""

    kind: Literal["head", "model", "neuron"]
    """Which of BertViz's views it is."""
    page: str
    """BertViz's own page, without its libraries."""
    title: str
    note: str
    """What is shown, and what was left out."""


def head_view_window(count: int, position: int | None, most: int = MOST_TOKENS) -> tuple[int, int]:
    """Return the window [first, after) of a text of `count` tokens that ends soon after `position`.

    The query of a selected position stands just before it, and looks back.
    """
    end = count if position is None else min(count, max(position + 1 + most // 8, most))
    return max(0, end - most), end


def head_view_value(
    tokens: Sequence[str],
    weights: NDArray[np.floating],
    *,
    layer: int,
    first: int = 0,
    count: int | None = None,
) -> BertVizValue:
    """Return the head view of one layer.

    Args:
        tokens: (T,) the tokens of the window.
        weights: (heads, T, T) attention within the window, queries in rows.
        layer: number of the layer, from 0.
        first: position of the window's first token in the text.
        count: number of tokens in the text; as many as there are here if not given.
    """
    whole = len(tokens) if count is None else count
    heads = len(weights)
    say_what = "components.bertviz.note" if len(tokens) == whole else "components.bertviz.note_window"
    note = say(say_what, layer=layer, heads=heads, first=first, last=first + len(tokens) - 1, count=whole)
    return {
        "kind": "head",
        "page": _page(shown_tokens(tokens), weights, layer),
        "title": say("components.bertviz.title", layer=layer, count=len(tokens)),
        "note": note,
    }


def _page(tokens: list[str], weights: NDArray[np.floating], layer: int) -> str:
    import torch  # noqa: PLC0415 - BertViz needs it; the page must not wait for it before someone asks
    from bertviz import head_view  # noqa: PLC0415

    attention = {layer: torch.from_numpy(np.asarray(weights, dtype=np.float64))[None]}
    page = head_view(attention, tokens, layer=layer, include_layers=[layer], html_action="return").data
    return offline(page.replace(FAINT, VISIBLE))


@cache
def head_view_scripts() -> str:
    """Return what goes before BertViz's page."""
    libraries = [(VENDOR / name).read_text(encoding="utf-8") for name in LIBRARIES]
    return "".join(f"<script>{script}</script>" for script in [*libraries, STAND_IN])


def scripts(_arguments: object = None) -> str:
    """Answer the browser, which asks once, when it first shows the view, and has nothing to say."""
    return head_view_scripts()


class BertVizFrame(Drawn):
    """The frame. Fires nothing; follows light and dark by itself."""

    def __init__(
        self,
        value: BertVizValue | None = None,
        *,
        elem_id: str = "bertviz",
        invitation: str = "components.bertviz.empty",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            "bertviz_frame",
            '<p class="say"></p><div class="bertviz"></div>',
            value,
            words={"empty": say(invitation), "failed": say("components.bertviz.failed")},
            elem_id=elem_id,
            server_functions=[scripts],
            **kwargs,
        )
