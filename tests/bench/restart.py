"""The load test of a public server that is killed in the middle: is what was written still its owners'?

    python -m tests.bench.restart --visitors 8 --minutes 2
    python -m tests.bench.restart --visitors 32 --minutes 10

Half of the visitors sit at pages, half are programs; they write, look and leave in the middle as in
`tests.bench.load`. Beside them, owners write runs and keep their JSON. After half of the time the app is
killed (SIGKILL) and started again; new visitors come, and every owner has each of their runs replayed: same
tokens, same dice, same numbers.

The exit status is 1 if a run came back as another, if a visitor met an error while the app was there, if the
app printed one, or if its memory grew by more than 5 % in the second half of the time after the restart.
"""

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import httpx
import orjson

from tests.bench.load import ALARM, KEEP_ALIVE, MIB, MOST_GROWTH, Process, rows_of
from tests.bench.report import Row, as_json, machine, table
from tests.bench.visitors import PROMPTS, WORDS, ApiVisitor, PageVisitor, Tally, live
from tests.browser.server import ROOT, free_port

OUTPUT = ROOT / "bench-output" / "restart.json"
READY, PATIENCE = "is ready", 300
OWNERS = 4
SAME = ("position", "token_id", "token", "u", "logprob", "probability", "rank", "entropy_bits", "kept")
"""Of every step, to the last digit."""


@dataclass
class Owner:
    """Somebody who keeps what they have written."""

    name: str
    random: Random
    runs: list[dict[str, Any]] = field(default_factory=list)

    async def write(self, http: httpx.AsyncClient) -> None:
        """Write runs and keep those that were finished, without an end."""
        while True:
            prompt = self.random.choice(PROMPTS).format(word=self.random.choice(WORDS))
            sampler = [0.9, 40, 0.95, 0.0, 1.0, self.random.randrange(10**6), "fast", None]
            run = await call(http, "generate", [prompt, self.random.randint(8, 48), *sampler], self.name)
            if run is not None and run["finish_reason"]:
                self.runs.append(run)
            await asyncio.sleep(self.random.uniform(3, 6))

    async def reopen(self, http: httpx.AsyncClient, differences: list[str]) -> None:
        """Have every run replayed, and note those that are others."""
        for run in self.runs:
            again = await call(http, "replay", [run, None], self.name)
            while again is None:  # refused, politely: later
                await asyncio.sleep(5)
                again = await call(http, "replay", [run, None], self.name)
            for one, other in zip(run["steps"], again["steps"], strict=True):
                differences += [f"{name} at {one['position']}" for name in SAME if one[name] != other[name]]
            if run["text"] != again["text"] or again["agreement"] != 1:
                differences.append("text")


async def call(http: httpx.AsyncClient, name: str, data: list[Any], session: str) -> dict[str, Any] | None:
    """Return the last value of an endpoint; None where it refuses for now."""
    asked = {"data": data, "session_hash": session}
    joined = await http.post(f"gradio_api/call/{name}", json=asked)
    if joined.status_code == 429:
        return None
    event, last, kind = joined.raise_for_status().json()["event_id"], b"", ""
    async with http.stream("GET", f"gradio_api/call/{name}/{event}") as answer:
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: ") and kind != "heartbeat":
                last = line[6:].encode()
    if kind == "error":
        raise RuntimeError(f"{name}: {last.decode()}")
    value: dict[str, Any] = orjson.loads(last)[0]
    return value


class Server:
    """The app on one port, started again and again; what it prints goes into one file."""

    def __init__(self, options: list[str], console: Path) -> None:
        self.port, self.options, self.console = free_port(), options, console
        self.address = f"http://127.0.0.1:{self.port}/"

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """Start it, and yield it once its model is ready; it is killed afterwards.

        Raises:
            RuntimeError: it ended or took too long.
        """
        before = self.printed().count(READY)
        command = [sys.executable, "app.py", "--port", str(self.port), "--public", *self.options]
        with self.console.open("a") as output:
            app = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        try:
            impatient = time.monotonic() + PATIENCE
            while self.printed().count(READY) == before:
                if app.poll() is not None or time.monotonic() > impatient:
                    raise RuntimeError(f"The app did not start:\n{self.printed()}")
                time.sleep(0.2)
            yield app
        finally:
            app.send_signal(signal.SIGKILL)
            app.wait()

    def printed(self) -> str:
        """Return what it has printed so far, over all its lives."""
        return self.console.read_text(encoding="utf-8", errors="replace") if self.console.exists() else ""


