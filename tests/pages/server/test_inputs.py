"""Nothing that a visitor sends to an endpoint is taken for a file, an address on the net, or a model."""

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr
import httpx
import pytest

from tests.patience import PATIENCE
from viz.server.gate import CLOSED

NUMBERS = {
    *(
        "max_new_tokens",
        "temperature",
        "top_k",
        "top_p",
        "min_p",
        "repetition_penalty",
        "seed",
        "top",
        "layer",
    ),
    *("head", "position", "token_position", "coin", "token_id", "n", "beams", "length_penalty"),
}
TEXTS = {"prompt", "text", "clean", "corrupted", "answer", "distractor"}
"""Read by the tokenizer, and by nothing else."""
CHOICES = {"precision", "quantity", "part", "instead", "scope", "site", "method"}
"""One of a few words."""
RECORDS = {"settings", "run"}
"""Checked field by field."""
ROUTES = {
    "/", "/assets/{path:path}", "/config", "/favicon.ico", "/gradio_api/api/{api_name}",
    "/gradio_api/app_id", "/gradio_api/call/v2/{api_name}", "/gradio_api/call/v2/{api_name}/{event_id}",
    "/gradio_api/call/{api_name}", "/gradio_api/call/{api_name}/{event_id}", "/gradio_api/cancel",
    "/gradio_api/component_server",
    "/gradio_api/heartbeat/{session_hash}", "/gradio_api/info", "/gradio_api/login_check",
    "/gradio_api/openapi.json", "/gradio_api/queue/data", "/gradio_api/queue/join",
    "/gradio_api/queue/status", "/gradio_api/reset", "/gradio_api/run/{api_name}",
    "/gradio_api/startup-events", "/gradio_api/theme.css", "/gradio_api/token", "/gradio_api/user",
    "/login", "/logout", "/manifest.json", "/openapi.json", "/robots.txt", "/static/{path:path}",
    "/svelte/{path:path}", "/theme.css",
}  # fmt: skip
"""What is open. The paths of assets, static and svelte are of Gradio's own files, which it checks itself."""
OPENED: list[str] = []
"""Files that this process has opened and addresses that it has called since somebody listens."""
listening = False


def hear(event: str, arguments: tuple[Any, ...]) -> None:
    if listening and event in ("open", "socket.connect", "socket.getaddrinfo", "os.listdir", "os.scandir"):
        OPENED.append(f"{event} {arguments}")


sys.addaudithook(hear)


@contextmanager
def heard() -> Iterator[list[str]]:
    """Yield what is opened meanwhile."""
    global listening
    OPENED.clear()
    listening = True
    try:
        yield OPENED
    finally:
        listening = False


def endpoints(app: gr.Blocks) -> dict[str, list[dict[str, Any]]]:
    """Return the parameters of all endpoints that programs may call."""
    return {name: told["parameters"] for name, told in app.get_api_info()["named_endpoints"].items()}


def test_every_argument_of_every_endpoint_is_a_number_a_text_a_choice_or_a_record(app: gr.Blocks) -> None:
    named = {one["parameter_name"] for parameters in endpoints(app).values() for one in parameters}
    assert named == NUMBERS | TEXTS | CHOICES | RECORDS


def test_no_event_takes_a_component_that_reads_files(app: gr.Blocks) -> None:
    for function in app.fns.values():
        for component in function.inputs:
            model = getattr(component, "data_model", None)
            fields = json.dumps(model.model_json_schema()) if model else ""
            assert "FileData" not in fields and "path" not in fields, (function.api_name, component)


def routes_of(router: Any, before: str = "") -> Iterator[str]:
    """Yield the paths of all routes, also of those that are kept in routers of their own."""
    for route in router.routes:
        if hasattr(route, "path"):
            yield before + route.path
        for name in ("original_router", "router", "app"):
            inner = getattr(route, name, None)
            if hasattr(inner, "routes"):
                yield from routes_of(inner)


