"""Requests that no program should send, told so: Gradio would stumble over some, and close the connection."""

import errno
import traceback

from httpx import InvalidURL
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from viz.server.streams import STREAM
from viz.words.strings import say


class Malformed:
    """ASGI middleware that answers for Gradio's routes where those fail. What an event raises stays there."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on everything; whatever is raised before an answer has begun becomes one."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        begun: Message | None = None

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = begun or message
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            if begun is not None:
                if not _streams(begun) or not isinstance(error.__cause__, HTTPException):
                    raise
                # Gradio has said on the stream that there is no such event, and would break it off now.
                return await send({"type": "http.response.body", "body": b"", "more_body": False})
            status = status_of(error)
            if status >= 500:
                traceback.print_exc()
            key = "page.request_failed" if status >= 500 else "page.request_unreadable"
            await JSONResponse({"detail": say(key)}, status)(scope, receive, send)
        return None


def _streams(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith(STREAM)


def status_of(error: Exception) -> int:
    """Return the status that says whose fault an error of Gradio's routes is."""
    if isinstance(error, OSError):  # of a path, that of a file with no name like that
        return 404 if error.errno in (errno.ENAMETOOLONG, errno.EINVAL, errno.ENOTDIR) else 500
    # What comes of arguments that are none, and of texts and numbers that no JSON can hold in the answer.
    return 400 if isinstance(error, TypeError | ValueError | KeyError | RecursionError | InvalidURL) else 500
