"""A map of activation patching: how much of the clean run comes back, layer by layer and place by place."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viz.figures.figure import Figure
from viz.figures.layer_rows import BOTTOM, TOP, row_name, rows_figure
from viz.figures.own_texts import own_places
from viz.figures.theme import SMALL, TICKS, Theme, placeholder
from viz.figures.token_labels import labelled_positions, token_label, token_name
from viz.words.strings import say

HEAD, SOLE = 62, 96
"""Pixels above the cells, for the scale, and below them, for the tokens."""
MOST_LABELS = 32
LABEL_LIMIT = 9
NAME_LIMIT = 16
HALVES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""Where the scale may end; what lies beyond the last is drawn as it."""


def positions_figure(
    values: NDArray[np.floating],
    *,
    site: str,
    clean: Sequence[str],
    corrupted: Sequence[str],
    first: int,
    chosen: tuple[int, int] | None,
    theme: Theme,
) -> Figure:
    """Draw a heatmap of layers by positions.

    Args:
        values: (L, T) the share of the clean logit difference that is restored; NaN where it is not known.
        site: residual, attention or mlp: what was patched.
        clean: (T,) raw tokens of the one prompt.
        corrupted: (T,) of the other.
        first: position at which the map begins.
        chosen: layer and position to frame.
        theme: the colours.
    """
    if not values.size:
        return placeholder(say("figures.patching.empty"), theme=theme)
    columns = range(first, len(clean))
    figure = _map(values[:, first:], columns, site, chosen, theme)
    differs = [at for at in columns if clean[at] != corrupted[at]]

    def named(at: int, name: Any, limit: int) -> str:
        if clean[at] == corrupted[at]:
            return str(name(clean[at], limit))
        return f"{name(clean[at], limit)} / {name(corrupted[at], limit)}"

    ticks = sorted({*labelled_positions(columns, through=None, most=MOST_LABELS), *differs})
    texts = [named(at, token_label, LABEL_LIMIT) for at in ticks]
    marked = [
        f'<b style="color:{theme.glow_ink}">{text}</b>' if at in differs else text
        for at, text in zip(ticks, texts, strict=True)
    ]
    figure.update_xaxes(
        tickmode="array", tickvals=ticks, ticktext=marked, tickangle=-90,
        labelalias={str(at): named(at, token_name, NAME_LIMIT) for at in columns},
    )  # fmt: skip
    own_places(figure, x={at: _own(clean[at], corrupted[at]) for at in columns})
    return figure


def heads_figure(values: NDArray[np.floating], *, chosen: tuple[int, int] | None, theme: Theme) -> Figure:
    """Draw a heatmap of layers by heads; arguments as of `positions_figure`, values of (L, heads)."""
    if not values.size:
        return placeholder(say("figures.patching.empty"), theme=theme)
    heads = values.shape[1]
    figure = _map(values, range(heads), "head", chosen, theme)
    figure.update_layout(height=figure.plan["height"] - SOLE + BOTTOM, margin={"b": BOTTOM})
    figure.update_xaxes(dtick=max(1, heads // 16), title={"text": say("figures.patching.head")})
    return figure


def reach(values: NDArray[np.floating]) -> float:
    """Return where the scale ends to either side: one of `HALVES` that holds all values, else the last.

    Single heads and MLPs restore little each, and a map of them on a scale to 1 would be blank.
    """
    known = np.abs(values[np.isfinite(values)])
    largest = float(known.max()) if known.size else 0.0
    return next((end for end in HALVES if largest <= end + 0.05 * end), HALVES[-1])


def _own(clean: str, corrupted: str) -> str:
    return clean if clean == corrupted else f"{clean} / {corrupted}"


def _map(
    values: NDArray[np.floating], columns: range, site: str, chosen: tuple[int, int] | None, theme: Theme
) -> Figure:
    rows = range(len(values))
    figure = rows_figure(rows, [row_name(row) for row in rows], theme=theme)
    figure.update_layout(
        height=figure.plan["height"] - TOP - BOTTOM + HEAD + SOLE,
        margin={"t": HEAD, "b": SOLE, "l": 8, "r": 8},
    )
    end = reach(values)
    column = say("figures.patching.head" if site == "head" else "figures.patching.position")
    figure.add_heatmap(
        z=values.astype(np.float32), x0=columns.start, dx=1, y0=0, dy=1, xgap=1, ygap=1,
        zmin=-end, zmax=end, colorscale=theme.diverging, colorbar=_color_bar(end), hoverongaps=False,
        hovertemplate=(
            f"{say('figures.patching.layer')} <b>%{{y}}</b> · {column} <b>%{{x}}</b><br>"
            f"{say('figures.patching.restored')} %{{z:.3f}}<extra></extra>"
        ),
    )  # fmt: skip
    figure.add_annotation(
        text=say(f"figures.patching.scale.{site}"), x=0, xref="paper", xanchor="left", y=1, yref="paper",
        yanchor="bottom", yshift=6, showarrow=False, font={"size": SMALL},
    )  # fmt: skip
    figure.update_xaxes(
        range=[columns.start - 0.5, columns.stop - 0.5], tickfont={"size": TICKS}, showgrid=False,
        fixedrange=True,
    )  # fmt: skip
    figure.update_yaxes(title={"text": say("figures.patching.layer")})
    if chosen is not None and chosen[0] in rows and chosen[1] in columns:
        layer, at = chosen
        figure.add_shape(
            type="rect", x0=at - 0.5, x1=at + 0.5, y0=layer - 0.5, y1=layer + 0.5,
            line={"color": theme.glow, "width": 2},
        )  # fmt: skip
    return figure


def _color_bar(end: float) -> dict[str, Any]:
    """Return the scale above the plot, left of Plotly's buttons."""
    return {
        "orientation": "h", "x": 0.84, "xanchor": "right", "y": 1, "yanchor": "top", "yref": "container",
        "len": 0.46, "thickness": 8, "ypad": 0, "xpad": 0, "outlinewidth": 0,
        "tickvals": [-end, -end / 2, 0, end / 2, end], "tickfont": {"size": TICKS}, "ticks": "",
    }  # fmt: skip
