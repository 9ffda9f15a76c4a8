"""The load test: visitors at the real app, all at once, and what they and its process had to bear.

    python -m tests.bench.load --visitors 32 --minutes 5
    python -m tests.bench.load --visitors 4 --minutes 0.5 -- --internals-memory 256

What follows `--` are options of the app. Memory grows until the store of internals has reached its
`--internals-memory`; growth in the second half tells of a leak only where the first half has filled it.

The exit status is 1 if a visitor met an error, if the app printed one, or if its memory grew by more than 5 %
in the second half. The table and bench-output/load.json have the rest.
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import httpx

from tests.bench.report import Row, as_json, machine, spread, table
from tests.bench.visitors import ApiVisitor, PageVisitor, Tally, Text, live
from tests.browser.server import running_app

OUTPUT = Path(__file__).parents[2] / "bench-output" / "load.json"
PROC = Path("/proc")
MIB = 2**20
MOST_GROWTH = 5.0
"""Per cent of memory in the second half that are still no leak."""
ALARM = re.compile(r"Traceback|Error")
KEEP_ALIVE = 2
"""Seconds that a connection is used again; uvicorn closes it after five, maybe just as we use it."""
SILENT = 5.0
"""Seconds without news after which a person thinks that nothing comes."""
SHOWN = 8
"""Different messages in the table; the JSON has all."""


@dataclass
class Process:
    """What can be seen of the app's process from outside, on Linux."""

    pid: int | None
    sizes: list[tuple[float, float]] = field(default_factory=list)
    """Seconds since the start, and resident bytes."""

    def look(self, since: float) -> None:
        """Note how large it is now."""
        found = re.search(r"VmRSS:\s+(\d+)", _read(PROC / str(self.pid) / "status"))
        if found:
            self.sizes.append((time.perf_counter() - since, int(found[1]) * 1024))

    @property
    def cpu_seconds(self) -> float:
        """Seconds of processor time so far."""
        fields = _read(PROC / str(self.pid) / "stat").rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK") if fields else float("nan")

    def console(self) -> str:
        """Return what it has printed, as far as it prints into a file."""
        folder = PROC / str(self.pid) / "fd"
        files = {(folder / number).resolve(): folder / number for number in "12"}  # often one for both
        return "".join(_read(file) for file in files.values() if file.is_file())

    def size_at(self, part: float) -> float:
        """Return the median bytes around a part of the time: a single look may fall on a peak."""
        if not self.sizes:
            return float("nan")
        last = self.sizes[-1][0]
        near = [size for seconds, size in self.sizes if abs(seconds - part * last) <= last / 20]
        return statistics.median(near or [self.sizes[round(part * (len(self.sizes) - 1))][1]])

    @property
    def growth(self) -> float:
        """Per cent by which the second half made it larger."""
        return 100 * (self.size_at(1) / self.size_at(0.5) - 1)


def _read(path: Path) -> str:
    """Return a file of /proc, or nothing where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def app_at(address: str) -> int | None:
    """Return the process of this machine that was started for an address; None for a server elsewhere."""
    port = str(urlsplit(address).port)
    for folder in PROC.glob("[0-9]*"):
        words = _read(folder / "cmdline").split("\0")
        if any(Path(word).name == "app.py" for word in words) and any(word.endswith(port) for word in words):
            return int(folder.name)
    return None


async def visit(address: str, options: argparse.Namespace, app: Process, tally: Tally) -> dict[str, float]:
    """Let everybody visit for the whole time; return what it cost."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(options.visitors))
    start, seconds = time.perf_counter(), 60 * options.minutes
    ours, theirs = time.process_time(), app.cpu_seconds
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=KEEP_ALIVE)
    async with httpx.AsyncClient(timeout=60, limits=limits, verify=False) as http:  # verifying takes CPU
        visits = []
        for number in range(options.visitors):
            kind = (PageVisitor, ApiVisitor)[number % 2]
            visitor = kind(address, http, tally, Random(f"{options.seed} {number}"))
            visits.append(asyncio.create_task(live(visitor)))
        while (now := time.perf_counter() - start) < seconds:
            app.look(start)
            await asyncio.sleep(min(1.0, seconds - now))
        app.look(start)
        took = time.perf_counter() - start
        cost = {
            "seconds": took,
            "simulator_cpu": (time.process_time() - ours) / took,
            "app_cpu": (app.cpu_seconds - theirs) / took,
            "unanswered": len(tally.waiting),
            "longest_unanswered_s": max((time.perf_counter() - t for t in tally.waiting.values()), default=0),
        }
        for one in visits:
            one.cancel()
        for result in await asyncio.gather(*visits, return_exceptions=True):
            if isinstance(result, Exception):
                tally.errors[f"the simulator itself: {result!r}"] += 1
        cost["app_cpu_after"] = await aftermath(address, http, app, tally)
    return cost


async def aftermath(address: str, http: httpx.AsyncClient, app: Process, tally: Tally) -> float:
    """See that the app still answers, and return its share of a processor when all are gone."""
    await asyncio.sleep(5)
    before, start = app.cpu_seconds, time.perf_counter()
    await asyncio.sleep(3)
    share = (app.cpu_seconds - before) / (time.perf_counter() - start)
    with tally.action("the page, afterwards"):
        (await http.get(address)).raise_for_status()
    return share


