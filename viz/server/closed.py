"""What is served before the password is given: the form, and what it is made of."""

import re

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from viz.server.gradio_private import is_let_in
from viz.server.prefix import route_path

OPEN = re.compile(
    r"/(login|logout|robots\.txt|manifest\.json|favicon\.ico|theme\.css|link-preview\.png"
    r"|((static|assets)/.*)|(gradio_api/(theme\.css|app_id|login_check|startup-events)))?/?"
)
"""What the form asks for, the picture of a link to it, and whether the server is there and begins."""
API_INFO = re.compile(rb"(window\.gradio_api_info = )(.*?)(;</script>)")
"""Stands in Gradio's page, the form too."""


class Closed:
    """ASGI middleware that lets only the form through until the password is given."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what is not the form's to a visitor who has not given the password."""
        asks = scope["type"] == "http" and not OPEN.fullmatch(route_path(scope))
        if asks and not is_let_in(scope["app"], HTTPConnection(scope).cookies):
            return await JSONResponse({"detail": "Not authenticated"}, 401)(scope, receive, send)
        return await self._app(scope, receive, send)


def undescribed(form: bytes) -> bytes:
    """Return the page of the form without the description of what is behind it."""
    return API_INFO.sub(rb"\1{}\3", form, count=1)
