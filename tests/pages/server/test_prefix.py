"""The app behind a proxy that serves it under a path: one that keeps the path, and one that takes it off."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import gradio as gr
import httpx
import pytest
from gradio_client import Client

from model.network.language_model import LanguageModel
from tests.pages.conftest import TINY_LIMITS, LoadedModel, close, service_of
from tests.patience import EVERY_REQUEST, PATIENCE
from viz.explore import build_app
from viz.launch import launch_arguments
from viz.server.prefix import route_path

ROOTS = [
    "/gpt", "/monitoring", "/runs", "/upload", "/deep/custom_component", "/gpt/", "/",
    "https://example.org/gpt", "https://example.org/runs/",
]  # fmt: skip


@pytest.fixture(scope="module")
def own_app(tiny: LanguageModel) -> Iterator[gr.Blocks]:
    """An app that is served under one path after another."""
    app = build_app(LoadedModel(tiny), TINY_LIMITS)
    yield app
    close(service_of(app))


@contextmanager
def behind(app: gr.Blocks, root_path: str) -> Iterator[str]:
    """Serve an app under a path; give its address without one."""
    app.launch(
        server_name="127.0.0.1",
        prevent_thread_lock=True,
        quiet=True,
        root_path=root_path,
        **launch_arguments(),
    )
    try:
        yield f"http://127.0.0.1:{app.server_port}"
    finally:
        app.close(verbose=False)


@pytest.mark.parametrize("root_path", ROOTS)
def test_under_any_path_the_app_answers_whether_a_proxy_keeps_the_path_or_not(
    own_app: gr.Blocks, root_path: str
):
    prefix = urlsplit(root_path).path.rstrip("/")
    with behind(own_app, root_path) as served, httpx.Client(timeout=PATIENCE) as web:
        for kept in {"", prefix}:
            page = web.get(
                f"{served}{kept}/", headers={"x-forwarded-host": "example.org", "x-forwarded-proto": "https"}
            )
            assert page.status_code == 200, kept
            assert set(re.findall(r'"root":"([^"]*)"', page.text)) == {f"https://example.org{prefix}"}
            assert web.get(f"{served}{kept}/gradio_api/info").status_code == 200
            assert web.get(f"{served}{kept}/theme.css").status_code == 200
            called = web.post(f"{served}{kept}/gradio_api/call/tokenize", json={"data": ["a b"]})
            answer = web.get(f"{served}{kept}/gradio_api/call/tokenize/{called.json()['event_id']}")
            assert "event: complete" in answer.text
            closed = (f"{kept}/gradio_api/upload", f"{kept}/monitoring/summary", f"{kept}/gradio_api/runs")
            for path in closed:
                assert web.get(served + path).status_code == 404, path


def test_a_program_calls_the_app_under_a_path_that_the_proxy_keeps(own_app: gr.Blocks):
    with behind(own_app, "/runs") as served:
        client = Client(f"{served}/runs", verbose=False, httpx_kwargs=EVERY_REQUEST)
        assert client.predict("a b", api_name="/tokenize")


@pytest.mark.parametrize(
    ("path", "prefix", "routed"),
    [
        ("/upload", "", "/upload"), ("/upload/config", "/upload", "/config"), ("/upload", "/upload", ""),
        ("/uploads", "/upload", "/uploads"), ("/config", "/upload", "/config"),
        ("/gpt/gradio_api/upload", "/gpt", "/gradio_api/upload"),
    ],
)  # fmt: skip
def test_what_stands_behind_a_prefix_is_what_the_router_sees(path: str, prefix: str, routed: str):
    from starlette._utils import get_route_path  # noqa: PLC0415 - the router's own, to compare with

    scope: dict[str, Any] = {"path": path, "root_path": prefix}
    assert route_path(scope) == get_route_path(scope) == routed
