"""What each token looked at: attention weights, queries down, keys across."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from viz.figures.figure import Figure, Part
from viz.figures.own_texts import own_places
from viz.figures.theme import SMALL, TICKS, Theme, base_figure, placeholder
from viz.figures.token_labels import token_axis, token_label
from viz.words.strings import say

MOST_LABELS = 24
"""Labels that stay apart on an axis at phone width."""
LABEL_LIMIT = 12
HEAD = 36
"""Pixels above the cells, for the scale."""
FEWEST_CELLS = 6
"""Cells that an axis has room for at least: the first tokens leave room for those to come."""
ROOM_FOR_NOTE = 0.6
"""Share of a row that must be empty, right of the diagonal, for the note to stand over it."""


def attention_heatmap(
    weights: NDArray[np.floating],
    *,
    tokens: Sequence[str],
    first_row: int = 0,
    first_column: int = 0,
    selected_row: int | None,
    theme: Theme,
) -> Figure:
    """Draw a window of an attention matrix, its weights unchanged, on a scale fixed to 0..1.

    Args:
        weights: (rows, columns) weight that query first_row + i puts on key first_column + j. Keys after the
            query are left blank, whatever the array holds there.
        tokens: raw texts of the whole text, indexed by position.
        first_row: position of the first query.
        first_column: position of the first key.
        selected_row: position of the query to frame; one outside the window frames nothing.
        theme: the colours.
    """
    if weights.size == 0:
        return placeholder(say("figures.attention.empty"), theme=theme, height=_height(0))
    rows = range(first_row, first_row + weights.shape[0])
    columns = range(first_column, first_column + weights.shape[1])
    future = np.asarray(columns)[None, :] > np.asarray(rows)[:, None]
    figure = base_figure(theme=theme, height=_height(len(rows)), margin={"l": 8, "r": 8, "t": HEAD, "b": 8})
    figure.add_trace(_heat(np.where(future, np.nan, weights).astype(np.float32), rows, columns, theme))
    name_scale(figure)
    _label_axes(figure, tokens, rows, columns, selected_row, theme)
    own_places(figure, x={at: tokens[at] for at in columns}, y={at: tokens[at] for at in rows})
    if selected_row is not None and selected_row in rows:
        _frame(figure, selected_row, columns, theme)
        _note(figure, selected_row, tokens, rows, columns, theme)
    return figure


def _height(rows: int) -> int:
    """Return the height in pixels: about square on a card, smaller for a short text."""
    return min(500, max(260, 150 + 24 * rows))


def _end(positions: range) -> float:
    """Return the far end of an axis."""
    return max(positions.stop, positions.start + FEWEST_CELLS) - 0.5


def _heat(weights: NDArray[np.float32], rows: range, columns: range, theme: Theme) -> Part:
    looks = say("figures.attention.looks_at")
    gap = 1 if max(len(rows), len(columns)) <= 32 else 0
    return {
        "type": "heatmap", "z": weights, "name": say("figures.attention.weight"),
        "x0": columns.start, "dx": 1, "y0": rows.start, "dy": 1,
        "zmin": 0, "zmax": 1,
        "colorscale": theme.heat,
        "xgap": gap, "ygap": gap,
        "hoverongaps": False,
        "hovertemplate": (
            f"<b>%{{y}}</b> {looks} <b>%{{x}}</b><br>"
            f"{say('figures.attention.weight')} %{{z:.4f}}<br>"
            f"{say('figures.attention.positions')} %{{y:d}} → %{{x:d}}<extra></extra>"
        ),
        "colorbar": color_bar(),
    }  # fmt: skip


def color_bar() -> Part:
    """Return the scale of weights above the plot, left of Plotly's buttons."""
    return {
        "orientation": "h", "x": 0.84, "xanchor": "right", "y": 1, "yanchor": "top", "yref": "container",
        "len": 0.46, "thickness": 8, "ypad": 0, "xpad": 0, "outlinewidth": 0,
        "tickvals": [0, 0.25, 0.5, 0.75, 1], "tickfont": {"size": TICKS}, "ticks": "",
    }  # fmt: skip


def name_scale(figure: Figure) -> None:
    """Write what the colours mean left of the colour bar; Plotly's buttons are right of it."""
    figure.add_annotation(
        text=say("figures.attention.weight"),
        x=0.36, xref="paper", xanchor="right", y=1, yref="paper", yanchor="bottom", yshift=22,
        showarrow=False, font={"size": SMALL},
    )  # fmt: skip


def _label_axes(
    figure: Figure,
    tokens: Sequence[str],
    rows: range,
    columns: range,
    selected: int | None,
    theme: Theme,
) -> None:
    """Name queries and keys; the key of the selected position is the last that its query can look at."""
    common = {"showgrid": False, "automargin": True, "tickfont": {"size": TICKS}}
    figure.update_xaxes(
        **token_axis(
            tokens, columns, selected=selected, color=theme.glow_ink, most=MOST_LABELS, limit=LABEL_LIMIT
        ),
        **common,
        title={"text": say("figures.attention.key")},
        tickangle=-90,
        range=[columns.start - 0.5, _end(columns)],
    )
    figure.update_yaxes(
        **token_axis(
            tokens, rows, selected=selected, color=theme.glow_ink, most=MOST_LABELS, limit=LABEL_LIMIT
        ),
        **common,
        title={"text": say("figures.attention.query")},
        range=[_end(rows), rows.start - 0.5],
    )


def _frame(figure: Figure, row: int, columns: range, theme: Theme) -> None:
    figure.add_shape(
        type="rect",
        x0=columns.start - 0.5,
        x1=_end(columns),
        y0=row - 0.5,
        y1=row + 0.5,
        line={"color": theme.glow, "width": 2},
    )


def _note(figure: Figure, row: int, tokens: Sequence[str], rows: range, columns: range, theme: Theme) -> None:
    """Say over the blank end of the framed row what it chose, from further up where the row is too full."""
    end = _end(columns)
    tail = min(row, int(end - ROOM_FOR_NOTE * (end - columns.start + 0.5)))
    if tail - 0.5 < rows.start:
        return
    chosen = row + 1
    here = say("figures.attention.chooses_here")
    if chosen < len(tokens):
        here = say("figures.attention.chooses", token=token_label(tokens[chosen], LABEL_LIMIT))
    figure.add_annotation(
        text=here,
        x=end, y=row - 0.5, ax=end, ay=tail - 0.5, axref="x", ayref="y",
        showarrow=tail < row, arrowhead=0, arrowwidth=1.5, arrowcolor=theme.glow,
        xanchor="right", yanchor="bottom",
        font={"size": SMALL, "color": theme.glow_ink},
    )  # fmt: skip
