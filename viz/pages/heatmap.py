"""Attention weights as a picture, which several rooms show."""

import numpy as np
from numpy.typing import NDArray

from model.interior.attention_view import window
from viz.figures.attention import attention_heatmap
from viz.figures.attention_overview import MOST_CELLS, attention_overview
from viz.figures.figure import Figure
from viz.pages.controls import Controls
from viz.pages.scene import Scene

WINDOW = 48
"""Tokens of a long text that the heatmap shows around the selected one."""


def heatmap(weights: NDArray[np.floating], scene: Scene, controls: Controls, size: int) -> Figure:
    """Return (T, T) weights as a heatmap: `size` tokens around the selected query, one by one if they fit."""
    tokens = [piece.token for piece in scene.pieces]
    selected = scene.query if scene.query >= 0 else None
    shown = window(scene.source.length, scene.query, size)
    if len(shown) > MOST_CELLS:
        return attention_overview(weights, tokens=tokens, selected_row=selected, theme=controls.theme)
    return attention_heatmap(
        weights[shown.start : shown.stop, shown.start : shown.stop],
        tokens=tokens,
        first_row=shown.start,
        first_column=shown.start,
        selected_row=selected,
        theme=controls.theme,
    )
