"""A checkpoint of a training as a file: a folder that Transformers opens, zipped when it is asked for."""

import asyncio
import re
import tempfile
from pathlib import Path

from anyio import to_thread
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from model.training.line import TrainingLine
from model.training.settings import SettingsError
from viz.server.prefix import route_path
from viz.words.strings import say

ADDRESS = re.compile(r"/trainings/(?P<name>[0-9a-f]{12})/(?P<step>\d{1,6})\.zip")
"""Whoever knows the name of a training, which is drawn at random, may have it."""


def address_of(name: str, step: int) -> str:
    """Return the address of a checkpoint, from that of the page."""
    return f"trainings/{name}/{step}.zip"


class CheckpointDownload:
    """ASGI middleware that answers this address; one file is made at a time."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._making = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer who asks for a checkpoint; pass on everything else."""
        asks = scope["type"] == "http" and scope["method"] == "GET"
        asked = ADDRESS.fullmatch(route_path(scope)) if asks else None
        if asked is None:
            return await self._app(scope, receive, send)
        line = scope["app"].get_blocks().trainings
        response = await self._answer(line, asked["name"], int(asked["step"]))
        return await response(scope, receive, send)

    async def _answer(self, line: TrainingLine | None, name: str, step: int) -> Response:
        if line is None or not line.exists(name):
            return PlainTextResponse(say("train.gone"), 404)
        async with self._making:
            try:
                made = await to_thread.run_sync(_zipped, line, name, step)
            except SettingsError as error:
                return PlainTextResponse(str(error), 404)
            except OSError as error:
                return PlainTextResponse(say("train.disk", problem=error.strerror or str(error)), 507)
        return FileResponse(
            made,
            filename=f"gpt-{name}-{step}.zip",
            headers={"Cache-Control": "no-store"},
            background=BackgroundTask(made.unlink, missing_ok=True),
        )


def _zipped(line: TrainingLine, name: str, step: int) -> Path:
    """Return a new file that the caller deletes."""
    from model.training.export import export_zip  # noqa: PLC0415 - imports Transformers

    place = Path(tempfile.mkstemp(suffix=".zip")[1])
    try:
        export_zip(line.folder(name), step, place)
    except BaseException:
        place.unlink(missing_ok=True)
        raise
    return place
