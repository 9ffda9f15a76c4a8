"""A button that takes a text file from the person's disk."""

import base64
import binascii
from typing import Any, TypedDict

from model.training.sources import MOST_BYTES
from viz.components.drawn import Drawn
from viz.server.service import Trouble
from viz.words.strings import say

MOST_CALLED = 60
"""Characters of a file's name that are shown."""


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

    def __init__(
        self,
        value: TextFileValue | None = None,
        *,
        unchosen: str = "train.data.file.none",
        elem_id: str,
        **kwargs: Any,
    ) -> None:
        """Create it.

        Args:
            value: at first.
            unchosen: key of what is said while no file is chosen.
            elem_id: of the element.
            kwargs: of the component.
        """
        names = ("open", "remove", "reading", "unreadable", "too_large")
        words = {name: say(f"train.data.file.{name}") for name in names}
        words |= {"none": say(unchosen), "most_bytes": str(MOST_BYTES)}
        super().__init__(
            "text_file", '<div class="text-file"></div>', value, words=words, elem_id=elem_id, **kwargs
        )


def chosen_file(value: object) -> tuple[str, bytes] | None:
    """Return name and bytes of the file that a person has chosen; None where it was taken away.

    Args:
        value: of a `TextFile`; a browser may send anything.

    Raises:
        Trouble: what came are no bytes.
    """
    told = value if isinstance(value, dict) else {}
    name, encoded = told.get("file"), told.get("bytes")
    if not isinstance(name, str) or not isinstance(encoded, str):
        return None
    try:
        return name[:MOST_CALLED], base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error) as error:
        raise Trouble(say("train.data.file.unreadable")) from error
