"""What a person who does not see the strip has of a text that is being written."""

from typing import Any

from viz.components.drawn import Drawn
from viz.words.strings import say


class WritingWatch(Drawn):
    """Brings the text into view when one begins to be written, and tells screen readers of begin and end.

    Every update would be too much to listen to. It also lets Ctrl or ⌘ with Enter press Write, and Escape
    press Stop.
    """

    def __init__(self, *, elem_id: str = "writing-watch", **kwargs: Any) -> None:
        super().__init__(
            "writing_watch",
            '<p class="unseen" role="status"></p>',
            None,
            words={"begun": say("components.writing_watch.begun")},
            elem_id=elem_id,
            **kwargs,
        )
