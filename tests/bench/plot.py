"""The plot of docs/performance.md: one text beside other ways of writing it, many at once. From JSON to SVG.

.venv/bin/python -m tests.bench.plot        # from bench-output/bench.json into assets/screenshots
"""

import json
import statistics
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from tests.bench.contenders import BARE, BATCH, EXACT, FAST, LLAMA, LOGPROBS, RECORDING

ROOT = Path(__file__).parents[2]
WIDTH, HEIGHT = 960, 400
TOP, BOTTOM = 74, 356
"""Edges of both panels."""
NAMES, BARS, LIMITS = 16, 190, 466
"""Where the left panel's three columns begin, the last one where it ends."""
FIRST, LAST = 560, 884
"""Where the right panel has one text, and where most."""
BAR = 20
ROOM = 34
"""For the number beside a bar."""

SAYS = {
    FAST: ("this app, fast", "{form}, all recorded"),
    EXACT: ("this app, exact", "{form}, all recorded"),
    BARE: ("generate()", "float32, nothing recorded"),
    RECORDING: ("generate()", "float32, internals returned"),
    LLAMA: ("llama.cpp", "4 bits, nothing recorded"),
    LOGPROBS: ("llama.cpp", "4 bits, ten log-probabilities"),
}
"""Name and remark of each bar, from the top."""


@dataclass(frozen=True)
class Colours:
    """Of one appearance; blue and orange differ for every kind of sight, all else is grey."""

    text: str
    muted: str
    grid: str
    other: str
    fast: str
    exact: str
    ground: str
    """Of the page that it is meant for."""

    def of(self, name: str) -> str:
        """Return the colour of a contender."""
        return {FAST: self.fast, EXACT: self.exact}.get(name, self.other)


LIGHT = Colours("#1f2328", "#59636e", "#d8dee4", "#9aa4af", "#0969da", "#c2570c", "#ffffff")
DARK = Colours("#e6edf3", "#9198a1", "#30363d", "#6e7681", "#58a6ff", "#f0883e", "#0d1117")


def speed_svg(result: Mapping[str, Any], colours: Colours) -> str:
    """Return the plot of what `make bench` has measured, as SVG on a transparent ground."""
    parts = [
        *one_text(result["samples"]["speed"], colours),
        *many_texts(result["samples"]["streams"], colours),
    ]
    parts.append(text(NAMES, HEIGHT - 10, result["machine"].partition(", load")[0], colours.muted, 11))
    title = "<title>Speed of GPT Inside Out beside Transformers and llama.cpp</title>"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif">'
    )
    return "\n".join([head, title, *parts, "</svg>"]) + "\n"


def one_text(speed: Mapping[str, Any], colours: Colours) -> list[str]:
    """Return the bars of the left panel."""
    count, found = max(speed["texts"].items(), key=lambda item: int(item[0]))
    every = found["tokens_per_second"]
    rates = {name: middle(every[name]) for name in SAYS if name in every}
    limits = {name: middle(found["limits"][name]) for name in rates}
    # As far as the bars reach, and the limit of float32; those of small weights would leave the bars no room.
    scale = (LIMITS - 44 - BARS) / (1.12 * max(*rates.values(), limits[BARE]))
    says_count = f"{count} new tokens. Limit, and tick: as often as this machine can read"
    parts = [
        text(NAMES, 24, "One text: tokens a second", colours.text, 16, bold=True),
        text(NAMES, 44, says_count, colours.muted),
        text(NAMES, 60, "the model's weights from memory in a second", colours.muted),
        text(LIMITS, 60, "limit", colours.muted, anchor="end"),
    ]
    step = (BOTTOM - TOP) / len(rates)
    for index, (name, rate) in enumerate(rates.items()):
        y = TOP + step * (index + 0.5)
        says, remark = SAYS[name]
        end, tick = BARS + scale * rate, BARS + scale * limits[name]
        beside = tick if end - 2 < tick < end + ROOM else end  # the number does not stand on the tick
        parts += [
            text(NAMES, y - 2, says, colours.text, 13, bold=name in (FAST, EXACT)),
            text(NAMES, y + 13, remark.format(form=speed["formats"].get(name, "")), colours.muted, 11),
            box(BARS, y - BAR / 2, end - BARS, BAR, colours.of(name)),
            text(beside + 6, y + 5, number(rate), colours.text, 13, bold=True),
            text(LIMITS, y + 5, number(limits[name]), colours.muted, anchor="end"),
        ]
        if tick < LIMITS - 30:
            parts.append(line(tick, y - BAR / 2 - 4, tick, y + BAR / 2 + 4, colours.text, 2))
    return parts


