"""The histograms of GLTR (Gehrmann et al. 2019, arXiv:1906.04043): how a text's tokens stand with a model."""

from collections.abc import Sequence
from itertools import pairwise

from model.interior.score_histograms import RANK_BOUNDS, Histogram
from viz.figures.figure import Figure
from viz.figures.theme import SMALL, Theme, base_figure, placeholder
from viz.words.strings import say

HEIGHT = 220
MARGIN = {"l": 40, "r": 10, "t": 22, "b": 40}
HEADROOM = 1.14
"""Of the tallest bar: its numbers stand above it."""
FEWEST = 4
"""Tokens that the axis reaches to at least: a single one does not fill a figure."""


def rank_figure(counts: Sequence[int], *, theme: Theme) -> Figure:
    """Draw how many tokens had which rank, with their numbers and shares above the bars.

    Args:
        counts: of `rank_counts`, one for every bucket.
        theme: the colours.
    """
    total = sum(counts)
    if not total:
        return placeholder(say("figures.score.empty"), theme=theme, height=HEIGHT)
    shares = [count / total for count in counts]
    colours = [theme.accent_fill] * (len(counts) - 1) + [theme.glow]
    figure = base_figure(theme=theme, height=HEIGHT, margin=MARGIN)
    figure.add_bar(
        x=list(range(len(counts))), y=list(counts), width=0.72, name=say("figures.score.tokens"),
        marker={"color": colours, "line": {"width": 0}},
        text=[f"<b>{count:,}</b> · {share:.0%}" for count, share in zip(counts, shares, strict=True)],
        textposition="outside", textangle=0, textfont={"size": SMALL, "color": theme.ink}, cliponaxis=False,
        customdata=[[share] for share in shares],
        hovertemplate=f"{say('figures.score.rank')} %{{x}}<br><b>%{{y:,d}}</b> {say('figures.score.tokens')}"
        "  %{customdata[0]:.1%}<extra></extra>",
    )  # fmt: skip
    names = buckets()
    figure.update_xaxes(
        tickvals=list(range(len(counts))), ticktext=names, title={"text": say("figures.score.rank")},
        labelalias={str(place): name for place, name in enumerate(names)}, tickformat="d",
        range=[-0.6, len(counts) - 0.4], showgrid=False, fixedrange=True,
    )  # fmt: skip
    _count_axis(figure, counts)
    return figure


def ratio_figure(histogram: Histogram, *, theme: Theme) -> Figure:
    """Draw how many tokens had which share of the probability of the most likely one.

    Args:
        histogram: of `ratio_histogram`.
        theme: the colours.
    """
    return _drawn(histogram, say("figures.score.ratio"), theme)


def entropy_figure(histogram: Histogram, *, theme: Theme) -> Figure:
    """Draw before how many tokens the model was how undecided, in bits.

    Args:
        histogram: of `entropy_histogram`.
        theme: the colours.
    """
    return _drawn(histogram, say("figures.score.entropy"), theme)


def buckets() -> list[str]:
    """Return the names of the rank buckets."""
    firsts = [1, *(bound + 1 for bound in RANK_BOUNDS)]
    named = [f"{first}–{last}" for first, last in zip(firsts, RANK_BOUNDS, strict=False)]
    return [*named, say("figures.score.beyond", first=f"{firsts[-1]}")]


def _drawn(histogram: Histogram, title: str, theme: Theme) -> Figure:
    if not histogram.total:
        return placeholder(say("figures.score.empty"), theme=theme, height=HEIGHT)
    edges, counts = histogram.edges.tolist(), histogram.counts.tolist()
    figure = base_figure(theme=theme, height=HEIGHT, margin=MARGIN)
    figure.add_bar(
        x=[(low + high) / 2 for low, high in pairwise(edges)], y=counts,
        width=[(high - low) * 0.92 for low, high in pairwise(edges)],
        name=say("figures.score.tokens"), marker={"color": theme.accent_fill, "line": {"width": 0}},
        customdata=[
            [f"{low:g}", f"{high:g}", count / histogram.total]
            for low, high, count in zip(edges, edges[1:], counts, strict=False)
        ],
        hovertemplate="%{customdata[0]} – %{customdata[1]}<br><b>%{y:,d}</b> "
        f"{say('figures.score.tokens')}  %{{customdata[2]:.1%}}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(
        range=[edges[0], edges[-1]], title={"text": title}, nticks=9, showgrid=False, fixedrange=True
    )
    _count_axis(figure, counts)
    return figure


def _count_axis(figure: Figure, counts: Sequence[int]) -> None:
    figure.update_yaxes(
        range=[0, HEADROOM * max(FEWEST, *counts)], nticks=4, tickformat="~d", fixedrange=True,
        title={"text": say("figures.score.tokens")},
    )  # fmt: skip