def rows_of(tally: Tally, app: Process, cost: dict[str, float], console: str) -> list[Row]:
    """Return the table."""
    alarms = [line for line in console.splitlines() if ALARM.search(line)]
    rows = [Row("actions", kind, count, "") for kind, count in sorted(tally.actions.items())]
    troubles = (("errors", tally.errors), ("refusals, each with a sentence", tally.refusals))
    for what, messages in troubles:
        rows.append(Row("trouble", what, messages.total(), ""))
        first = list(messages.items())[:SHOWN]
        rows += [Row("trouble", "  such as", times, "", text) for text, times in first]
    rows.append(
        Row("trouble", "console lines with Traceback or Error", len(alarms), "", "; ".join(alarms[:2]))
    )
    longest = f"the longest not heard of for {cost['longest_unanswered_s']:.1f} s"
    rows.append(Row("trouble", "under way at the end", cost["unanswered"], "", longest))
    silent = sorted((one for one in tally.silences if one[0] > SILENT), reverse=True)
    which = ", ".join(f"{kind} {seconds:.1f} s" for seconds, kind in silent[:SHOWN])
    rows.append(Row("trouble", f"no news for more than {SILENT:g} s", len(silent), "", which))
    rows += text_rows(tally.texts, cost["seconds"])
    for kind, seconds in sorted(tally.seconds.items()):
        rows.append(spread("looking", f"{kind} to figures", [1000 * one for one in seconds]))
    rows += [
        Row("process", "the app's processors, mean", cost["app_cpu"], "cores"),
        Row("process", "the app's processors when all have left", cost["app_cpu_after"], "cores"),
        Row("process", "the simulator's processors, mean", cost["simulator_cpu"], "cores"),
    ]
    if not app.sizes:
        return [*rows, Row("process", "memory", float("nan"), "", "the process is not to be seen here")]
    sizes = {
        "at the start": app.sizes[0][1],
        "after one half": app.size_at(0.5),
        "at the end": app.size_at(1),
    }
    sizes["peak"] = max(size for _, size in app.sizes)
    rows += [Row("process", f"memory {when}", size / MIB, "MiB") for when, size in sizes.items()]
    return [*rows, Row("process", "memory, growth in the second half", app.growth, "%")]


def text_rows(texts: list[Text], seconds: float) -> list[Row]:
    """Return how fast texts came, on the page and through the API."""
    rows = [Row("texts", "tokens a second, all visitors", tokens(texts) / seconds, "tok/s")]
    for by in sorted({text.by for text in texts}):
        theirs = [text for text in texts if text.by == by]
        rows.append(Row("texts", f"{by}: tokens a second", tokens(theirs) / seconds, "tok/s"))
        first = [text.seen[0][0] - text.pressed for text in theirs if text.seen and text.kind == "generate"]
        gaps = [gap for text in theirs for gap in between(text)]
        measured = {
            "Generate to first token": ("s", first),
            "between updates": ("ms", [1000 * gap for gap, _ in gaps]),
            "per token": ("ms", [1000 * gap / new for gap, new in gaps for _ in range(new)]),
            "tokens a second of one text": ("tok/s", [rate for text in theirs if (rate := speed(text))]),
        }
        rows += [
            spread("texts", f"{by}: {what}", values, unit)
            for what, (unit, values) in measured.items()
            if values
        ]
    return rows


def tokens(texts: list[Text]) -> int:
    """Return how many tokens were seen."""
    return sum(text.seen[-1][1] for text in texts if text.seen)


def between(text: Text) -> list[tuple[float, int]]:
    """Return the seconds between two updates that brought tokens, and how many the later one brought."""
    return [(then - now, more - count) for (now, count), (then, more) in pairwise(text.seen)]


def speed(text: Text) -> float | None:
    """Return the tokens a second after the first update, None for a text with fewer than two."""
    gaps = between(text)
    return sum(new for _, new in gaps) / sum(gap for gap, _ in gaps) if gaps else None


def main() -> int:
    """Run the load test; return the exit status."""
    options = read_options()
    header = machine()
    print(header, flush=True)
    tally, cost, console, app = Tally(), {}, "", Process(None)
    try:
        with nullcontext(options.address) if options.address else running_app(*options.app) as address:
            app.pid = app_at(address)
            cost = asyncio.run(visit(address.rstrip("/") + "/", options, app, tally))
            console = app.console()
    except RuntimeError as ended:  # running_app says so, and shows the console
        tally.errors = Counter({"the app ended": 1}) + tally.errors
        console = str(ended)
    if not cost:
        print(console, file=sys.stderr)
        return 1
    rows = rows_of(tally, app, cost, console)
    samples = {
        "options": vars(options),
        "errors": tally.errors,
        "refusals": tally.refusals,
        "console": console,
        "cost": cost,
        "seconds": tally.seconds,
        "texts": [asdict(text) for text in tally.texts],
        "resident_bytes": app.sizes,
    }
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(as_json(header, rows, samples), indent=1) + "\n", encoding="utf-8")
    print(table(rows), flush=True)
    return int(bool(tally.errors or ALARM.search(console) or app.growth > MOST_GROWTH))


def read_options() -> argparse.Namespace:
    """Return what the command line asks for."""
    about, _, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.load",
        description=about,
        epilog=more,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--visitors", type=int, default=32, help="half at a browser, half programs (default: 32)"
    )
    parser.add_argument("--minutes", type=float, default=5.0, help="how long (default: 5)")
    parser.add_argument("--seed", type=int, default=0, help="of what the visitors choose to do (default: 0)")
    parser.add_argument("--address", help="test a running server instead of starting one")
    parser.add_argument("app", nargs="*", metavar="-- OPTION", help="options of the app that is started")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
