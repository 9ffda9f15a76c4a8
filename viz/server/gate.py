"""Which of the server's addresses are open, and how much one page may ask for before it listens."""

import re

import orjson
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
"""Of the data of one event; the largest that a page sends is a file of branches."""


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
        if EVENT.match(path) and scope["method"] == "POST":
            body = await _body(receive)
            if body is None:
                _count(scope, "event_too_large")
                return await _refusal(413, say("page.event_too_large"))(scope, receive, send)
            if unheard_events(scope["app"], _session(body)) >= EVENTS_PER_VISITOR:
                _count(scope, "too_many_events")
                return await _refusal(429, say("page.too_many_events"))(scope, receive, send)
            receive = _again(body, receive)
        await self._app(scope, receive, send)
        return None


def _count(scope: Scope, reason: str) -> None:
    service = scope["app"].get_blocks().service
    if service is not None:
        service.refusals[reason] += 1


def _refusal(status: int, detail: str) -> JSONResponse:
    return JSONResponse({"detail": detail}, status)


async def _body(receive: Receive) -> bytes | None:
    """Return the body of a request; None if it is too large."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MOST_BYTES:
            return None
    return body


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
