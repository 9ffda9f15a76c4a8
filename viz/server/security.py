"""What a browser may do with the page, told in its headers; docs/security.md says why."""

import re
from base64 import b64encode
from hashlib import sha256

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from viz.server.gathering import Gathering
from viz.server.streams import STREAM

ANCESTORS = "'self' https://huggingface.co https://*.hf.space"
"""Pages that may show the app in a frame, unless others are named: its own, and those of a Space."""
SCRIPT = re.compile(rb"<script(?P<tag>[^>]*)>(?P<text>.*?)</script>", re.DOTALL)
HOST = re.compile(rb'src="(https://[^/"]+)/')
"""Of a script that is fetched elsewhere: Gradio's own, where it makes a public link."""
JSON = "application/json"
EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
OF_A_PAGE = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        f"{feature}=()"
        for feature in ("camera", "microphone", "geolocation", "display-capture", "payment", "usb", "midi")
    ),
}


class Security:
    """ASGI middleware that tells browsers what the page needs, so that they refuse all else."""

    def __init__(self, app: ASGIApp, ancestors: str = ANCESTORS, inserted: str = "") -> None:
        """Take what is behind it.

        Args:
            app: serves the page.
            ancestors: sources of pages that may show it in a frame, as `frame-ancestors` takes them.
            inserted: HTML with the scripts that the page puts into itself later.
        """
        self._app = app
        self._ancestors = ancestors
        self._inserted = inserted.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on everything, with headers; a page with a policy that knows its scripts."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(EVERYWHERE)
                if _kind(headers).startswith((JSON, STREAM)):
                    # No page of another site may take it as a script, a style or a picture.
                    headers["Cross-Origin-Resource-Policy"] = "same-origin"
            await send(message)

        async def guarded(body: bytes, headers: MutableHeaders) -> bytes:
            headers.update(OF_A_PAGE)
            headers["Content-Security-Policy"] = policy(body, self._ancestors, self._inserted)
            return body

        return await self._app(scope, receive, Gathering(told, _is_unguarded_page, guarded))


def policy(page: bytes, ancestors: str = ANCESTORS, inserted: bytes = b"") -> str:
    """Return the policy of a page: scripts from here and those that stand in it, and no other.

    Args:
        page: HTML.
        ancestors: sources of pages that may show it in a frame.
        inserted: HTML with further scripts.
    """
    written = [script["text"] for script in (*SCRIPT.finditer(page), *SCRIPT.finditer(inserted))]
    known = sorted({_fingerprint(text) for text in written if text.strip()})
    hosts = sorted({host[1].decode() for tag in SCRIPT.finditer(page) if (host := HOST.search(tag["tag"]))})
    return "; ".join(
        (
            "default-src 'none'",
            _directive("script-src", "'self'", "'unsafe-eval'", *hosts, *known),
            _directive("style-src", "'self'", "'unsafe-inline'", *hosts),
            _directive("img-src", "'self'", "data:", "blob:", *hosts),
            _directive("font-src", "'self'", *hosts),
            _directive("connect-src", "'self'", *hosts),
            "frame-src 'self'",
            "manifest-src 'self'",
            "base-uri 'self'",
            "form-action 'self'",
            f"frame-ancestors {ancestors}",
        )
    )


def _directive(name: str, *sources: str) -> str:
    return " ".join((name, *sources))


def _fingerprint(script: bytes) -> str:
    return f"'sha256-{b64encode(sha256(script).digest()).decode()}'"


def _kind(headers: Headers) -> str:
    return headers.get("content-type", "")


def _is_unguarded_page(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    return _kind(headers).startswith("text/html") and "content-security-policy" not in headers
