"""Who has a page open, known without a stream that each page holds.

Gradio learns that a page is closed when a stream ends which the page holds as long as it is open. Over
HTTP/1.1 a browser opens six connections to one host, for all its tabs together: the seventh tab would never
load. So a page says now and then that it is there, and that it goes when it does; the stream is held here,
inside the server, in its name.
"""

import asyncio
import re
from asyncio import Event, Task
from contextlib import suppress
from pathlib import Path
from time import monotonic

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from viz.server.gradio_private import reopen
from viz.server.prefix import route_path

SAID = re.compile(r"/gradio_api/presence/([A-Za-z0-9_-]{1,64})(/gone)?")
EVERY = 20
"""Seconds between two words of an open page. In a tab that is not seen a browser makes it a minute."""
PATIENCE = 180
"""Seconds after which a page that says nothing is thought to be closed; one that comes back is open again."""
MOST = 4000
"""Open pages that are known; as many as are remembered (sessions.py)."""


class Page:
    """A page that is open."""

    def __init__(self) -> None:
        self.gone = Event()
        self.hold: Task[None] | None = None
        self.hear()

    def hear(self) -> None:
        """Note that it is there."""
        self.heard = monotonic()

    async def leaves(self) -> None:
        """Wait until it has gone."""
        while not self.gone.is_set() and (left := self.heard + PATIENCE - monotonic()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.gone.wait(), left)


class Presence:
    """ASGI middleware that hears who is there, and holds for each the stream by which Gradio knows."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._pages: dict[str, Page] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hear of pages; pass on everything else as it is."""
        said = SAID.fullmatch(route_path(scope)) if scope["type"] == "http" else None
        if said is None:
            return await self._app(scope, receive, send)
        status = 405 if scope["method"] != "POST" else self._hear(said[1], scope, gone=said[2] is not None)
        return await Response(status_code=status)(scope, receive, send)

    def _hear(self, name: str, scope: Scope, *, gone: bool) -> int:
        """Note that a page is there or goes; return the status of the answer."""
        page = self._pages.get(name)
        if gone:
            if page is not None:
                page.gone.set()
            return 204
        if page is None or page.gone.is_set():
            if len(self._pages) >= MOST:
                return 503
            reopen(scope["app"], name)
            page = self._pages[name] = Page()
            page.hold = asyncio.create_task(self._hold(name, page, scope))
        page.hear()
        return 204

    async def _hold(self, name: str, page: Page, scope: Scope) -> None:
        """Hold Gradio's stream for a page until it goes."""
        path = f"{scope.get('root_path', '')}/gradio_api/heartbeat/{name}"
        asked = False

        async def receive() -> Message:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await page.leaves()
            return {"type": "http.disconnect"}

        async def send(_message: Message) -> None:
            """What Gradio sends on it says nothing."""

        stream = {**scope, "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
        try:
            await self._app(stream, receive, send)
        finally:
            if self._pages.get(name) is page:
                del self._pages[name]


def presence() -> str:
    """Return HTML for the head of the page, before Gradio's scripts: it says that the page is there."""
    script = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    return f"<script>{{const words = {{ every: {1000 * EVERY} }};\n{script}}}</script>"
