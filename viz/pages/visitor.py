"""One visitor's work: the texts, which of them is on the page, what is selected in it, and the way back."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event, RLock
from typing import Any

from model.engine.continuation import Continuation
from model.texts.branch_tree import Branch, BranchTree
from model.texts.history import History
from model.texts.run import Run
from model.tokenizer.pieces import Piece
from viz.pages.controls import Controls
from viz.pages.kept import Kept
from viz.pages.page_models import PageModels
from viz.server.service import Service, Trouble
from viz.server.sessions import Remembered
from viz.words.strings import say

SWITCHED = "explore"
"""The page on which a switch, which the browser remembers, says what is open."""
TEXT = "text"
"""What is written, among what can be stopped; the rest goes by its room."""


def require_remembered(visitor: "Visitor") -> None:
    """Refuse to go on with a page whose texts are gone: what it still shows is not what is here.

    Raises:
        Trouble: says what to do.
    """
    if visitor.forgotten:
        raise Trouble(say("page.page_forgotten"))


class Visitor(Remembered):
    """Kept by Gradio for one open page, in a `gr.State`, and changed in place by its events.

    In place, because a Stop or a click must reach the text that is being written at that moment. Not a
    dataclass, because Gradio would copy one field by field, and a text being written cannot be copied.
    """

    def __init__(self, run: Run, pieces: tuple[Piece, ...], selected: int, service: Service) -> None:
        self.models = PageModels(service)
        """Which model the page has, and has had."""
        self.run = run
        """The text on the page: the current one of the tree, and ahead of it while it is being written."""
        self.pieces = pieces
        """The tokens of the run as they are shown."""
        self.selected = selected
        """Position in the whole text that the panels explain."""
        self.following = False
        """Whether the selection moves along with the newest token."""
        self.writing = False
        self.pause = 0.0
        """Seconds between two updates for which the browser asks, being too busy otherwise."""
        self.asked: set[str] = {TEXT}
        """What can be stopped: the text, and what was ever asked of a room."""
        self.unwanted: set[str] = set()
        """What was stopped since it was asked for, the text or a room: it may not have begun yet."""
        self.room = ""
        """Which room is open: only that one is drawn; empty for the first."""
        self.opened: dict[str, str] = {}
        """Which room was open last on each page."""
        self.kept = Kept()
        """What rooms remember, each for itself."""
        self.continuation: Continuation | None = None
        """What is being written, or was written last."""
        self.history = History(BranchTree.of(run))
        """All texts of the page, and what they were before."""
        self.cut: tuple[Run, str] | None = None
        """The text as it was cut last, and what stood in the prompt then: new dice go on from there."""
        self.working: dict[str, Callable[[], None]] = {}
        """How to stop what is computed for a room, by the room, as long as it is."""
        self.controls: Controls | None = None
        """Where the controls stood when something was last drawn: for a page that is loaded anew."""
        self.came_back = Event()
        """Set once a page that was loaded anew has been given its texts again, if there were any."""
        self.lock = RLock()
        """Held from the look whether a text is being written to the change that depends on it."""

    def __deepcopy__(self, _memo: dict[int, Any]) -> "Visitor":
        """Return a visitor who has just come: what Gradio asks of the initial value for every page."""
        return Visitor(self.run, self.pieces, self.selected, self.service)

    @property
    def service(self) -> Service:
        """The model that the page has."""
        return self.models.now

    @property
    def tree(self) -> BranchTree:
        """All texts of the page; one that is being written as it was when that began."""
        return self.history.now

    @property
    def branch(self) -> Branch:
        """The text on the page as one of them all."""
        return self.tree[self.tree.current]

    def turn_to(self, service: Service, before: str, after: str) -> bool:
        """Let the page have another model, unless something is under way; return whether it has.

        Args:
            service: the model, which is here.
            before: key of the model that the page has.
            after: key of the other one.
        """
        with self.lock:
            if self.writing or self.working:
                return False
            self.kept.turn(before, after)
            self.models.turn(service)
            self.cut = None
            return True

    @property
    def has_text(self) -> bool:
        """Whether there is more here than the example that everybody is shown."""
        return self.writing or bool(self.working) or self.history.can_undo or self.history.can_redo

    def resume(self, before: "Visitor") -> None:
        """Take over the texts of a page that was loaded anew; what is still written there goes on there."""
        with before.lock:
            self.history = before.history.copy()
            self.run, self.pieces, self.selected = before.run, before.pieces, before.selected
            self.models = before.models.again()
            self.kept, self.controls = before.kept.again(), before.controls
            self.cut = before.cut
            self._come_back(before)
        if self.run is not self.tree.run:
            self.history.now = self.tree.grown(self.run)

    def _come_back(self, before: "Visitor") -> None:
        """Know which rooms are open: those that this page has told of by now, else those of the page before.

        A link may have led to a room meanwhile. What is open on the first page a switch says, which the
        browser keeps.
        """
        own = dict(self.opened)
        first = own.pop(SWITCHED, None)
        if not self.room:
            self.room = before.room
        elif self.room == first:
            self.room = before.opened.get(SWITCHED, first)
        self.opened = {**before.opened, **own}

    def follow(self, place: object, pages: Mapping[str, str]) -> None:
        """Be where the browser says that one is; what it has told before may be heard later.

        Args:
            place: as `Places` has it, if it is there yet.
            pages: of all rooms, by their names.
        """
        told = place if isinstance(place, dict) else {}
        page, room = told.get("page"), told.get("room")
        if page == SWITCHED:
            room = self.opened.get(SWITCHED) or next(name for name, one in pages.items() if one == SWITCHED)
        if isinstance(page, str) and isinstance(room, str) and pages.get(room) == page:
            self.enter(page, room)

    def enter(self, page: str, room: str) -> None:
        """Open a room of a page."""
        self.room = self.opened[page] = room

    def stop(self) -> None:
        """Let the text that is being written end before its next token, and what rooms compute too."""
        self.unwanted.add(TEXT)
        if self.continuation is not None:
            self.continuation.stop()
        for work in {*self.asked, *self.working} - {TEXT}:
            self.cancel(work)

    def cancel(self, room: str) -> None:
        """Let what is computed for a room end soon, or as soon as it begins."""
        self.unwanted.add(room)
        stop = self.working.get(room)
        if stop is not None:
            stop()

    def want(self, *works: str) -> None:
        """Let what is asked for now begin, whatever was stopped before."""
        self.asked.update(works)
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
            # Looked at once Cancel finds what it stops: none of its presses is lost.
            if room in self.unwanted:
                raise Trouble(say("lab.cancelled_early"))
            with self.service.in_use():
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