def test_every_route_is_closed_or_known(app: gr.Blocks, served: str) -> None:
    known = httpx.get(served + "gradio_api/info", timeout=PATIENCE)
    assert known.status_code == 200
    paths = {path.rstrip("/") or "/" for path in routes_of(app.app)}
    assert len(paths) > 30
    unknown = {path for path in paths if not CLOSED.match(path)} - ROUTES
    assert not unknown, unknown


def hostile(place: str) -> list[Any]:
    """Return what could be taken for a file, a model or an address."""
    marked = [
        {"path": one, "url": one, "meta": {"_type": "gradio.FileData"}} for one in (place, "/etc/hostname")
    ]
    return ["../../../../etc/hostname", *marked]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port of this machine that nobody should call."""
    with socket.socket() as waiting:
        waiting.bind(("127.0.0.1", 0))
        waiting.listen()
        waiting.setblocking(False)
        yield waiting


def called(waiting: socket.socket) -> bool:
    try:
        waiting.accept()
    except BlockingIOError:
        return False
    return True


def suspicious(opened: list[str], place: str) -> list[str]:
    marks = ("hostname", "pythia", "/etc", place.rpartition("/")[0])
    return [one for one in opened if any(mark in one for mark in marks)]


def bodies(parameters: list[dict[str, Any]], place: str) -> Iterator[dict[str, Any]]:
    """Yield what a hostile program sends to an endpoint: in all texts, in all records, in all choices."""
    wanted = {one["parameter_name"] for one in parameters}
    usual = dict.fromkeys(wanted & TEXTS, "in") | dict.fromkeys(wanted & {"layer", "head"}, 0)
    usual |= dict.fromkeys(wanted & {"max_new_tokens", "n", "position", "token_id"}, 1)
    usual |= dict.fromkeys(wanted & {"quantity"}, "entropy") | {one: {} for one in wanted & {"run"}}
    for value in hostile(place):
        for kind in (TEXTS, CHOICES, RECORDS):
            if wanted & kind:
                yield usual | dict.fromkeys(wanted & kind, value)


def test_no_endpoint_opens_or_fetches_what_it_is_sent(
    app: gr.Blocks, served: str, listener: socket.socket
) -> None:
    place = f"http://127.0.0.1:{listener.getsockname()[1]}/secret"
    with heard() as opened, httpx.Client(base_url=f"{served}gradio_api/call", timeout=PATIENCE) as http:
        for name, parameters in endpoints(app).items():
            for body in bodies(parameters, place):
                answer = http.post(f"/v2{name}", json=body)
                if answer.is_success:
                    http.get(f"{name}/{answer.json()['event_id']}")
    assert not called(listener)
    assert not suspicious(opened, place)


def test_no_event_of_the_page_opens_or_fetches_what_it_is_sent(
    app: gr.Blocks, served: str, listener: socket.socket
) -> None:
    place = f"http://127.0.0.1:{listener.getsockname()[1]}/secret"
    with heard() as opened, httpx.Client(base_url=f"{served}gradio_api", timeout=PATIENCE) as http:
        for number, function in app.fns.items():
            marked = {"path": place, "url": place, "meta": {"_type": "gradio.FileData"}}
            data = [marked] * len(function.inputs)
            body = {"fn_index": number, "data": data, "session_hash": f"hostile{number}"}
            http.post("/queue/join", json=body)
    assert not called(listener)
    assert not suspicious(opened, place)


@pytest.mark.parametrize(
    "path",
    [
        "gradio_api/file=/etc/hostname", "gradio_api/file=http://127.0.0.1:9/",
        "gradio_api/file/etc/hostname",
        "gradio_api/proxy=http://127.0.0.1:9/", "gradio_api/vibe-edit/",
        "gradio_api/stream/a/0/1/playlist-file", "gradio_api/dev/reload", "file=/etc/hostname",
    ],
)  # fmt: skip
def test_what_names_a_file_or_an_address_is_closed(served: str, path: str) -> None:
    for method in ("GET", "HEAD", "POST"):
        assert httpx.request(method, served + path, timeout=PATIENCE).status_code == 404
