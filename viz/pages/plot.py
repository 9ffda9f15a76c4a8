"""A Plotly figure on a page."""

from typing import Any

import gradio as gr


def plot(figure: Any, elem_id: str) -> gr.Plot:
    """Return the place of a figure, without a frame or a label of its own."""
    return gr.Plot(figure, show_label=False, container=False, elem_id=elem_id)
