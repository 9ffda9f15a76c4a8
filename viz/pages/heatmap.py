"""Attention weights as a picture, which several rooms show."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from model.interior.attention_view import window
from viz.figures.attention import attention_heatmap
from viz.pages.controls import Controls
from viz.pages.scene import Scene

WINDOW = 48
"""Tokens of a long text that the heatmap shows around the selected one."""


def heatmap(weights: NDArray[np.floating], scene: Scene, controls: Controls, size: int) -> go.Figure:
    """Return (T, T) weights as a heatmap, of a long text a window around the selected query."""
    shown = window(scene.source.length, scene.query, size)
    return attention_heatmap(
        weights[shown.start : shown.stop, shown.start : shown.stop],
        tokens=[piece.token for piece in scene.pieces],
        first_row=shown.start,
        first_column=shown.start,
        selected_row=scene.query if scene.query >= 0 else None,
        theme=controls.theme,
    )
