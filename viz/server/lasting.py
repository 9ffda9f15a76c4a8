"""What never changes is asked for once: scripts and styles of Gradio, named after what they hold."""

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LASTING = re.compile(r"/assets/[^/]+-[\w-]{8,}\.(js|css)$")
"""The end of the address of such a file."""
A_YEAR = "public, max-age=31536000, immutable"


class Lasting:
    """ASGI middleware that lets a browser keep those files.

    Without a word from the server a browser asks anew after a tenth of a file's age: eighty times for each
    page where Gradio was installed today.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on everything; such files with how long they last."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                MutableHeaders(scope=message)["Cache-Control"] = A_YEAR
            await send(message)

        lasts = scope["type"] == "http" and LASTING.search(scope["path"])
        await self._app(scope, receive, told if lasts else send)
