"""What the server remembers of each page and each call of a program, and for how long.

Left alone, Gradio 6.31 makes a copy of the page's whole configuration for each of them (half a megabyte and
23 ms), which only its deep links read, and keeps it until there are ten thousand; the `time_to_live` of a
`gr.State` counts only for those that are the output of an event.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import gradio as gr
from gradio.state_holder import SessionState, StateHolder

PAGE_IS_KEPT = timedelta(hours=1)
"""A page that was closed, or put to sleep by its browser, keeps its texts for so long after its last use."""
CALL_IS_KEPT = timedelta(seconds=10)
"""So long is kept what Gradio knows of a program, of which nothing is remembered."""
MOST = 4000
"""Pages and programs that are remembered; of more than these the one used least lately is forgotten."""


class Session(SessionState):
    """One page or program: its visitor, and no copy of the configuration."""

    def __init__(self, blocks: gr.Blocks) -> None:
        # The copy is made of those blocks of the configuration that the page has: here, none.
        super().__init__(SimpleNamespace(default_config=blocks.default_config, blocks={}))  # type: ignore[arg-type]

    def __setitem__(self, key: int, value: Any) -> None:
        """Take the value of a state, or a component that has changed."""
        super().__setitem__(key, value)
        self.config_values.clear()

    def _update_config(self, key: int) -> None:
        """Keep no configuration."""

    def _update_value_in_config(self, key: int, value: Any) -> None:
        """Keep no value: what the page shows can be drawn again."""


class Sessions(StateHolder):
    """All pages and programs that have been here lately."""

    def __init__(self, blocks: gr.Blocks) -> None:
        super().__init__()
        self.set_blocks(blocks)
        self.capacity = MOST

    def __getitem__(self, session_id: str) -> SessionState:
        """Return what is remembered, from now on at least its name."""
        if session_id not in self.session_data:
            self.session_data[session_id] = Session(self.blocks)
        return super().__getitem__(session_id)

    def delete_all_expired_state(self) -> None:
        """Forget whom there is no reason to remember; Gradio asks for it every second."""
        now = datetime.now()
        for session_id, session in list(self.session_data.items()):
            unused = now - self.time_last_used.get(session_id, now)
            is_page = bool(session.state_data)
            if unused > (PAGE_IS_KEPT if is_page else CALL_IS_KEPT) and (session.is_closed or not is_page):
                self._forget(session_id)

    def _forget(self, session_id: str) -> None:
        session = self.session_data.pop(session_id)
        self.time_last_used.pop(session_id, None)
        for key, value in session.state_data.items():
            self.blocks.blocks[key].delete_callback(value)


@asynccontextmanager
async def sessions(app: Any) -> AsyncIterator[None]:
    """Let Gradio's server remember as it is said here, for as long as it runs."""
    app.state_holder = Sessions(app.get_blocks())
    yield
