"""What a person who does not see the strip has of a text that is being written."""

import math
from typing import Any

from viz.components.drawn import Drawn
from viz.words.strings import say

MOST_SECONDS = 3.0
"""For which a browser may ask between two updates."""


def asked_pause(value: object) -> float:
    """Return the seconds between two updates that a browser asked for; 0 if it sent something else."""
    pause = value.get("pause") if isinstance(value, dict) else None
    if not isinstance(pause, int | float) or isinstance(pause, bool) or not math.isfinite(pause):
        return 0.0
    return min(max(float(pause), 0.0), MOST_SECONDS)


class WritingWatch(Drawn):
    """Brings the text into view when one begins to be written, and tells screen readers of begin and end.

    Every update would be too much to listen to. Its value is the pause between two updates that the browser
    asks for, `{"pause": seconds}`; `select` fires when that changes. It also lets Ctrl or ⌘ with Enter press
    Write, and Escape press Stop.
    """

    def __init__(self, *, elem_id: str = "writing-watch", **kwargs: Any) -> None:
        super().__init__(
            "writing_watch",
            '<p class="unseen" role="status"></p>',
            {"pause": 0},
            words={"begun": say("components.writing_watch.begun"), "most": str(MOST_SECONDS)},
            elem_id=elem_id,
            **kwargs,
        )

    def api_info(self) -> dict[str, Any]:
        """Return the schema of the value."""
        return {"type": "object", "properties": {"pause": {"type": "number"}}}

    def example_payload(self) -> dict[str, Any]:
        """Return a value for the API page."""
        return {"pause": 0.5}
