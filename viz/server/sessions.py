"""What the server remembers of each page and each call of a program, and for how long.

By itself, Gradio 6.31 copies the configuration of the whole page for each of them. That takes half a megabyte
and 23 ms, and only its deep links read it. It keeps ten thousand such copies. A `gr.State` is forgotten after
its `time_to_live` only if it is the output of an event, and ours is changed in place.
"""

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import gradio as gr

from viz.server.gradio_private import (
    LeanSession,
    SessionState,
    StateHolder,
    let_us_answer_other_sites,
    remember_with,
)

PAGE_IS_KEPT = timedelta(hours=1)
"""A page that was closed, or put to sleep by its browser, keeps its texts for so long after its last use."""
CALL_IS_KEPT = timedelta(seconds=10)
"""So long is kept what Gradio knows of a program, of which nothing is remembered."""
MOST = 4000
"""Pages and programs that are remembered."""
MOST_NAMES = 100_000
"""Forgotten pages that would be told so if they came back."""


class Remembered(ABC):
    """Whoever stands behind an open page."""

    forgotten = False
    """Whether the page had another one before, who was not there for too long."""

    @property
    @abstractmethod
    def has_text(self) -> bool:
        """Whether there is more here than what everybody is shown."""


class Session(LeanSession):
    """One page or program: its visitor, and no copy of the configuration."""

    def __init__(self, blocks: gr.Blocks, *, forgotten: bool) -> None:
        """Begin to remember.

        Args:
            blocks: of the app.
            forgotten: whether there was a visitor of this name before.
        """
        super().__init__(blocks)
        self._forgotten = forgotten

    def __getitem__(self, key: int) -> Any:
        """Return a component, or the value of a state; a visitor who was forgotten is told so."""
        value = super().__getitem__(key)
        if self._forgotten and isinstance(value, Remembered):
            value.forgotten = True
        return value


class Sessions(StateHolder):
    """All pages and programs that have been here lately."""

    def __init__(self, blocks: gr.Blocks) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.set_blocks(blocks)
        self.capacity = MOST
        self._forgotten: OrderedDict[str, None] = OrderedDict()
        """Names of pages whose visitors are gone, the latest last."""

    def __getitem__(self, session_id: str) -> SessionState:
        """Return what is remembered, from now on at least its name."""
        if session_id not in self.session_data:
            self.session_data[session_id] = Session(self.blocks, forgotten=session_id in self._forgotten)
        return super().__getitem__(session_id)

    @property
    def open_pages(self) -> int:
        """Pages that are open; programs have none."""
        return sum(bool(one.state_data) and not one.is_closed for one in list(self.session_data.values()))

    def update(self, session_id: str) -> None:
        """Note that somebody is here, and make room: first go those who have no text of their own.

        Of equals, whoever was here least lately.
        """
        self.session_data.move_to_end(session_id)
        while len(self.session_data) > self.capacity:
            others = [name for name in self.session_data if name != session_id]
            empty = (name for name in others if not _has_text(self.session_data[name]))
            self._forget(next(empty, others[0]))

    def delete_all_expired_state(self) -> None:
        """Forget whom there is no reason to remember; Gradio asks for it every second."""
        now = datetime.now()
        for session_id, session in list(self.session_data.items()):
            unused = now - self.time_last_used.get(session_id, now)
            patience = PAGE_IS_KEPT if session.state_data else CALL_IS_KEPT
            # An open page with a text keeps it; a page that only looked at the example loses nothing.
            if unused > patience and (session.is_closed or not _has_text(session)):
                self._forget(session_id)

    def _forget(self, session_id: str) -> None:
        session = self.session_data.pop(session_id)
        self.time_last_used.pop(session_id, None)
        for key, value in session.state_data.items():
            state = self.blocks.blocks[key]
            assert isinstance(state, gr.State)
            state.delete_callback(value)
        if _has_text(session):
            self._forgotten[session_id] = None
            while len(self._forgotten) > MOST_NAMES:
                self._forgotten.popitem(last=False)


def _has_text(session: SessionState) -> bool:
    """Return whether the visitor of a page has written anything."""
    return any(isinstance(value, Remembered) and value.has_text for value in session.state_data.values())


@asynccontextmanager
async def sessions(app: Any) -> AsyncIterator[None]:
    """Let Gradio's server remember as it is said here, as long as it runs; of other sites, `Origins`."""
    remember_with(app, Sessions)
    let_us_answer_other_sites(app)
    yield
