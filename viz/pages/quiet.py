"""Events that nobody waits for."""

from typing import Any

QUIET: dict[str, Any] = {"show_progress": "hidden", "show_progress_on": [], "api_visibility": "private"}
"""Arguments of such an event. Gradio's page keeps a status for each output of an event, hidden or not, and
looks for all of them among all components whenever one changes; for an empty list it keeps none."""
