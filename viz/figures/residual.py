"""How long the residual stream is as it enters each layer, and how much that layer adds to it."""

from collections.abc import Sequence

import numpy as np

from model.interior.residual import Update
from viz.figures.figure import Figure
from viz.figures.layer_rows import band, row_name, rows_figure
from viz.figures.own_texts import own_name
from viz.figures.theme import Theme, add_key
from viz.words.strings import say

Line = tuple[str, list[float], str, str]
"""Name, lengths, colour and mark."""


def residual_figure(updates: Sequence[Update], *, theme: Theme) -> Figure:
    """Draw the lengths as lines from the bottom to the top, on a logarithmic axis.

    Args:
        updates: (L,) of the layers, in order.
        theme: the colours.
    """
    rows = range(len(updates))
    figure = rows_figure(rows, [row_name(row) for row in rows], theme=theme)
    figure.update_layout(margin={"r": 24})
    lines = _lines(updates, theme)
    for name, lengths, colour, mark in lines:
        figure.add_scatter(
            x=lengths, y=list(rows), mode="lines+markers", hoverinfo="skip", meta=own_name(name),
            line={"color": colour, "width": 2 if mark == "circle" else 1.5},
            marker={"color": colour, "symbol": mark, "size": 6},
        )  # fmt: skip
    longest = max(max(lengths) for _, lengths, _, _ in lines)
    shortest = min(min((one for one in lengths if one > 0), default=longest) for _, lengths, _, _ in lines)
    figure.add_trace(band(theme, _hovers(updates, lines), x=[2 * longest] * len(rows), y=list(rows)))
    figure.update_xaxes(
        type="log", range=[float(np.log10(shortest)) - 0.1, float(np.log10(longest)) + 0.1], dtick=1,
        tickformat=",~r", title={"text": say("figures.residual.length")}, fixedrange=True,
    )  # fmt: skip
    marks = {"circle": "●", "square": "■", "diamond": "◆"}
    add_key(figure, [(marks[mark], colour, name) for name, _, colour, mark in lines], lift=8, theme=theme)
    return figure


def _lines(updates: Sequence[Update], theme: Theme) -> list[Line]:
    stream = (say("figures.residual.stream"), [one.entering for one in updates], theme.ink, "circle")
    if any(one.attention is None or one.mlp is None for one in updates):
        total = [one.total for one in updates]
        return [stream, (say("figures.residual.layer"), total, theme.accent, "square")]
    attention = [one.attention or 0.0 for one in updates]
    mlp = [one.mlp or 0.0 for one in updates]
    return [
        stream,
        (say("figures.layers.attention"), attention, theme.accent, "square"),
        (say("figures.layers.mlp"), mlp, theme.quiet, "diamond"),
    ]


def _hovers(updates: Sequence[Update], lines: Sequence[Line]) -> list[str]:
    hovers = []
    for row, one in enumerate(updates):
        parts = [f"{name} <b>{lengths[row]:,.1f}</b>" for name, lengths, _, _ in lines]
        share = say("figures.residual.share", share=f"{one.total / one.entering:.0%}") if one.entering else ""
        hovers.append("<br>".join([f"<b>{say('figures.layers.layer', layer=row)}</b>", *parts, share]))
    return hovers
