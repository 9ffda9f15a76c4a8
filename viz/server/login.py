"""The form that asks for a password, where a browser would forget the password at once.

Gradio knows by a cookie who has logged in. Inside a page of another site a browser may keep none, and over
plain HTTP it never does: the right password then leads back to the empty form.
"""

import json
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from viz.server.closed import undescribed
from viz.server.gathering import Gathering
from viz.words.strings import say

FORM = b'"auth_required":true'
"""Stands in the page that is nothing but the form; in the app itself a script would write it as a string."""
MOST_BYTES = 100_000
"""Of that page: the app's own is many times as large."""
SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


class Login:
    """ASGI middleware that lets the form say what to do where no cookie is kept."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        words = {name: say(f"page.login.{name}") for name in ("framed", "alone", "open")}
        told = json.dumps(words).replace("<", "\\u003c")
        self._script = f"<script>{{const words = {told};\n{SCRIPT}}}</script>".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on everything; behind the form a script."""
        told = Gathering(send, _may_be_the_form, self._told) if scope["type"] == "http" else send
        await self._app(scope, receive, told)

    async def _told(self, body: bytes, _headers: MutableHeaders) -> bytes:
        if FORM not in body:
            return body
        return undescribed(body).replace(b"</body>", self._script + b"</body>", 1)


def _may_be_the_form(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    length = headers.get("content-length", "")
    is_page = headers.get("content-type", "").startswith("text/html") and length.isdecimal()
    return is_page and int(length) < MOST_BYTES
