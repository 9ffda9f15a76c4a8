"""Whether the app lives and can be used, for what watches over it: outside the password, without secrets."""

import asyncio
import time
from typing import Any

from anyio import to_thread
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from viz.server.prefix import route_path
from viz.server.service import Service

LIVES, READY = "/healthz", "/readyz"
PATIENCE = 5.0
"""Seconds for the engine's thread to answer: it does between two passes."""
FRESH = 1.0
"""Seconds for which an answer holds: however many ask, the engine is asked once."""


class Health:
    """ASGI middleware that answers both addresses before anything else is asked."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._asking = asyncio.Lock()
        self._found: dict[str, str] = {}
        self._until = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer who asks for health; pass on everything else."""
        path = route_path(scope) if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") else ""
        if path == LIVES:
            return await _told({"status": "ok"})(scope, receive, send)
        if path == READY:
            return await _told(await self._state(scope["app"].get_blocks()))(scope, receive, send)
        return await self._app(scope, receive, send)

    async def _state(self, blocks: Any) -> dict[str, str]:
        async with self._asking:
            if time.monotonic() >= self._until:
                self._found = await to_thread.run_sync(state_of, blocks.service)
                self._until = time.monotonic() + FRESH
            return self._found


def state_of(service: Service) -> dict[str, str]:
    """Return the state of the service: `ok`, or another with the reason why it is not ready."""
    if service.shared.draining:
        return {"status": "draining", "reason": "The app is about to end; nothing new begins."}
    if service.background.error is not None:
        return {"status": "failed", "reason": "The model could not be loaded; the log says why."}
    if not service.ready:
        return {"status": "loading", "reason": "The model is being loaded."}
    if not (service.engine.answers(PATIENCE) and service.shared.answers(PATIENCE)):
        return {"status": "stuck", "reason": f"The engine has not answered within {PATIENCE:.0f} seconds."}
    return {"status": "ok"}


def _told(state: dict[str, str]) -> JSONResponse:
    status = 200 if state["status"] == "ok" else 503
    return JSONResponse(state, status, {"Cache-Control": "no-store"})
