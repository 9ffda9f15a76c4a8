"""Hostile visitors over HTTP: nothing of the machine is told, nothing hangs, the app lives on."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from gradio_client import Client

from model.weights.cache import cache_folder
from tests.patience import EVERY_REQUEST, PATIENCE

pytestmark = pytest.mark.embedded

ROOT = Path(__file__).parents[2]
JSON = {"content-type": "application/json"}
FILES = [
    "/etc/passwd",
    "../../../../../../etc/passwd",
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/proc/self/environ",
    "app.py",
    "requirements.txt",
    ".git/config",
    "model/texts/run.py",
    "assets/example.json",
    str(ROOT / "app.py"),
    str(ROOT / "assets" / "locales" / "en.json"),
    str(cache_folder() / "models" / "smollm2-135m-instruct" / "config.json"),
    "http://127.0.0.1:1/",
    "C:\\Windows\\win.ini",
]
ROUTES = [
    "/gradio_api/file=",
    "/gradio_api/file/",
    "/file=",
    "/static/",
    "/assets/",
    "/static/../",
    "/assets/../../",
]


@pytest.fixture(autouse=True)
def _alive(app_address: str) -> Iterator[None]:
    """Whatever a test does, the app answers the next visitor."""
    yield
    assert said(app_address, "tokenize", ["Hello"]).startswith("event: complete")


def said(address: str, name: str, data: list[Any]) -> str:
    start = f"{address}gradio_api/call/{name}"
    event = httpx.post(start, json={"data": data}, timeout=PATIENCE).raise_for_status().json()["event_id"]
    return httpx.get(f"{start}/{event}", timeout=PATIENCE).text


def raw(address: str, path: str) -> tuple[int, bytes]:
    """Ask for a path as it is written, `..` and all, and return the status and what follows the headers."""
    place = urlsplit(address)
    assert place.hostname and place.port
    with socket.create_connection((place.hostname, place.port), timeout=PATIENCE) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


@pytest.mark.parametrize("route", ROUTES)
def test_no_file_of_the_machine_can_be_read(app_address: str, route: str) -> None:
    for file in FILES:
        status, body = raw(app_address, route + file)
        assert status in (400, 403, 404, 405, 422), f"{route}{file}"
        for secret in (b"root:", b"GPT Inside Out: read", b"[core]", b"SamplerSettings", b"hidden_size"):
            assert secret not in body


def test_the_page_and_its_configuration_tell_no_path_of_the_machine(app_address: str) -> None:
    for path in ("", "config", "gradio_api/info"):
        text = httpx.get(app_address + path, timeout=PATIENCE).raise_for_status().text
        for place in (ROOT, Path.home(), cache_folder()):
            assert len(str(place)) < 2 or f"{place}/" not in text, path


@pytest.mark.parametrize("url", ["http://example.org/", "http://127.0.0.1:22/", "file:///etc/passwd"])
def test_it_is_no_proxy(app_address: str, url: str) -> None:
    status, _ = raw(app_address, f"/gradio_api/proxy={url}")
    assert 400 <= status < 500


@pytest.mark.parametrize("index", [-1, 999, 10**12, "generate", None, 1.5, [0]])
def test_an_event_that_does_not_exist_is_refused(app_address: str, index: Any) -> None:
    body = {"fn_index": index, "data": [], "session_hash": "stranger"}
    for route in ("gradio_api/queue/join", "gradio_api/run/predict"):
        answer = httpx.post(app_address + route, json=body, timeout=PATIENCE)
        assert answer.status_code >= 400


def test_events_of_the_page_have_no_api_of_their_own(app_address: str) -> None:
    client = Client(app_address, verbose=False, analytics_enabled=False, httpx_kwargs=EVERY_REQUEST)
    pressed = ("step", "more", "cut", "undo", "stop", "generate_1")
    for name in (*pressed, "select", "handler", "look", "arrive", "leave"):
        with pytest.raises(ValueError, match="Cannot find a function with `api_name`"):
            client.predict(api_name=f"/{name}")
    client.close()


@pytest.mark.parametrize("index", [0, 3, 10, 25])
def test_events_called_with_nonsense_fail_by_themselves(app_address: str, index: int) -> None:
    """Straight into the queue, past the browser: wrong number and kind of values."""
    for data in ([], ["x"] * 40, [None] * 19, [{"__type__": "update"}] * 7, [1e308, {"path": "/etc/passwd"}]):
        body = {"fn_index": index, "data": data, "session_hash": "stranger"}
        answer = httpx.post(f"{app_address}gradio_api/queue/join", json=body, timeout=PATIENCE)
        assert answer.status_code < 600 and b"root:" not in answer.content


def test_a_body_of_20_megabytes_is_answered(app_address: str) -> None:
    body = json.dumps({"data": ["x" * 20_000_000]})
    start = f"{app_address}gradio_api/call/tokenize"
    posted = httpx.post(start, content=body, headers=JSON, timeout=PATIENCE)
    if posted.is_success:
        told = httpx.get(f"{start}/{posted.json()['event_id']}", timeout=PATIENCE).text
        assert told.startswith("event: error") and "20,000,000 characters" in told and len(told) < 1000


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_json_nested_without_end_is_answered(app_address: str, depth: int) -> None:
    body = '{"data": [' + "[" * depth + "]" * depth + "]}"
    answer = httpx.post(
        f"{app_address}gradio_api/call/tokenize", content=body, headers=JSON, timeout=PATIENCE
    )
    assert answer.status_code < 600
