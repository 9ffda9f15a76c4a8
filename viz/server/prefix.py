"""The path of a request behind the one under which a proxy serves the app."""

from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send


class Prefix:
    """ASGI middleware that lets a prefix be known by its path, also where `--root-path` is a whole address.

    The router takes a prefix off a path that has it. So a proxy may keep it, or take it off itself.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on everything, its prefix told as a path."""
        if "root_path" in scope:
            scope["root_path"] = urlsplit(scope["root_path"]).path.rstrip("/")
        await self._app(scope, receive, send)


def route_path(scope: Scope) -> str:
    """Return the path by which the router finds a route: without the prefix, if it is there."""
    path, prefix = str(scope["path"]), str(scope.get("root_path", ""))
    behind = path.removeprefix(prefix)
    return behind if behind.startswith("/") or not behind else path
