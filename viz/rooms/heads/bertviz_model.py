"""BertViz's model view of a few layers: every head of each as a small picture, a click shows one large."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from viz.components.bertviz_frame import BertVizValue
from viz.components.bertviz_page import offline, shown_tokens
from viz.words.strings import say

MOST_TOKENS = 12
LAYERS = 6
"""Layers of one page: the view draws layers × heads × tokens² lines."""
MOST_LINES = 10_000
"""A model of many heads gets fewer layers."""


def layers_beside(layer: int, layers: int, heads: int, tokens: int = MOST_TOKENS) -> range:
    """Return the layers of the page that a layer is on.

    Args:
        layer: counted from 0.
        layers: of the model.
        heads: of a layer.
        tokens: most that are shown.
    """
    together = max(1, min(LAYERS, MOST_LINES // (heads * tokens**2)))
    first = layer // together * together
    return range(first, min(first + together, layers))


def model_view_value(
    tokens: Sequence[str],
    weights: NDArray[np.floating],
    *,
    shown: range,
    layers: int,
    first: int,
    count: int,
    dark: bool,
) -> BertVizValue:
    """Return the model view of some layers.

    Args:
        tokens: (T,) the tokens of the window.
        weights: (layers shown, heads, T, T) attention within the window, queries in rows.
        shown: numbers of those layers.
        layers: of the model.
        first: position of the window's first token in the text.
        count: number of tokens in the text.
        dark: whether the page is.
    """
    low, high, heads = shown.start, shown.stop - 1, weights.shape[1]
    window = {"first": first, "last": first + len(tokens) - 1, "count": count}
    note = (
        say("components.bertviz.model.note", first_layer=low, last_layer=high, layers=layers, heads=heads),
        say(f"components.bertviz.{'whole' if len(tokens) == count else 'window'}", **window),
        say("components.bertviz.model.how"),
    )
    return {
        "kind": "model",
        "page": _page(shown_tokens(tokens), weights, shown, dark),
        "title": say("components.bertviz.model.title", first_layer=low, last_layer=high, heads=heads),
        "note": " ".join(note),
    }


def _page(tokens: list[str], weights: NDArray[np.floating], shown: range, dark: bool) -> str:
    import torch  # noqa: PLC0415 - BertViz needs it; the page must not wait for it before someone asks
    from bertviz import model_view  # noqa: PLC0415

    attention = [torch.from_numpy(np.asarray(layer, dtype=np.float64))[None] for layer in weights]
    mode = "dark" if dark else "light"
    page: str = model_view(attention, tokens, display_mode=mode, html_action="return").data
    # BertViz picks layers out of a list of all of them; only these were computed.
    numbers = str(list(range(len(shown))))
    page = page.replace(f'"include_layers": {numbers}', f'"include_layers": {list(shown)}', 1)
    return offline(page)
