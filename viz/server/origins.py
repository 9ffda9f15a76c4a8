"""What pages of other sites may read of the app: what it tells everybody, and nothing by cookie.

By itself, Gradio 6.31 lets any site read what the app answers a visitor who has given the password. An app on
this machine answers pages of this machine alone; nor a page without an origin, which any site can make.
"""

import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

LOCAL = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|::1)")
"""Names of this machine."""
METHODS = ("GET", "HEAD", "POST")
NONE = "null"
"""The origin of a page in a frame whose sandbox leaves it none."""


class Origins:
    """ASGI middleware that says to browsers which answers a page of another site may read."""

    def __init__(self, app: ASGIApp, *, framed: bool = False) -> None:
        """Take what is behind it.

        Args:
            app: answers.
            framed: whether an app on this machine answers pages without an origin, such as its own in a
                sandboxed frame.
        """
        self._app = app
        self._told = CORSMiddleware(app, allow_origins=["*"], allow_methods=METHODS, allow_headers=["*"])
        self._framed = framed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on everything; with leave to read it if the asking page may."""
        app = self._told if scope["type"] == "http" and self._may_read(Headers(scope=scope)) else self._app
        await app(scope, receive, send)

    def _may_read(self, headers: Headers) -> bool:
        origin = headers.get("origin", "")
        if not _is_local(f"//{headers.get('host', '')}"):
            return True
        return _is_local(origin) or (self._framed and origin == NONE)


def _is_local(address: str) -> bool:
    try:
        return LOCAL.fullmatch(urlsplit(address).hostname or "") is not None
    except ValueError:
        return False
