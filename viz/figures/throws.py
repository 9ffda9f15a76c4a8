"""Other dice at the same step: observed shares against probabilities, and how the difference fades."""

from collections.abc import Sequence

import numpy as np

from model.sampler.distribution import Floats
from model.sampler.throws import Share
from viz.figures.figure import Figure
from viz.figures.own_texts import own_places
from viz.figures.theme import Theme, add_key, base_figure, placeholder
from viz.figures.token_labels import token_label, token_name
from viz.words.strings import say

HEIGHT = 290
LABEL_LIMIT = 10
FEWEST = 5
"""Bars that there is room for, even where fewer tokens are left."""


def throws_figure(shares: Sequence[Share], *, labels: Sequence[str], total: int, theme: Theme) -> Figure:
    """Draw the probability of the leading tokens as bars, and the shares in which they came as dots.

    Args:
        shares: of the leading tokens, most likely first, with their 95 % bands.
        labels: raw texts of these tokens.
        total: number of throws.
        theme: the colours.
    """
    figure = base_figure(theme=theme, height=HEIGHT, margin={"t": 30, "b": 66})
    places = list(range(len(shares)))
    names = [token_label(label, LABEL_LIMIT) for label in labels]
    figure.add_bar(
        x=places, y=[one.probability for one in shares], width=0.66, name=say("figures.throws.probability"),
        marker={"color": theme.bands[1], "line": {"width": 0}},
        hovertemplate="%{x}<br>%{fullData.name}  <b>%{y:.3%}</b><extra></extra>",
    )  # fmt: skip
    entries = [("■", theme.bands[1], say("figures.throws.probability"))]
    if total:
        figure.add_scatter(
            x=places, y=[one.share for one in shares], mode="markers", name=say("figures.throws.share"),
            marker={"size": 8, "color": theme.accent, "line": {"color": theme.card, "width": 1.5}},
            error_y={
                "type": "data", "symmetric": False, "color": theme.accent, "thickness": 1.5, "width": 4,
                "array": [one.high - one.share for one in shares],
                "arrayminus": [one.share - one.low for one in shares],
            },
            customdata=[[f"{one.count:,}", f"{one.low:.2%}", f"{one.high:.2%}"] for one in shares],
            hovertemplate="%{x}<br>" + say("figures.throws.share_hover") + "  <b>%{y:.3%}</b>"
            " (%{customdata[0]})<br>95 %: %{customdata[1]} – %{customdata[2]}<extra></extra>",
        )  # fmt: skip
        entries.append(("●", theme.accent, say("figures.throws.share")))
    add_key(figure, entries, lift=8, theme=theme)
    most = max([max(one.probability, one.high if total else 0.0) for one in shares], default=1.0)
    figure.update_xaxes(
        tickvals=places, ticktext=names,
        labelalias={str(place): token_name(label, LABEL_LIMIT) for place, label in enumerate(labels)},
        tickangle=-45, range=[-0.6, max(FEWEST, len(shares)) - 0.4], showgrid=False, fixedrange=True,
    )  # fmt: skip
    own_places(figure, x=dict(enumerate(labels)))
    figure.update_yaxes(range=[0, min(1.0, 1.06 * most)], tickformat=".0%", nticks=5, fixedrange=True)
    return figure


def convergence_figure(
    totals: Sequence[int], distances: Sequence[float], expected: tuple[Floats, Floats] | None, *, theme: Theme
) -> Figure:
    """Draw the total variation distance against the number of throws, both logarithmic.

    A distance of 0 has no place there, and none is drawn where a single token is left.

    Args:
        totals: (n,) numbers of throws, rising.
        distances: (n,) after so many.
        expected: numbers of throws, and what chance alone leaves after so many.
        theme: the colours.
    """
    if not totals or expected is None:
        return placeholder(say("figures.throws.empty"), theme=theme, height=HEIGHT)
    if not expected[1].all():
        return placeholder(say("figures.throws.certain"), theme=theme, height=HEIGHT)
    figure = base_figure(theme=theme, height=HEIGHT, margin={"l": 52, "t": 30, "b": 40})
    figure.add_scatter(
        x=expected[0], y=expected[1], mode="lines", name=say("figures.throws.chance"),
        line={"color": theme.quiet, "width": 1.5, "dash": "dot"}, hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=list(totals), y=list(distances), mode="lines+markers",
        name=say("figures.throws.distance"), line={"color": theme.accent, "width": 2},
        marker={"size": 6, "color": theme.accent},
        hovertemplate="%{x:,d}: <b>%{y:.4f}</b><extra></extra>",
    )  # fmt: skip
    add_key(
        figure,
        [
            ("━━", theme.accent, say("figures.throws.distance")),
            ("•••", theme.quiet, say("figures.throws.chance")),
        ],
        lift=8,
        theme=theme,
    )
    low = min([0.1, float(expected[1].min()), *(distance for distance in distances if distance > 0)])
    figure.update_xaxes(
        type="log", range=[-0.1, np.log10(max(100, totals[-1])) + 0.1],
        title={"text": say("figures.throws.count")},
        tickvals=[1, 10, 100, 1000, 10_000, 100_000, 1_000_000],
        ticktext=["1", "10", "100", "1k", "10k", "100k", "1M"], fixedrange=True,
    )  # fmt: skip
    figure.update_yaxes(
        type="log", range=[np.log10(low) - 0.15, 0.08], dtick=1, tickformat="~g", fixedrange=True,
    )  # fmt: skip
    return figure
