"""Which of the server's addresses are open, and how much one page may ask for before it listens."""

import asyncio
import re
import secrets
from typing import Any

import orjson
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from viz.server.addresses import address_of_scope
from viz.server.allowance import Allowance, Guesses, Kind, Refusal
from viz.server.gradio_private import asks_for, is_under_way, unheard_events
from viz.server.limits import EVENTS_PER_VISITOR, WORK
from viz.server.prefix import route_path
from viz.words.strings import say

API = r"^(/gradio_api)?"
CLOSED = re.compile(
    API + r"/(upload|upload_progress|process_recording|deep_link|run-history|runs|monitoring"
    r"|pwa_icon|custom_component|stream|vibe-[a-z-]+|undo-vibe-edit|profiling|dev)(/|$)"
    r"|" + API + r"/(file|proxy)[=/]"
)
"""What Gradio serves and no page here uses: files to be written or read by path, statistics, addresses that
it fetches or leads to, the history of other apps."""
EVENT = re.compile(API + r"/queue/join/?$")
"""Where a page sends what was pressed."""
CALL = re.compile(API + r"/(?:call/v2|call|run|api)/(?P<name>[^/]+)/?$")
"""Where programs call an endpoint by its name."""
LOGIN = re.compile(r"^/login/?$")
MCP = re.compile(r"^/gradio_api/mcp(/|$)")
CALLER = b"x-mcp-caller"
"""Header of the calls that the server makes to itself for a tool: from whom the call of the tool came."""
MOST_BYTES = 8_000_000
"""Of the body of a request, such as an event; the largest that a page sends is a file of branches."""


BODY_SECONDS = 60
"""In which the body of a request comes; whoever sends a byte now and then holds nothing for longer."""


class TooLarge(Exception):
    """A body is."""


class Gate:
    """ASGI middleware in front of Gradio's routes."""

    def __init__(self, app: ASGIApp, allowance: Allowance | None = None, trusted_proxies: int = 0) -> None:
        """Take what is behind it.

        Args:
            app: serves pages and endpoints.
            allowance: counts what is asked for; None lets everybody ask as often as they like.
            trusted_proxies: how many there are in front of the server.
        """
        self._app, self._allowance, self._trusted = app, allowance, trusted_proxies
        self._guesses = Guesses()
        self._secret = secrets.token_hex(16)
        """Known to nobody outside: what comes with it is a call of the server to itself."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is not let through; pass on everything else as it is."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        path = route_path(scope)  # what stands before it is the proxy's, whatever it is called
        if CLOSED.match(path):
            return await _refusal(404, "Not Found")(scope, receive, send)
        if MCP.match(path) and self._allowance is not None:
            scope = self._signed(scope)
        if scope["method"] != "POST":
            return await self._app(scope, receive, send)
        try:
            body = await _body(receive)
        except TooLarge:
            _count(scope, "event_too_large")
            return await _refusal(413, say("page.event_too_large"))(scope, receive, send)
        except TimeoutError:
            _count(scope, "body_too_slow")
            return await _refusal(408, say("page.body_too_slow"))(scope, receive, send)
        except ClientDisconnect:
            return None
        receive = _again(body, receive)
        if EVENT.match(path) or CALL.match(path):
            return await self._event(path, body, scope, receive, send)
        if LOGIN.match(path):
            return await self._login(scope, receive, send)
        return await self._app(scope, receive, send)

    async def _event(self, path: str, body: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in what was pressed or called, if it is not too much."""
        told = _told(body)
        if _names_a_file(told):
            return await _refusal(400, say("page.no_files"))(scope, receive, send)
        session = _name(told.get("session_hash"))
        if EVENT.match(path) and unheard_events(scope["app"], session) >= EVENTS_PER_VISITOR:
            _count(scope, "too_many_events")
            return await _refusal(429, say("page.too_many_events"), 5)(scope, receive, send)
        if self._allowance is not None:
            called = CALL.match(path)
            kind: Kind = asks_for(scope["app"], called["name"] if called else told.get("fn_index"), WORK)
            address = self._caller(scope)
            refusal = self._allowance.ask(kind, address, session, lambda one: is_under_way(scope["app"], one))
            if refusal:
                _count(scope, "too_fast")
                return await _later(refusal)(scope, receive, send)
            if kind == "work":
                send = self._noted(self._allowance, address, session, send)
        return await self._app(scope, receive, send)

    async def _login(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a password be looked at, if there were not too many wrong ones."""
        address = self._caller(scope)
        if refusal := self._guesses.guess(address):
            return await _later(refusal)(scope, receive, send)

        async def heard(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                self._guesses.right(address)
            await send(message)

        return await self._app(scope, receive, heard)

    def _caller(self, scope: Scope) -> str:
        """Return the address that a request counts for."""
        for name, value in scope["headers"]:
            if name == CALLER:
                secret, _, signed = value.decode("latin-1").partition(" ")
                if secrets.compare_digest(secret.encode(), self._secret.encode()):
                    return str(signed)
        return address_of_scope(scope, self._trusted)

    def _signed(self, scope: Scope) -> Scope:
        """Return the call of a tool, told from whom it is: Gradio calls the endpoint with these headers."""
        others = [(name, value) for name, value in scope["headers"] if name != CALLER]
        signed = f"{self._secret} {address_of_scope(scope, self._trusted)}".encode("latin-1")
        return {**scope, "headers": [*others, (CALLER, signed)]}

    def _noted(self, allowance: Allowance, address: str, session: str, send: Send) -> Send:
        """Return what notes under which name Gradio has taken work."""

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.body":
                event = _name(_told(message.get("body", b"")).get("event_id"))
                if event:
                    allowance.began(event, address, session)
            await send(message)

        return noted


def _count(scope: Scope, reason: str) -> None:
    service = scope["app"].get_blocks().service
    if service is not None:
        service.refusals[reason] += 1


def _later(refusal: Refusal) -> JSONResponse:
    return _refusal(429, refusal.sentence, refusal.seconds)


def _refusal(status: int, detail: str, seconds: int | None = None) -> JSONResponse:
    headers = None if seconds is None else {"Retry-After": str(seconds)}
    return JSONResponse({"detail": detail}, status, headers)


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


def _told(body: bytes) -> dict[str, Any]:
    """Return what a body says; nothing where Gradio will say that it is none."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _names_a_file(value: object) -> bool:
    """Return whether something is marked as a file: Gradio would open its path, or fetch its address."""
    rest = [value]
    while rest:
        one = rest.pop()
        if isinstance(one, dict):
            meta = one.get("meta")
            if isinstance(meta, dict) and meta.get("_type") == "gradio.FileData":
                return True
            rest.extend(one.values())
        elif isinstance(one, list):
            rest.extend(one)
    return False


def _name(value: object) -> str:
    return value if isinstance(value, str) else ""
