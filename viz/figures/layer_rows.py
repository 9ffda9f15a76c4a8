"""Layers as the rows of a figure: the embedding at the bottom, the last layer at the top.

A row is named after the layer that has just acted, counted from 0 as everywhere; below layer 0 stands the
embedding, at coordinate -1.
"""

from collections.abc import Sequence
from typing import Any

from viz.figures.figure import Figure
from viz.figures.theme import CLEAR, TICKS, Theme, base_figure
from viz.words.strings import say

EMBEDDING = -1
"""The coordinate of the row under layer 0."""
TOP, BOTTOM = 46, 40
"""Pixels above and below the rows."""
ROW, THIN_ROW, WIDE_ROW = 16, 12, 28
MANY, FEW = 49, 8
"""Rows from which they are thin, and up to which there is room to spare."""


def row_name(layer: int) -> str:
    """Return the name of a row."""
    return say("figures.layers.embedding") if layer == EMBEDDING else str(layer)


def after(acted: int) -> str:
    """Return when so many layers have acted, as a title."""
    return say("figures.lens.after", layer=acted - 1) if acted else say("figures.lens.after_embedding")


def rows_figure(rows: range, names: Sequence[str], *, theme: Theme) -> Figure:
    """Return an empty figure with a row for each layer.

    Args:
        rows: coordinates, from the bottom to the top.
        names: of the rows, escaped.
        theme: the colours.
    """
    figure = base_figure(theme=theme, height=rows_height(len(rows)), margin={"l": 8, "t": TOP, "b": BOTTOM})
    figure.update_layout(barmode="overlay", bargap=0)
    figure.update_yaxes(
        range=[rows.start - 0.5, rows.stop - 0.5],
        tickmode="array", tickvals=list(rows), ticktext=list(names), tickfont={"size": TICKS},
        automargin=True, showgrid=False, fixedrange=True,
    )  # fmt: skip
    return figure


def band(theme: Theme, hovers: Sequence[str], **trace: Any) -> dict[str, Any]:
    """Return a trace of columns that nobody sees, so that a row can be hovered where its mark is tiny.

    Args:
        theme: the colours.
        hovers: one escaped text for each row.
        trace: `x` how far each reaches, `y` the rows.
    """
    return {
        "type": "bar", "orientation": "h", "width": 1, "marker": {"color": CLEAR},
        "hovertemplate": "%{customdata[0]}<extra></extra>",
        "customdata": [[hover] for hover in hovers],
        "hoverlabel": {"bordercolor": theme.quiet},
        **trace,
    }  # fmt: skip


def in_lines(parts: Sequence[str], each: int) -> str:
    """Return parts of a hover text, so many in a line."""
    return "<br>".join(" · ".join(parts[at : at + each]) for at in range(0, len(parts), each))


def signed(number: float) -> str:
    """Return a contribution: +2.31, −0.40."""
    return f"{number:+.2f}".replace("-", "−")


def rows_height(rows: int) -> int:
    """Return the height of a figure of so many rows, in pixels."""
    row = WIDE_ROW if rows <= FEW else ROW if rows <= MANY else THIN_ROW
    return TOP + BOTTOM + row * rows
