"""One visitor's work: the texts, which of them is on the page, what is selected in it, and the way back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

from model.engine.continuation import Continuation
from model.interior.head_memory import HeadMemory
from model.sampler.throws import Throws
from model.texts.branch_tree import BranchTree
from model.texts.history import History
from model.texts.run import Run
from model.tokenizer.pieces import Piece
from viz.pages.controls import Controls
from viz.server.service import Trouble
from viz.words.strings import say

ROOMS = ("inside", "heads", "lens", "score", "chain", "replay", "branches", "rollouts", "strategies")
"""What can be open under the text."""
TEXT = "text"
"""What is written, among what can be stopped; the rest goes by its room."""
HEAD_TABS = ("thumbnails", "model_view", "neuron_view")
"""What can be open in the room of the heads."""


def require_remembered(visitor: "Visitor") -> None:
    """Refuse to go on with a page whose texts are gone: what it still shows is not what is here.

    Raises:
        Trouble: says what to do.
    """
    if visitor.forgotten:
        raise Trouble(say("page.page_forgotten"))


class Visitor:
    """Kept by Gradio for one open page, in a `gr.State`, and changed in place by its events.

    In place, because a Stop or a click must reach the text that is being written at that moment. Not a
    dataclass, because Gradio would copy one field by field, and a text being written cannot be copied.
    """

    def __init__(self, run: Run, pieces: tuple[Piece, ...], selected: int) -> None:
        self.run = run
        """The text on the page: the current one of the tree, and ahead of it while it is being written."""
        self.pieces = pieces
        """The tokens of the run as they are shown."""
        self.selected = selected
        """Position in the whole text that the panels explain."""
        self.following = False
        """Whether the selection moves along with the newest token."""
        self.writing = False
        self.unwanted: set[str] = set()
        """What was stopped since it was asked for, the text or a room: it may not have begun yet."""
        self.forgotten = False
        """Whether the page had another visitor before, who was not there for too long."""
        self.room = ROOMS[0]
        """Which room under the text is open: only that one is drawn."""
        self.head_view = False
        """Whether the tab with BertViz's head view is open: it is costly, and drawn only then."""
        self.head_tab = HEAD_TABS[0]
        """Which view of the heads is open in their room: only that one is drawn."""
        self.heads = HeadMemory()
        """What is known of the heads on the texts that were looked at last."""
        self.throws: Throws | None = None
        """Other dice at one step, which another step or other settings forget."""
        self.continuation: Continuation | None = None
        """What is being written, or was written last."""
        self.history = History(BranchTree.of(run))
        """All texts of the page, and what they were before."""
        self.cut: tuple[Run, str] | None = None
        """The text as it was cut last, and what stood in the prompt then: new dice go on from there."""
        self.compared: int | None = None
        """Key of the branch that the one on the page is compared with."""
        self.working: dict[str, Callable[[], None]] = {}
        """How to stop what is computed for a room of the lab, by the room, as long as it is."""
        self.found: dict[str, Any] = {}
        """What was computed there last."""
        self.controls: Controls | None = None
        """Where the controls stood when something was last drawn."""
        self.lock = RLock()
        """Held from the look whether a text is being written to the change that depends on it."""

    def __deepcopy__(self, _memo: dict[int, Any]) -> "Visitor":
        """Return a visitor who has just come: what Gradio asks of the initial value for every page."""
        return Visitor(self.run, self.pieces, self.selected)

    @property
    def tree(self) -> BranchTree:
        """All texts of the page; one that is being written as it was when that began."""
        return self.history.now

    @property
    def has_text(self) -> bool:
        """Whether there is more here than the example that everybody is shown."""
        return self.writing or bool(self.working) or self.history.can_undo or self.history.can_redo

    def resume(self, before: "Visitor") -> None:
        """Take over the texts of a page that was loaded anew; what is still written there goes on there."""
        with before.lock:
            self.history = before.history.copy()
            self.run, self.pieces, self.selected = before.run, before.pieces, before.selected
            self.compared, self.throws, self.controls = before.compared, before.throws, before.controls
            self.room, self.cut = before.room, before.cut
        if self.run is not self.tree.run:
            self.history.now = self.tree.grown(self.run)

    def stop(self) -> None:
        """Let the text that is being written end before its next token, and what the lab computes too."""
        self.unwanted.add(TEXT)
        if self.continuation is not None:
            self.continuation.stop()
        for room in ROOMS:
            self.cancel(room)

    def cancel(self, room: str) -> None:
        """Let what is computed for a room of the lab end soon, or as soon as it begins."""
        self.unwanted.add(room)
        stop = self.working.get(room)
        if stop is not None:
            stop()

    def want(self, *works: str) -> None:
        """Let what is asked for now begin, whatever was stopped before."""
        self.unwanted.difference_update(works)

    def busy_with(self, *works: str) -> bool:
        """Return whether any of these is under way."""
        return any(work in self.working or (work == TEXT and self.writing) for work in works)

    @contextmanager
    def at_work(self, room: str, stop: Callable[[], None]) -> Iterator[None]:
        """Let something that is computed for a room be stopped meanwhile; it is stopped at the end.

        Raises:
            Trouble: something is computed for this room already, or this was cancelled while it waited.
        """
        with self.lock:
            if room in self.working:
                raise Trouble(say("lab.busy"))
            self.working[room] = stop
        try:
            if (
                room in self.unwanted
            ):  # looked at once Cancel finds what it stops: none of its presses is lost
                raise Trouble(say("lab.cancelled_early"))
            yield
        finally:
            stop()  # also when the page was closed
            del self.working[room]

    def show(self, run: Run, pieces: tuple[Piece, ...]) -> None:
        """Take a text; the selection stays where it can, else goes to the last token."""
        with self.lock:
            self.run, self.pieces = run, pieces
            last = len(pieces) - 1
            self.selected = last if self.following else min(self.selected, last)

    def settle(self) -> None:
        """End the writing: the text has its place in the tree as far as it has grown."""
        with self.lock:
            self.writing = False
            if self.run is not self.tree.run:
                self.history.now = self.tree.grown(self.run).unrepeated()
                self.run = self.tree.run
