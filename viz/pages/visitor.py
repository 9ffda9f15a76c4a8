"""One visitor's work: the text, what is selected in it, and the way back."""

from typing import Any

from model.continuation import Continuation
from model.run import Run
from model.text import Piece

MOST_UNDO = 200


class Visitor:
    """Kept by Gradio for one open page, in a `gr.State`, and changed in place by its events.

    In place, because a Stop or a click must reach the text that is being written at that moment. Not a
    dataclass, because Gradio would copy one field by field, and a text being written cannot be copied.
    """

    def __init__(self, run: Run, pieces: tuple[Piece, ...], selected: int) -> None:
        self.run = run
        self.pieces = pieces
        """The tokens of the run as they are shown."""
        self.selected = selected
        """Position in the whole text that the panels explain."""
        self.following = False
        """Whether the selection moves along with the newest token."""
        self.writing = False
        self.head_view = False
        """Whether the tab with BertViz's head view is open: it is costly, and drawn only then."""
        self.continuation: Continuation | None = None
        """What is being written, or was written last."""
        self.undo: list[tuple[Run, tuple[Piece, ...]]] = []

    def __deepcopy__(self, _memo: dict[int, Any]) -> "Visitor":
        """Return a visitor who has just come: what Gradio asks of the initial value for every page."""
        return Visitor(self.run, self.pieces, self.selected)

    def stop(self) -> None:
        """Let the text that is being written end before its next token."""
        if self.continuation is not None:
            self.continuation.stop()

    def remember(self) -> None:
        """Make the text as it is now the one that Undo returns to."""
        self.undo.append((self.run, self.pieces))
        del self.undo[:-MOST_UNDO]

    def show(self, run: Run, pieces: tuple[Piece, ...]) -> None:
        """Take a text; the selection stays where it can, else goes to the last token."""
        self.run, self.pieces = run, pieces
        last = len(pieces) - 1
        self.selected = last if self.following else min(self.selected, last)
