"""When figures are drawn: after all else, in the elements that they have."""

from viz.components.drawn import HERE


def figure_queue() -> str:
    """Return HTML for the head of the page, before Gradio's scripts: it waits for Plotly there."""
    script = (HERE / "figure_queue.js").read_text(encoding="utf-8")
    return f"<script>{script}</script>"
