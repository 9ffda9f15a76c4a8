"""A button that takes a text file from the person's disk."""

from typing import Any, TypedDict

from model.training.sources import MOST_BYTES
from viz.components.drawn import Drawn
from viz.words.strings import say


class TextFileValue(TypedDict, total=False):
    """The value of a `TextFile`: from the server which file it has, from the browser one that was chosen."""

    name: str | None
    """Of the file that the server has."""
    told: str
    """A sentence on it, or on why it was refused."""
    file: str | None
    """Name of the file that was chosen; None to take it away."""
    bytes: str
    """What it holds, in base 64."""


class TextFile(Drawn):
    """The button, what was chosen, and what takes it away; `select` fires for both."""

    def __init__(self, value: TextFileValue | None = None, *, elem_id: str, **kwargs: Any) -> None:
        names = ("open", "none", "remove", "reading", "unreadable", "too_large")
        words = {name: say(f"train.data.file.{name}") for name in names}
        words["most_bytes"] = str(MOST_BYTES)
        super().__init__(
            "text_file", '<div class="text-file"></div>', value, words=words, elem_id=elem_id, **kwargs
        )
