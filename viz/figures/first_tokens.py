"""How often each token came first among many continuations, against its probability."""

from collections.abc import Sequence

from model.lab.rollout_statistics import FirstToken
from viz.figures.figure import Figure
from viz.figures.own_texts import own_table
from viz.figures.theme import SMALL, Theme, add_key, base_figure, placeholder
from viz.figures.token_labels import token_name, token_rows
from viz.words.strings import say

ROW = 25
"""Pixels of one token."""
ROUND = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.4, 0.5, 0.6, 0.8, 1.0)
"""Where the axis of shares may end."""
LABEL_LIMIT = 12
COLUMNS = ("token", "count", "low", "high", "probability")
"""What is told of each token, beside its share."""
LEFT = 88
"""Pixels for the names of the tokens, at least."""


def first_tokens_figure(rows: Sequence[FirstToken], labels: Sequence[str], *, theme: Theme) -> Figure:
    """Draw the probability of each token as a bar, and its observed share as a dot with its 95 % band.

    Args:
        rows: the tokens, from the top.
        labels: raw texts of the tokens.
        theme: the colours.
    """
    if not rows:
        return placeholder(say("figures.first.empty"), theme=theme)
    top = next(end for end in ROUND if end >= max(*(row.high for row in rows), rows[0].probability) - 1e-9)
    figure = base_figure(
        theme=theme, height=72 + ROW * len(rows), margin={"l": LEFT, "t": 26, "b": 40, "r": 16}
    )
    positions = list(range(len(rows)))
    figure.add_bar(
        x=[row.probability for row in rows],
        y=positions,
        orientation="h",
        width=0.62,
        marker={"color": theme.bands[2], "line": {"width": 0}},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[row.share for row in rows],
        y=positions,
        mode="markers",
        cliponaxis=False,
        marker={"color": [_colour(row, theme) for row in rows], "size": 9},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [row.high - row.share for row in rows],
            "arrayminus": [row.share - row.low for row in rows],
            "color": theme.quiet,
            "thickness": 1.5,
            "width": 4,
        },
        meta=own_table(
            [say(f"figures.first.{key}") for key in ("share_hover", *COLUMNS)],
            labels,
        ),
        customdata=[
            [token_name(label, 40), row.count, row.low, row.high, row.probability]
            for row, label in zip(rows, labels, strict=True)
        ],
        hovertemplate=_hover(),
    )
    entries = [
        ("■", theme.bands[2], say("figures.first.probability")),
        ("●", theme.accent, say("figures.first.share")),
    ]
    if not all(row.inside for row in rows):
        entries.append(("●", theme.glow, say("figures.first.outside")))
    # The key needs the whole width on a phone.
    add_key(figure, entries, lift=4, shift=-LEFT, theme=theme)
    figure.update_xaxes(
        range=[0, top], tickformat=".0%", nticks=6, fixedrange=True, title={"text": say("figures.first.axis")}
    )
    figure.update_yaxes(**token_rows(labels, color=theme.ink, size=SMALL, limit=LABEL_LIMIT))
    return figure


def _colour(row: FirstToken, theme: Theme) -> str:
    return theme.accent if row.inside else theme.glow


def _hover() -> str:
    rows = (
        "<b>%{customdata[0]}</b>",
        say("figures.first.count") + " %{customdata[1]:,d}",
        say("figures.first.share_hover") + " %{x:.1%} (%{customdata[2]:.1%} – %{customdata[3]:.1%})",
        say("figures.first.probability") + " %{customdata[4]:.2%}",
    )
    return "<br>".join(rows) + "<extra></extra>"
