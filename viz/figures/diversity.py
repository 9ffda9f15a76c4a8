"""Diversity against likelihood: how a setting of the sampler trades one for the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from model.lab.rollout_statistics import RolloutStatistics
from viz.figures.figure import Figure
from viz.figures.own_texts import own_table
from viz.figures.theme import SMALL, Theme, add_key, base_figure, placeholder
from viz.words.strings import say

HEIGHT = 340
MARGIN = 0.14
"""Of the axes around the points, of what they span: labels need it."""
LEAST_SPAN = 0.05


@dataclass(frozen=True)
class Tried:
    """One value of the setting, and what was written under it."""

    label: str
    said: RolloutStatistics
    whole: bool
    """Whether all rollouts of it have ended."""
    now: bool = False
    """Whether the page's own sampler stands at it."""


def diversity_figure(tried: Sequence[Tried], *, setting: str, theme: Theme) -> Figure:
    """Draw distinct-2 against the mean log-probability of a token, one point per value, in their order.

    Args:
        tried: the values; those under which no token was written are left out.
        setting: what they are values of, in words.
        theme: the colours.
    """
    points = [one for one in tried if one.said.tokens]
    if not points:
        return placeholder(say("figures.diversity.empty"), theme=theme, height=HEIGHT)
    x, y = [one.said.mean_logprob for one in points], [one.said.distinct_2 for one in points]
    figure = base_figure(theme=theme, height=HEIGHT, margin={"l": 50, "t": 26, "b": 44, "r": 14})
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines+markers+text",
        line={"color": theme.quiet, "width": 1.25},
        marker={
            "opacity": 1,
            "size": [13 if one.now else 10 for one in points],
            "color": [_fill(one, theme) for one in points],
            "line": {"color": [theme.glow if one.now else theme.accent for one in points], "width": 2},
        },
        text=[f"<b>{one.label}</b>" for one in points],
        textposition=_sides(x, y),
        textfont={"size": SMALL, "color": theme.ink},
        cliponaxis=False,
        meta=own_table(_columns(setting), [one.label for one in points]),
        customdata=[_row(one) for one in points],
        hovertemplate=_hover(setting),
    )
    entries = [("●", theme.accent, say("figures.diversity.point", setting=setting))]
    if any(one.now for one in points):
        entries.append(("●", theme.glow, say("figures.diversity.now")))
    if not all(one.whole for one in points):
        entries.append(("○", theme.accent, say("figures.diversity.partial")))
    add_key(figure, entries, lift=4, theme=theme)
    figure.update_xaxes(
        title={"text": say("figures.diversity.x")},
        range=_around(x),
        nticks=6,
        fixedrange=True,
        tickformat=".2~f",
    )
    figure.update_yaxes(
        title={"text": say("figures.diversity.y")}, range=_around(y), nticks=6, fixedrange=True
    )
    return figure


def _fill(one: Tried, theme: Theme) -> str:
    if not one.whole:
        return theme.card
    return theme.glow if one.now else theme.accent


def _around(values: Sequence[float]) -> list[float]:
    low, high = min(values), max(values)
    span = max(high - low, LEAST_SPAN)
    return [low - MARGIN * span - (span - (high - low)) / 2, high + MARGIN * span + (span - (high - low)) / 2]


def _sides(x: Sequence[float], y: Sequence[float]) -> list[str]:
    """Return the side of each label: away from the line to its neighbours.

    On a line that falls to the right, as this one does, the upper right is free; where two points are close
    together, every second label goes to the other side.
    """
    across, up = _extent(x), _extent(y)
    sides = ["top right"]
    for index in range(1, len(x)):
        close = abs(x[index] - x[index - 1]) / across < 0.1 and abs(y[index] - y[index - 1]) / up < 0.08
        other = "bottom left" if sides[-1] == "top right" else "top right"
        sides.append(other if close else "top right")
    return sides


def _extent(values: Sequence[float]) -> float:
    low, high = _around(values)
    return high - low


def _row(one: Tried) -> list[object]:
    said = one.said
    return [
        one.label,
        said.distinct_1,
        said.mean_entropy_bits,
        said.different,
        said.count,
        said.mean_length,
        said.distinct_2,
    ]


def _columns(setting: str) -> list[str]:
    """Return what x and the columns of `_row` are."""
    keys = ("distinct_1", "entropy", "different", "rollouts", "length", "distinct_2")
    return [say("figures.diversity.logprob"), setting, *(say(f"figures.diversity.{key}") for key in keys)]


def _hover(setting: str) -> str:
    rows = (
        f"<b>{setting} %{{customdata[0]}}</b>",
        say("figures.diversity.distinct_2") + " %{y:.3f}",
        say("figures.diversity.distinct_1") + " %{customdata[1]:.3f}",
        say("figures.diversity.logprob") + " %{x:.3f} " + say("figures.diversity.unit"),
        say("figures.diversity.entropy") + " %{customdata[2]:.2f} " + say("figures.bits"),
        say("figures.diversity.different") + " %{customdata[3]:d} / %{customdata[4]:d}",
        say("figures.diversity.length") + " %{customdata[5]:.1f}",
    )
    return "<br>".join(rows) + "<extra></extra>"
