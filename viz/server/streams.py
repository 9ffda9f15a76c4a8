"""What is streamed reaches the page token by token, also through a proxy."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STREAM = "text/event-stream"


class Streams:
    """ASGI middleware that asks whoever stands between not to gather, keep or change what is streamed.

    `X-Accel-Buffering` is heard by nginx and those that learned from it, `no-transform` by some of those that
    compress, Caddy among them: they could otherwise wait until they have enough.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on everything; streams with what proxies are to know of them."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith(STREAM):
                    headers["Cache-Control"] = "no-cache, no-transform"
                    headers["X-Accel-Buffering"] = "no"
            await send(message)

        await self._app(scope, receive, told if scope["type"] == "http" else send)
