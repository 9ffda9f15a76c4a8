"""Where labels fit, inside a band of a stacked area or side by side, even on a phone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from model.sampler.distribution import Floats

Anchor = Literal["left", "right"]

PHONE_WIDTH = 270
"""Pixels across the plot on a phone 390 px wide: a label that fits there fits everywhere."""
CHARACTER_WIDTH = 7.0
"""Pixels of an average character of a label."""
GAP = 6
"""Pixels between a label and the line it belongs to."""


@dataclass(frozen=True)
class Spot:
    """Where to put a label."""

    x: float
    y: float
    anchor: Anchor
    """The side of the text that is at x."""


def spot_in_band(
    low: Floats,
    high: Floats,
    *,
    xs: Floats,
    ends: Sequence[tuple[float, Anchor]],
    text: str,
    room: float,
    line: float,
) -> Spot | None:
    """Return where `text` lies wholly inside a band, or None where it would stick out.

    Args:
        low: (N,) lower edge of the band.
        high: (N,) upper edge.
        xs: (N,) rising coordinates of the edges.
        ends: places to try: where the text starts ("left") or ends ("right"). The roomiest is taken.
        text: the label as it is read.
        room: height that it needs, in units of the edges.
        line: coordinate of a vertical line that it must not cross.
    """
    span = float(xs[-1] - xs[0])
    gap = GAP / PHONE_WIDTH * span
    width = len(text) * CHARACTER_WIDTH / PHONE_WIDTH * span
    best, best_clear = None, room
    for end, anchor in ends:
        start = end + gap if anchor == "left" else end - gap - width
        if start < xs[0] or start + width > xs[-1] or start < line < start + width:
            continue
        under = (xs >= start) & (xs <= start + width)
        floor, ceiling = float(low[under].max(initial=-1.0)), float(high[under].min(initial=2.0))
        if ceiling - floor >= best_clear:
            best_clear = ceiling - floor
            best = Spot(start if anchor == "left" else start + width, (floor + ceiling) / 2, anchor)
    return best


def staggered(
    ends: Sequence[float], texts: Sequence[str], *, low: float, high: float
) -> list[tuple[int, Anchor]]:
    """Return the line (0 the lowest) and the anchor of each label, so that no two of them overlap.

    Args:
        ends: coordinates that the labels belong to.
        texts: the labels.
        low: coordinate of the left edge of the plot.
        high: coordinate of its right edge.
    """
    scale = (high - low) / PHONE_WIDTH
    taken: list[tuple[int, float, float]] = []
    places: list[tuple[int, Anchor]] = []
    for index, (end, text) in enumerate(zip(ends, texts, strict=True)):
        width = (len(text) * CHARACTER_WIDTH + 2 * GAP) * scale
        sides: tuple[Anchor, ...] = ("left", "right") if index == len(ends) - 1 else ("right", "left")
        for line, anchor in ((line, side) for line in range(len(ends)) for side in sides):
            start = end if anchor == "left" else end - width
            clear = all(other != line or start >= b or start + width <= a for other, a, b in taken)
            if clear and start >= low - 30 * scale and start + width <= high:
                break
        taken.append((line, start, start + width))
        places.append((line, anchor))
    return places
