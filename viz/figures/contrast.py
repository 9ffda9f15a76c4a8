"""A contrast set: for each filler, how likely each continuation is."""

from collections.abc import Sequence

import numpy as np

from model.sampler.distribution import Floats
from viz.figures.figure import Figure
from viz.figures.own_texts import own_name
from viz.figures.theme import SMALL, Theme, add_key, base_figure, luminance, placeholder
from viz.figures.token_labels import token_label, token_name, token_rows
from viz.words.percent import percent
from viz.words.strings import say

ROW, LINE, BOTTOM = 26, 18, 44
"""Pixels of a filler, of a line of the key, and below the rows."""
LABEL_LIMIT, KEY_LIMIT = 16, 12
"""Most characters of a filler, and of a continuation in the key."""
EACH = 4
"""Continuations in a line of the key: four fit across a phone."""
COLOURS = {
    False: ("#0072b2", "#d55e00", "#008060", "#9b4f96", "#6f5f00", "#1f2937"),
    True: ("#56b4e9", "#e69f00", "#2bc49b", "#e39ac7", "#f0e442", "#e5e7eb"),
}
"""By whether the card is dark: after Okabe and Ito 2008, told apart by the colour-blind as well."""
MARKS = (("circle", "●"), ("square", "■"), ("diamond", "◆"), ("triangle-up", "▲"), ("star", "★"))
"""Of Plotly, and as they stand in the key: five with six colours, so that no two of twelve are alike."""
MARGIN = 0.06
"""Of the axis beyond the outermost marks, of what they span."""


def contrast_figure(
    logprobs: Floats, fillers: Sequence[str], continuations: Sequence[str], *, theme: Theme
) -> Figure:
    """Draw a row for each filler, from the top, and in it a mark for each continuation.

    Args:
        logprobs: (n, m) of the continuations, nats, finite.
        fillers: n, raw.
        continuations: m, raw.
        theme: the colours.
    """
    if not len(logprobs):
        return placeholder(say("figures.contrast.empty"), theme=theme)
    lines = -(-len(continuations) // EACH)
    top = 14 + LINE * lines
    figure = base_figure(
        theme=theme,
        height=top + BOTTOM + ROW * len(fillers),
        margin={"l": 88, "t": top, "b": BOTTOM, "r": 16},
    )
    rows = list(range(len(fillers)))
    for low, high, row in zip(logprobs.min(axis=1), logprobs.max(axis=1), rows, strict=True):
        figure.add_shape(
            type="line", x0=float(low), x1=float(high), y0=row, y1=row, layer="below",
            line={"color": theme.grid, "width": 3},
        )  # fmt: skip
    for index, continuation in enumerate(continuations):
        symbol, _ = MARKS[index % len(MARKS)]
        figure.add_scatter(
            x=logprobs[:, index].tolist(),
            y=rows,
            mode="markers",
            cliponaxis=False,
            marker={"color": _colour(index, theme), "symbol": symbol, "size": 10},
            meta=own_name(continuation),
            customdata=[
                [token_name(filler, 40), percent(float(p)), token_name(continuation, 40)]
                for filler, p in zip(fillers, np.exp(logprobs[:, index]), strict=True)
            ],
            hovertemplate="<b>%{customdata[0]}</b> %{customdata[2]}<br>%{customdata[1]} · "
            + say("figures.contrast.hover")
            + " %{x:.2f}<extra></extra>",
        )
    _add_keys(figure, continuations, lines, theme)
    low, high = float(logprobs.min()), float(logprobs.max())
    room = MARGIN * (high - low) or 1.0
    figure.update_xaxes(
        range=[low - room, high + room],
        nticks=7,
        fixedrange=True,
        title={"text": say("figures.contrast.axis")},
    )
    figure.update_yaxes(**token_rows(fillers, color=theme.ink, size=SMALL, limit=LABEL_LIMIT))
    return figure


def _colour(index: int, theme: Theme) -> str:
    colours = COLOURS[luminance(theme.card) < 0.5]
    return colours[index % len(colours)]


def _add_keys(figure: Figure, continuations: Sequence[str], lines: int, theme: Theme) -> None:
    entries = [
        (MARKS[index % len(MARKS)][1], _colour(index, theme), token_label(one, KEY_LIMIT))
        for index, one in enumerate(continuations)
    ]
    for line in range(lines):
        lift = 4 + LINE * (lines - 1 - line)
        add_key(figure, entries[EACH * line : EACH * (line + 1)], lift=lift, shift=-80, theme=theme)