def many_texts(streams: Mapping[str, Any], colours: Colours) -> list[str]:
    """Return the curves of the right panel."""
    curves = {
        name: {int(at): middle(rates) for at, rates in found.items()}
        for name, found in streams["tokens_per_second"].items()
    }
    alone = middle(streams[BARE])
    batched, batch = next((int(at), middle(rates)) for at, rates in streams[BATCH].items())
    counts = sorted({at for curve in curves.values() for at in curve})
    most = 1.08 * max([alone, batch, *(rate for curve in curves.values() for rate in curve.values())])
    left, right, floor = FIRST - 24, LAST + 24, BOTTOM - 20

    def x(at: int) -> float:
        return FIRST + (LAST - FIRST) * counts.index(at) / (len(counts) - 1)

    def y(rate: float) -> float:
        return floor - (floor - TOP) * rate / most

    says_batch = f"generate(), a batch of {batched}, nothing recorded: {number(batch)}"
    says_alone = f"generate(), one after another: {number(alone)}"
    under = y(alone) + 14
    parts = [
        text(left, 24, "Many texts at once: tokens a second in all", colours.text, 16, bold=True),
        text(left, 44, f"{streams['new_tokens']} new tokens of each text, all recorded", colours.muted),
        circle(left + 5, 56, colours),
        text(left + 14, 60, says_batch, colours.muted),
        line(left, floor, right, floor, colours.grid, 1),
        *(text(x(at), floor + 16, str(at), colours.muted, anchor="middle") for at in counts),
        line(left, y(alone), right, y(alone), colours.other, 1.5, dashed=True),
        text(
            right,
            under if under < floor else y(alone) - 6,
            says_alone,
            colours.muted,
            anchor="end",
            ground=colours.ground,
        ),
    ]
    for name, curve in curves.items():
        colour, beside = colours.of(name), 18 if name == EXACT else -9
        points = " ".join(f"{x(at):.1f},{y(rate):.1f}" for at, rate in sorted(curve.items()))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        for at, rate in curve.items():
            place = x(at), y(rate) + beside
            parts.append(dot(x(at), y(rate), colour))
            parts.append(text(*place, number(rate), colours.text, anchor="middle", ground=colours.ground))
        says = name.partition(", ")[2]
        parts.append(text(LAST + 14, y(curve[counts[-1]]) + 5, says, colour, 13, bold=True))
    return [*parts, circle(x(batched), y(batch), colours)]


def text(
    x: float,
    y: float,
    words: str,
    colour: str,
    size: int = 12,
    *,
    bold: bool = False,
    anchor: str = "start",
    ground: str = "",
) -> str:
    """Return some words; y is their base line, and `ground` keeps lines away from them."""
    weight = ' font-weight="600"' if bold else ""
    halo = f' stroke="{ground}" stroke-width="3" paint-order="stroke"' if ground else ""
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
    return f'<text {place} fill="{colour}"{weight}{halo}>{escape(words)}</text>'


def line(
    x1: float, y1: float, x2: float, y2: float, colour: str, width: float, *, dashed: bool = False
) -> str:
    """Return a straight line."""
    dashes = ' stroke-dasharray="5 4"' if dashed else ""
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{width}"{dashes}/>'


def box(x: float, y: float, width: float, height: float, colour: str) -> str:
    """Return a bar."""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2" fill="{colour}"/>'


def dot(x: float, y: float, colour: str) -> str:
    """Return a point of a curve."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'


def circle(x: float, y: float, colours: Colours) -> str:
    """Return the hollow point of a batch."""
    fill = f'fill="{colours.ground}" stroke="{colours.muted}" stroke-width="2"'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" {fill}/>'


def number(value: float) -> str:
    """Return a number as it stands in the plot."""
    return f"{value:.1f}" if value < 10 else f"{value:,.0f}"


def middle(values: list[float]) -> float:
    """Return the median of the rounds."""
    return statistics.median(values)


def can_draw(result: Mapping[str, Any]) -> bool:
    """Whether both panels were measured."""
    return {"speed", "streams"} <= set(result["samples"])


def save(result: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write the plot for light and dark pages."""
    files = {folder / "speed-light.svg": LIGHT, folder / "speed-dark.svg": DARK}
    for file, colours in files.items():
        file.write_text(speed_svg(result, colours), encoding="utf-8")
    return list(files)


if __name__ == "__main__":
    measured = json.loads((ROOT / "bench-output" / "bench.json").read_text(encoding="utf-8"))
    if not can_draw(measured):
        sys.exit("bench-output/bench.json lacks speed or streams: run `make bench` first")
    print(*save(measured, ROOT / "assets" / "screenshots"), sep="\n")
