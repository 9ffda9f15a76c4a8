"""Components of the page served by themselves, without a model."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import fastapi
import gradio as gr
import uvicorn
from starlette.middleware import Middleware

from viz.components.theme import page_head, page_theme
from viz.launch import style_sheets
from viz.server.front import Front


@contextmanager
def served(demo: gr.Blocks, path: str = "/inside") -> Iterator[str]:
    """Serve a page below a path and give its address; in the look of the app."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = gr.mount_gradio_app(
        fastapi.FastAPI(),
        demo,
        path=path,
        theme=page_theme(),
        head=page_head(style_sheets()),
        app_kwargs={"middleware": [Middleware(Front, head="", body="")]},  # serves BertViz's frame
    )
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}{path}/"
    server.should_exit = True
    thread.join(10)
