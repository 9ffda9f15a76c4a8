"""The page itself, compressed: Gradio compresses what has a file's name, and the page has none."""

import gzip
from collections import OrderedDict
from functools import partial
from hashlib import blake2b

import brotli
from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from viz.server.gathering import Gathering

TYPES = ("text/html", "application/json")
"""Of what is compressed: the page, its configuration, and what the API answers. Streams are not."""
LEAST = 1_400
"""Bytes from which it is worth it: less is one packet anyhow."""
QUALITY = {"br": 5, "gzip": 6}
"""Of the encodings, the better one first; beyond these the page takes many times as long for little."""
KEPT = 4
"""Compressed answers that are kept: the page is the same for everybody."""


class Compression:
    """ASGI middleware that compresses whole answers, in a thread beside those that write and draw."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: OrderedDict[tuple[str, bytes], bytes] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on everything; what is large and whole in the encoding that the browser likes best."""
        encoding = _liked(Headers(scope=scope)) if scope["type"] == "http" else None
        if encoding is None or scope["method"] == "HEAD":
            return await self._app(scope, receive, send)

        async def smaller(body: bytes, headers: MutableHeaders) -> bytes:
            keep = headers["Content-Type"].startswith("text/html")
            headers["Content-Encoding"] = encoding
            headers.add_vary_header("Accept-Encoding")
            return await self.compressed(body, encoding, keep=keep)

        return await self._app(scope, receive, Gathering(send, _worth_it, smaller))

    async def compressed(self, body: bytes, encoding: str, *, keep: bool) -> bytes:
        """Return a body in an encoding, from those that are kept if it is there."""
        key = encoding, blake2b(body).digest()
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        made: bytes = await to_thread.run_sync(partial(_compress, body, encoding))
        if keep:
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made


def _liked(headers: Headers) -> str | None:
    """Return the best encoding that the browser takes; None if it takes none of ours."""
    taken = {}
    for one in headers.get("accept-encoding", "").split(","):
        name, _, weight = one.partition(";")
        taken[name.strip().lower()] = weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return next((encoding for encoding in QUALITY if taken.get(encoding, False)), None)


def _worth_it(start: Message) -> bool:
    """Return whether an answer is whole, of a kind that shrinks, and large; a stream has no length."""
    headers = Headers(raw=start["headers"])
    length = headers.get("content-length", "0")
    return (
        start["status"] == 200
        and "content-encoding" not in headers
        and headers.get("content-type", "").startswith(TYPES)
        and length.isdecimal()
        and int(length) >= LEAST
    )


def _compress(body: bytes, encoding: str) -> bytes:
    if encoding == "br":
        return bytes(brotli.compress(body, quality=QUALITY["br"], mode=brotli.MODE_TEXT))
    return gzip.compress(body, QUALITY["gzip"], mtime=0)
