"""The configuration that a page is made from is read as it is, not watched for changes."""

from viz.components.drawn import HERE


def unwatched() -> str:
    """Return HTML for the head of the page, behind its configuration and before Gradio's scripts run."""
    script = (HERE / "unwatched.js").read_text(encoding="utf-8")
    return f"<script>{script}</script>"
