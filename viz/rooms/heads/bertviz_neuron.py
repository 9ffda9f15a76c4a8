"""BertViz's neuron view of one head: queries and keys, number by number, and the weights they make.

BertViz's own function takes a model of its own and runs it. Here its script gets the vectors that were
recorded while the text was written.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viz.components.bertviz_frame import BertVizValue
from viz.components.bertviz_page import rounded, script_json, shown_tokens
from viz.words.strings import say

MOST_TOKENS = 24
CLOSED = "config.expanded = false;\n            config.bidirectional"
OPEN = CLOSED.replace("false", "true", 1)
"""The view begins with the lines that the head view has as well; the vectors are what it is here for."""
ROOT = "bertviz-neuron"
MARKUP = (
    f'<div id="{ROOT}"><span class="menus"><select id="layer"></select><select id="att_head"></select></span>'
    "<div id='vis'></div></div>"
)


def neuron_view_value(
    tokens: Sequence[str],
    queries: NDArray[np.floating],
    keys: NDArray[np.floating],
    weights: NDArray[np.floating],
    *,
    scaling: float,
    rotary: bool,
    layer: int,
    head: int,
    first: int,
    count: int,
    dark: bool,
) -> BertVizValue:
    """Return the neuron view of one head.

    Args:
        tokens: (T,) the tokens of the window.
        queries: (T, size).
        keys: (T, size).
        weights: (T, T) attention within the window, queries in rows.
        scaling: factor of the model on query times key.
        rotary: whether the vectors were turned by their positions.
        layer: counted from 0.
        head: counted from 0.
        first: position of the window's first token in the text.
        count: number of tokens in the text.
        dark: whether the page is.
    """
    # BertViz divides by the square root of the size; where the model does not, the queries make up for it.
    queries = np.asarray(queries, dtype=np.float64) * (scaling * queries.shape[1] ** 0.5)
    shown = shown_tokens(tokens)
    data = {
        "attn": [[rounded(np.asarray(weights, dtype=np.float64).tolist(), 4)]],
        "queries": [[rounded(queries.tolist())]],
        "keys": [[rounded(np.asarray(keys, dtype=np.float64).tolist())]],
        "left_text": shown,
        "right_text": shown,
    }
    parameters = {
        "attention": {"all": data},
        "default_filter": "all",
        "root_div_id": ROOT,
        "bidirectional": False,
        "display_mode": "dark" if dark else "light",
        "layer": 0,
        "head": 0,
    }
    size = queries.shape[1]
    window = {"first": first, "last": first + len(tokens) - 1, "count": count}
    note = (
        say("components.bertviz.neuron.note", layer=layer, head=head, size=size),
        say(f"components.bertviz.neuron.{'turned' if rotary else 'as_they_are'}"),
        say(f"components.bertviz.{'whole' if len(tokens) == count else 'window'}", **window),
        say("components.bertviz.neuron.how"),
    )
    data_script = f"<script>window.bertviz_params={script_json(parameters)}</script>"
    return {
        "kind": "neuron",
        "page": f"{MARKUP}{data_script}<script>{_script()}</script>",
        "title": say("components.bertviz.neuron.title", layer=layer, head=head),
        "note": " ".join(note),
    }


@cache
def _script() -> str:
    import bertviz  # noqa: PLC0415 - it imports torch

    script = Path(bertviz.__file__).with_name("neuron_view.js").read_text(encoding="utf-8")
    return script.replace(CLOSED, OPEN)
