"""A reverse proxy as some stand between people and servers: it holds every answer back until it is whole."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.browser.server import free_port

OF_THE_HOP = {"content-length", "connection", "transfer-encoding", "keep-alive", "host"}
"""Headers that each connection has of its own."""


@contextmanager
def gathering_proxy(address: str) -> Iterator[str]:
    """Serve another address, no answer before its end, whatever its headers ask for."""

    async def passed_on(request: Request) -> Response:
        url = address.rstrip("/") + request.url.path + (f"?{request.url.query}" if request.url.query else "")
        sent = [(name, value) for name, value in request.headers.items() if name not in OF_THE_HOP]
        headers = [*sent, ("x-forwarded-host", request.headers["host"])]
        async with httpx.AsyncClient(timeout=None) as client:
            asked = client.build_request(request.method, url, headers=headers, content=await request.body())
            try:
                answer = await client.send(asked, stream=True)
                whole = b"".join([part async for part in answer.aiter_raw()])
            except asyncio.CancelledError:  # the proxy is closed, and the page's life never ends by itself
                return Response(status_code=502)
        response = Response(whole, answer.status_code)
        response.raw_headers += [
            (name.encode(), value.encode())
            for name, value in answer.headers.multi_items()
            if name not in OF_THE_HOP
        ]
        return response

    port = free_port()
    app = Starlette(routes=[Route("/{path:path}", passed_on, methods=["GET", "HEAD", "POST"])])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)
