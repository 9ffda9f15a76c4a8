"""What a short call of a program costs the server, and what it leaves behind there."""

import time
from typing import Any

import httpx
import psutil

from tests.bench.report import Row, spread
from tests.bench.startup import app_process, tokenize, wait_for_page

SETTLED = 500
"""Calls after which the server has allocated what it uses again and again."""
FORGETTING = 12
"""Seconds after which the server has forgotten a program; see `viz.server.sessions.CALL_IS_KEPT`."""


def measure_calls(count: int) -> tuple[list[Row], dict[str, Any]]:
    """Call /tokenize one time after another, each time as a program of its own."""
    with app_process() as (address, app):
        wait_for_page(address, app)
        tokenize(address)
        with httpx.Client(base_url=f"{address}/gradio_api/call", timeout=60) as client:
            for _ in range(SETTLED):
                call(client)
            time.sleep(FORGETTING)
            process = psutil.Process(app.pid)
            before = process.memory_info().rss
            times = [call(client) for _ in range(count)]
        time.sleep(FORGETTING)
        kept = process.memory_info().rss - before
    rows = [
        spread("calls", "a call of /tokenize and its answer", times),
        Row("calls", f"memory kept of each of {count} calls", kept / count / 1000, "kB"),
    ]
    return rows, {"ms": times, "kept_bytes": kept}


def call(client: httpx.Client) -> float:
    """Ask for the tokens of a word; return the milliseconds until they were there."""
    began = time.perf_counter()
    event = client.post("/tokenize", json={"data": ["hello"]}).raise_for_status().json()["event_id"]
    client.get(f"/tokenize/{event}").raise_for_status()
    return (time.perf_counter() - began) * 1000
