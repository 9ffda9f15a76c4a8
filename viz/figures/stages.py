"""The leading tokens through the stages of the sampler, column by column: what is cut, and what grows."""

from collections.abc import Collection, Sequence

import numpy as np

from model.sampler.stage_shares import StageShares
from viz.figures.band_labels import CHARACTER_WIDTH
from viz.figures.figure import Figure
from viz.figures.own_texts import own_name
from viz.figures.theme import SMALL, Theme, add_key, base_figure
from viz.figures.token_labels import token_label, token_name
from viz.words.strings import say
from viz.words.tokens import display_token

HEIGHT = 330
LABEL_LIMIT = 10
LABEL_ROOM = 0.055
"""Share of the plot's height that a label takes."""
WIDTH = 0.56
"""Of a column, of the distance from one to the next."""
STRAIGHT = 4
"""Columns whose names fit side by side on a phone."""


def stages_figure(
    shares: StageShares,
    *,
    labels: Sequence[str],
    columns: Sequence[str],
    chosen: int | None,
    dice: int | None,
    theme: Theme,
) -> Figure:
    """Draw a stacked column for the model, each stage, and what the dice are thrown on.

    Args:
        shares: (S, m) of m tokens in S columns.
        labels: (m,) raw texts of these tokens.
        columns: (S,) names of the columns.
        chosen: id of the token that stands in the text; it is in the accent.
        dice: id of the token that the dice choose now; in the glow where it is another.
        theme: the colours.
    """
    straight = len(columns) <= STRAIGHT
    room = max([len(display_token(label, LABEL_LIMIT)) for label in labels], default=0)
    margin = {"t": 30, "r": int(14 + CHARACTER_WIDTH * (max(room, 10) + 4)), "b": 36 if straight else 74}
    figure = base_figure(theme=theme, height=HEIGHT, margin=margin)
    fills = _fills(shares.token_ids.tolist(), chosen, dice, theme)
    bands = np.column_stack([shares.shares, shares.others])
    names = [*(token_name(label, 24) for label in labels), say("figures.stages.others")]
    _flows(figure, bands, shares.cut, fills, theme)
    hover = "%{x}<br>%{fullData.name}  <b>%{y:.3%}</b>%{customdata[0]}<extra></extra>"
    own = [*labels, names[-1]]
    for name, text, heights, fill in zip(names, own, bands.T, fills, strict=True):
        figure.add_bar(
            x=list(range(len(columns))), y=heights, width=WIDTH, name=name, hovertemplate=hover,
            meta=own_name(text),
            customdata=[[_grown(height, cut)] for height, cut in zip(heights, shares.cut, strict=True)],
            marker={"color": fill, "line": {"color": theme.card, "width": 0.75}},
        )  # fmt: skip
    figure.add_bar(
        x=list(range(len(columns))), y=shares.cut, width=WIDTH, name=say("figures.stages.cut"),
        customdata=[[_lost(shares, column)] for column in range(len(columns))],
        hovertemplate="%{x}<br>%{fullData.name}  <b>%{y:.3%}</b><br>%{customdata[0]}<extra></extra>",
        marker={
            "color": theme.card, "line": {"color": theme.quiet, "width": 0.75},
            "pattern": {
                "shape": "/", "fgcolor": theme.quiet, "bgcolor": theme.card, "size": 5, "solidity": 0.25,
            },
        },
    )  # fmt: skip
    _label_tokens(figure, len(columns) - 1, bands[-1], [*labels, None], fills, theme)
    _key(figure, shares, chosen, dice, theme)
    figure.update_layout(barmode="stack", bargap=0)
    figure.update_xaxes(
        tickvals=list(range(len(columns))), tickangle=0 if straight else -38,
        ticktext=[name if straight else name.replace("<br>", " ") for name in columns],
        labelalias={str(index): name.replace("<br>", " ") for index, name in enumerate(columns)},
        range=[-0.45, len(columns) - 0.6], showgrid=False, fixedrange=True,
    )  # fmt: skip
    figure.update_yaxes(range=[0, 1.002], tickvals=[0, 0.5, 1], tickformat=".0%", fixedrange=True)
    return figure


def _fills(token_ids: Sequence[int], chosen: int | None, dice: int | None, theme: Theme) -> list[str]:
    """Return the colour of each band; tokens past the last colour share it."""
    last = len(theme.bands) - 1
    special = {dice: theme.glow} | {chosen: theme.accent_fill}
    fills = [special.get(token, theme.bands[min(index, last)]) for index, token in enumerate(token_ids)]
    return [*fills, theme.others]


def _flows(
    figure: Figure,
    bands: "np.ndarray[tuple[int, int], np.dtype[np.float64]]",
    cut: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    fills: Sequence[str],
    theme: Theme,
) -> None:
    """Draw a pale stream from each column to the next, from what a stage left to what that became."""
    edges = np.column_stack([np.zeros(len(bands)), np.cumsum(bands, axis=1)])
    for band, fill in enumerate(fills):
        xs: list[float | None] = []
        ys: list[float | None] = []
        for column in range(len(bands) - 1):
            (low, high), (low_next, high_next) = edges[column : column + 2, band : band + 2]
            if high > low and high_next > low_next:
                left, right = column + WIDTH / 2, column + 1 - WIDTH / 2
                xs += [left, right, right, left, None]
                ys += [low, low_next, high_next, high, None]
        figure.add_scatter(
            x=xs, y=ys, mode="lines", fill="toself", fillcolor=fill, opacity=0.35,
            line={"width": 0}, hoverinfo="skip",
        )  # fmt: skip


def _grown(share: float, cut: float) -> str:
    """Say what a share becomes once what is cut is gone: the number that the table and the road give."""
    if share == 0 or cut == 0:
        return ""
    return "<br>" + say("figures.stages.of_left", share=f"<b>{share / (1 - cut):.3%}</b>")


def _lost(shares: StageShares, column: int) -> str:
    if column == 0 or shares.cut[column] == 0:
        return ""
    return say("figures.stages.lost", count=f"{shares.kept[column - 1] - shares.kept[column]:,}")


def _label_tokens(
    figure: Figure,
    column: int,
    shares: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    labels: Sequence[str | None],
    fills: Sequence[str],
    theme: Theme,
) -> None:
    """Name the tokens beside a column, where they are high enough."""
    tops = np.cumsum(shares)
    for top, share, label, fill in zip(tops, shares, labels, fills, strict=True):
        if share < LABEL_ROOM:
            continue
        name = say("figures.stages.others") if label is None else token_label(label, LABEL_LIMIT)
        special = fill in (theme.accent_fill, theme.glow)
        figure.add_annotation(
            text=f"<b>{name}</b> {share:.0%}" if special else f"{name} {share:.0%}",
            x=column + WIDTH / 2, xshift=5, y=top - share / 2, xanchor="left",
            yanchor="middle", showarrow=False, font={"size": SMALL, "color": theme.ink},
        )  # fmt: skip


def _key(figure: Figure, shares: StageShares, chosen: int | None, dice: int | None, theme: Theme) -> None:
    followed: Collection[int] = shares.token_ids.tolist()
    entries = [("■", theme.accent_fill, say("figures.stages.chosen"))] if chosen in followed else []
    if dice in followed and dice != chosen:
        entries.append(("■", theme.glow, say("figures.stages.dice")))
    if shares.cut.any():
        entries.append(("▨", theme.quiet, say("figures.stages.cut")))
    if entries:
        add_key(figure, entries, lift=8, theme=theme)
