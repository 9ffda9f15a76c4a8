"""Which of the server's addresses are open, and how much one page may ask for before it listens."""

import asyncio
import re

import orjson
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from viz.server.gradio_private import unheard_events
from viz.server.limits import EVENTS_PER_VISITOR
from viz.server.prefix import route_path
from viz.words.strings import say

API = r"^(/gradio_api)?"
CLOSED = re.compile(
    API + r"/(upload|upload_progress|process_recording|deep_link|run-history|runs|monitoring"
    r"|pwa_icon|custom_component)(/|$)"
)
"""What Gradio serves and no page here uses: files to be written, statistics, the history of other apps."""
EVENT = re.compile(API + r"/queue/join/?$")
"""Where a page sends what was pressed."""
MOST_BYTES = 8_000_000
"""Of the body of a request, such as an event; the largest that a page sends is a file of branches."""


BODY_SECONDS = 60
"""In which the body of a request comes; whoever sends a byte now and then holds nothing for longer."""


class TooLarge(Exception):
    """A body is."""


class Gate:
    """ASGI middleware in front of Gradio's routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is not let through; pass on everything else as it is."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        path = route_path(scope)  # what stands before it is the proxy's, whatever it is called
        if CLOSED.match(path):
            return await _refusal(404, "Not Found")(scope, receive, send)
        if scope["method"] == "POST":
            try:
                body = await _body(receive)
            except TooLarge:
                return await _refusal(413, say("page.event_too_large"))(scope, receive, send)
            except TimeoutError:
                return await _refusal(408, say("page.body_too_slow"))(scope, receive, send)
            except ClientDisconnect:
                return None
            if EVENT.match(path) and unheard_events(scope["app"], _session(body)) >= EVENTS_PER_VISITOR:
                return await _refusal(429, say("page.too_many_events"))(scope, receive, send)
            receive = _again(body, receive)
        await self._app(scope, receive, send)
        return None


def _refusal(status: int, detail: str) -> JSONResponse:
    return JSONResponse({"detail": detail}, status)


async def _body(receive: Receive) -> bytes:
    """Return the body of a request.

    Raises:
        TooLarge: it is.
        TimeoutError: it did not come whole in time.
        ClientDisconnect: whoever sent it has gone.
    """
    body, more = bytearray(), True
    async with asyncio.timeout(BODY_SECONDS):
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > MOST_BYTES:
                raise TooLarge
    return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read already, and then what comes after it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def read() -> Message:
        return waiting.pop() if waiting else await receive()

    return read


def _session(body: bytes) -> str:
    """Return the name of the page that an event comes from; empty where Gradio will say that it is none."""
    try:
        name = orjson.loads(body).get("session_hash")
    except (orjson.JSONDecodeError, AttributeError):
        return ""
    return name if isinstance(name, str) else ""
