"""Seconds from `python app.py` to a page, and to a model that answers."""

import json
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.report import Row

ROOT = Path(__file__).parents[2]
PATIENCE = 120


def measure_startup(rounds: int) -> tuple[list[Row], dict[str, Any]]:
    """Start the app afresh some times; the model is in the cache already."""
    found = [start_once() for _ in range(rounds)]
    rows = []
    for index, what in enumerate(
        ("python app.py -> the page", "python app.py -> the model answers /tokenize")
    ):
        times = [took[index] for took in found]
        rows.append(Row("start-up", what, statistics.median(times), "s", f"best {min(times):.2f}"))
    return rows, {"page_and_model_s": found}


def start_once() -> tuple[float, float]:
    """Return the seconds to the first page and to the first answer of the model."""
    started = time.perf_counter()
    with app_process() as (address, app):
        wait_for_page(address, app)
        page = time.perf_counter() - started
        tokenize(address)
        return page, time.perf_counter() - started


@contextmanager
def app_process() -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Start the app; yield where its page will be, and its process, which is ended at last."""
    port = free_port()
    app = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "GRADIO_ANALYTICS_ENABLED": "False"},
    )
    try:
        yield f"http://127.0.0.1:{port}", app
    finally:
        app.terminate()
        app.wait(timeout=30)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_page(address: str, app: "subprocess.Popen[bytes]") -> None:
    """Ask for the page until it comes.

    Raises:
        RuntimeError: the app has ended, or nothing came for a long time.
    """
    end = time.perf_counter() + PATIENCE
    while time.perf_counter() < end and app.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise RuntimeError("the app did not serve its page")


def tokenize(address: str) -> None:
    """Ask the model for the tokens of a text; the answer waits until it has loaded.

    Raises:
        RuntimeError: the answer is an error.
    """
    place = f"{address}/gradio_api/call/tokenize"
    body = json.dumps({"data": ["The capital of France"]}).encode()
    asked = urllib.request.Request(place, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{place}/{event}", timeout=PATIENCE) as stream:
        said = stream.read().decode()
    if "event: complete" not in said:
        raise RuntimeError(f"/tokenize answered {said!r}")
