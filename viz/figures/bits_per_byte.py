"""How well checkpoints and models foresee the same text, with the interval of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from viz.figures.figure import Figure
from viz.figures.theme import Theme, base_figure, placeholder
from viz.words.strings import say

ROW = 34
"""Pixels of a model."""
EMPTY = 160


@dataclass(frozen=True)
class Measured:
    """One model on the text."""

    name: str
    value: float
    """Bits a byte."""
    low: float | None
    high: float | None


def bits_per_byte_figure(rows: Sequence[Measured], *, theme: Theme) -> Figure:
    """Draw a point for each model, with its interval; the best in the accent.

    Args:
        rows: in their order, the first on top.
        theme: the colours.
    """
    if not rows:
        return placeholder(say("figures.bits_per_byte.empty"), theme=theme, height=EMPTY)
    best = min(rows, key=lambda row: row.value)
    figure = base_figure(theme=theme, height=70 + ROW * len(rows), margin={"l": 150, "t": 10, "b": 42})
    figure.add_scatter(
        x=[round(row.value, 4) for row in rows], y=list(range(len(rows))), mode="markers",
        marker={"size": 10, "color": [theme.accent if row is best else theme.quiet for row in rows]},
        error_x={
            "type": "data", "symmetric": False, "thickness": 1.5, "color": theme.quiet,
            "array": [round((row.high or row.value) - row.value, 4) for row in rows],
            "arrayminus": [round(row.value - (row.low or row.value), 4) for row in rows],
        },
        hovertemplate=f"<b>%{{x:.3f}}</b> {say('figures.bits_per_byte.unit')}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title={"text": say("figures.bits_per_byte.axis")}, nticks=6, fixedrange=True)
    figure.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=[_short(row.name) for row in rows], autorange="reversed",
        showgrid=False, fixedrange=True,
    )  # fmt: skip
    return figure


def _short(name: str) -> str:
    return escape(name if len(name) <= 22 else name[:21] + "…", quote=False)