async def busy_time(
    server: Server, app: Process, options: argparse.Namespace, owners: list[Owner], part: str
) -> tuple[Tally, dict[str, float], list[str]]:
    """Let everybody visit for half of the time; owners write at first, then have their runs again."""
    tally, differences, start, seconds = Tally(), [], time.perf_counter(), 30 * options.minutes
    cpu = app.cpu_seconds, time.process_time()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=KEEP_ALIVE)
    async with httpx.AsyncClient(base_url=server.address, timeout=120, limits=limits) as http:
        visits = []
        for number in range(options.visitors):
            mind = Random(f"{options.seed} {part} {number}")
            visitor = (PageVisitor, ApiVisitor)[number % 2](server.address, http, tally, mind)
            visits.append(asyncio.create_task(live(visitor)))
        tasks = [
            asyncio.create_task(one.write(http) if part == "before" else one.reopen(http, differences))
            for one in owners
        ]
        while (now := time.perf_counter() - start) < seconds or (part != "before" and not_done(tasks)):
            app.look(start)
            await asyncio.sleep(1.0 if now > seconds else min(1.0, seconds - now))
        took = time.perf_counter() - start
        cost = {
            "seconds": took,
            "app_cpu": (app.cpu_seconds - cpu[0]) / took,
            "simulator_cpu": (time.process_time() - cpu[1]) / took,
            "app_cpu_after": float("nan"),
            "unanswered": len(tally.waiting),
            "longest_unanswered_s": max((time.perf_counter() - t for t in tally.waiting.values()), default=0),
        }
        seen = replace(tally, errors=Counter(tally.errors))  # what is cut off now is no fault of the app
        for one in [*visits, *tasks]:
            one.cancel()
        for ended in await asyncio.gather(*visits, *tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                seen.errors[f"an owner, or the simulator itself: {ended!r}"] += 1
    return seen, cost, differences


def not_done(tasks: "list[asyncio.Task[None]]") -> bool:
    """Return whether somebody is still waiting for their runs."""
    return not all(task.done() for task in tasks)


def main() -> int:
    """Run the test; return the exit status."""
    options = read_options()
    header = machine()
    print(header, flush=True)
    owners = [Owner(f"owner{number}", Random(f"{options.seed} owner {number}")) for number in range(OWNERS)]
    with tempfile.TemporaryDirectory() as folder:
        server = Server(options.app, Path(folder) / "console")
        with server.running() as app:
            before = Process(app.pid)
            first, first_cost, _ = asyncio.run(busy_time(server, before, options, owners, "before"))
        killed = time.monotonic()
        with server.running() as app:
            back = time.monotonic() - killed
            after = Process(app.pid)
            second, cost, differences = asyncio.run(busy_time(server, after, options, owners, "after"))
            console = server.printed()
    runs = [run for owner in owners for run in owner.runs]
    rows = [
        Row("restart", "killed and ready again after", back, "s"),
        Row("restart", "finished runs of owners", len(runs), ""),
        Row("restart", "numbers that came back as others", len(differences), "", "; ".join(differences[:4])),
        Row(
            "restart", "errors before it was killed", first.errors.total(), "", "; ".join(first.errors)[:200]
        ),
        Row("restart", "memory when it was killed", before.size_at(1) / MIB, "MiB"),
        *rows_of(second, after, cost, console),
    ]
    samples = {
        "options": vars(options),
        "errors": [first.errors, second.errors],
        "refusals": [first.refusals, second.refusals],
        "console": console,
        "cost": [first_cost, cost],
        "differences": differences,
        "resident_bytes": [before.sizes, after.sizes],
    }
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(as_json(header, rows, samples), indent=1) + "\n", encoding="utf-8")
    print(table(rows), flush=True)
    wrong = differences or first.errors or second.errors or ALARM.search(console)
    return int(bool(wrong or not runs or after.growth > MOST_GROWTH))


def read_options() -> argparse.Namespace:
    """Return what the command line asks for."""
    about, _, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.restart",
        description=about,
        epilog=more,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--visitors", type=int, default=8, help="beside the owners (default: 8)")
    parser.add_argument("--minutes", type=float, default=2.0, help="of visits in all (default: 2)")
    parser.add_argument("--seed", type=int, default=0, help="of what the visitors choose to do (default: 0)")
    parser.add_argument("app", nargs="*", metavar="-- OPTION", help="options of the app")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
