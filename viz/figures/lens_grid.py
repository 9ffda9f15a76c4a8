"""The logit lens over a stretch of text: layers by positions, a cell for what the model would say there."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.interior.lens import LensColumn, LensLayer
from viz.figures.figure import Figure, Part
from viz.figures.layer_rows import BOTTOM, EMBEDDING, TOP, row_name, rows_figure
from viz.figures.own_texts import own_places
from viz.figures.theme import SMALL, TICKS, Theme, contrast, even_scale
from viz.figures.token_labels import token_label, token_name
from viz.words.strings import say

COLOURS = ("probability", "entropy", "rank")
"""What the colour of a cell may stand for."""
WORDS = 24
"""Positions up to which a cell has room for its token."""
WORD_LIMIT = 7
AXIS_LIMIT = 12
READABLE = 4.5
"""Contrast of a token with its cell (WCAG 2.2, AA)."""
HEAD = 108
"""Pixels above the cells: for the tokens that come next, and the scale."""
SOLE = 84
"""Pixels below them: for the tokens that were read."""


def lens_grid_figure(
    columns: Sequence[LensColumn],
    positions: range,
    *,
    tokens: Sequence[str],
    token_of: Callable[[int], str],
    colour: str,
    selected: int | None,
    layers: int,
    vocab_size: int,
    theme: Theme,
) -> Figure:
    """Draw a heatmap of layers by positions.

    Args:
        columns: those that are there, from the first position on; cells of the others are left blank.
        positions: of the queries.
        tokens: raw texts of the whole text, indexed by position.
        token_of: the raw text of a token id.
        colour: one of `COLOURS`.
        selected: position of the query to frame; one outside frames nothing.
        layers: L, of the model.
        vocab_size: bounds ranks and entropy.
        theme: the colours.
    """
    rows = range(-1, layers)
    figure = rows_figure(rows, [row_name(row) for row in rows], theme=theme)
    figure.update_layout(
        height=figure.plan["height"] - TOP - BOTTOM + HEAD + SOLE,
        margin={"t": HEAD, "b": SOLE, "l": 84, "r": 8},
    )
    figure.add_trace(_heat(columns, positions, rows, token_of, colour, vocab_size, theme))
    _name_axes(figure, positions, tokens, selected, theme)
    own_places(figure, x={at: tokens[at] for at in positions})
    _name_scale(figure, colour)
    if selected is not None and selected in positions:
        figure.add_shape(
            type="rect", x0=selected - 0.5, x1=selected + 0.5, y0=rows.start - 0.5, y1=rows.stop - 0.5,
            line={"color": theme.glow, "width": 2},
        )  # fmt: skip
    return figure


def values(columns: Sequence[LensColumn], count: int, colour: str, layers: int) -> NDArray[np.float32]:
    """Return (L + 1, count) what the colours stand for; NaN where nothing is known.

    Args:
        columns: the first ones.
        count: of all columns.
        colour: one of `COLOURS`; of ranks the log to base 10.
        layers: L.
    """
    known = np.full((layers + 1, count), np.nan, dtype=np.float32)
    for index, column in enumerate(columns):
        known[:, index] = [_value(one, colour) for one in column.layers]
    return known


def _value(one: LensLayer, colour: str) -> float:
    if colour == "probability":
        return one.probabilities[0]
    if colour == "entropy":
        return one.entropy_bits
    return np.nan if one.rank is None else float(np.log10(one.rank))


def _heat(
    columns: Sequence[LensColumn],
    positions: range,
    rows: range,
    token_of: Callable[[int], str],
    colour: str,
    vocab_size: int,
    theme: Theme,
) -> Part:
    names = min(_named(len(positions)), len(columns[0].layers[0].token_ids) if columns else 0)
    told = np.full((len(rows), len(positions), names + 1), "", dtype=object)
    words = np.full((len(rows), len(positions)), "", dtype=object)
    for index, column in enumerate(columns):
        told[:, index] = [_told(one, names, token_of) for one in column.layers]
        words[:, index] = [token_label(token_of(one.token_ids[0]), WORD_LIMIT) for one in column.layers]
    legible: dict[str, Any] = {}
    colours = [one for _, one in theme.heat]
    if len(positions) <= WORDS:
        legible = {"text": words, "texttemplate": "%{text}", "textfont": {"size": TICKS, "color": theme.ink}}
        colours = [one for one in colours if contrast(theme.ink, one) >= READABLE]
    return dict(
        type="heatmap", z=values(columns, len(positions), colour, len(rows) - 1),
        x0=positions.start, dx=1, y0=rows.start, dy=1, xgap=1, ygap=1,
        hoverongaps=False, customdata=told, hovertemplate=_template(names),
        **_scale(colour, vocab_size, colours), **legible,
    )  # fmt: skip


def _scale(colour: str, vocab_size: int, colours: Sequence[str]) -> dict[str, Any]:
    """Return the colours: strong is sure, and for ranks near the top."""
    bar: dict[str, Any] = {
        "orientation": "h", "x": 0.84, "xanchor": "right", "y": 1, "yanchor": "top", "yref": "container",
        "len": 0.3, "thickness": 8, "ypad": 0, "xpad": 0, "outlinewidth": 0,
        "tickfont": {"size": TICKS}, "ticks": "",
    }  # fmt: skip
    if colour == "probability":
        bar |= {"tickvals": [0, 0.5, 1], "tickformat": ".0%"}
        return {"zmin": 0, "zmax": 1, "colorscale": even_scale(" ".join(colours)), "colorbar": bar}
    if colour == "entropy":
        most = float(np.log2(max(2, vocab_size)))
        return {
            "zmin": 0,
            "zmax": most,
            "colorscale": even_scale(" ".join(colours[::-1])),
            "colorbar": bar | {"nticks": 4},
        }
    exponents = list(range(int(np.log10(max(2, vocab_size))) + 1))
    bar |= {"tickvals": exponents, "ticktext": [f"{10**exponent:,}" for exponent in exponents]}
    most = float(np.log10(max(2, vocab_size)))
    return {"zmin": 0, "zmax": most, "colorscale": even_scale(" ".join(colours[::-1])), "colorbar": bar}


def _named(count: int) -> int:
    """Return how many tokens hovering over a cell names: what is sent stays small where cells are many."""
    return 10 if count <= WORDS else 5 if count <= 2 * WORDS else 1


def _told(one: LensLayer, names: int, token_of: Callable[[int], str]) -> list[str]:
    """Return leading tokens of a cell, escaped, and the rank of what really came.

    Short, and without what all cells of a row or column share: there are more than a thousand of them.
    """
    told = [
        f"{token_label(token_of(token_id), 16)} {100 * probability:.1f}"
        for token_id, probability in zip(one.token_ids[:names], one.probabilities, strict=False)
    ]
    return [*told, "–" if one.rank is None else f"{one.rank:,}"]


def _template(names: int) -> str:
    """Return how to read `_told`: the names of row and column are aliases of the axes."""
    lines = [
        f"{say('figures.lens.row')} <b>%{{y}}</b> · {say('figures.lens.read_at')} <b>%{{x}}</b>",
        *(f"%{{customdata[{index}]}}\u00a0%" for index in range(names)),
        f"{say('figures.lens.next_rank')} %{{customdata[{names}]}}",
    ]
    return "<br>".join(lines) + "<extra></extra>"


def _name_axes(
    figure: Figure, positions: range, tokens: Sequence[str], selected: int | None, theme: Theme
) -> None:
    """Name below what the model has just read, and above what really comes next."""

    def ticks(shift: int) -> dict[str, Any]:
        texts = []
        for position in positions:
            known = position + shift < len(tokens)
            label = (
                token_label(tokens[position + shift], AXIS_LIMIT) if known else say("components.strip.next")
            )
            texts.append(f'<b style="color:{theme.glow_ink}">{label}</b>' if position == selected else label)
        return {"tickmode": "array", "tickvals": list(positions), "ticktext": texts, "tickangle": -90}

    common = {"range": [positions.start - 0.5, positions.stop - 0.5], "showgrid": False, "fixedrange": True}
    names = {str(at): token_name(tokens[at], AXIS_LIMIT) for at in positions}
    figure.update_xaxes(**ticks(0), **common, tickfont={"size": TICKS}, labelalias=names)
    figure.update_yaxes(labelalias={str(EMBEDDING): row_name(EMBEDDING)})
    figure.update_layout(
        xaxis2={
            **ticks(1), **common, "overlaying": "x", "side": "top", "zeroline": False,
            "tickfont": {"size": TICKS}, "ticks": "",
        }
    )  # fmt: skip
    # Plotly draws an axis only where something belongs to it.
    figure.add_scatter(x=[None], y=[None], xaxis="x2", hoverinfo="skip", mode="markers")
    for text, y, anchor in ((say("figures.lens.read"), 0, "top"), (say("figures.lens.next"), 1, "bottom")):
        figure.add_annotation(
            text=text, x=0, xref="paper", xanchor="right", xshift=-6, y=y, yref="paper", yanchor=anchor,
            showarrow=False, font={"size": SMALL},
        )  # fmt: skip


def _name_scale(figure: Figure, colour: str) -> None:
    figure.add_annotation(
        text=say(f"figures.lens.scale.{colour}"), x=0.53, xref="paper", xanchor="right", y=1, yref="paper",
        yanchor="bottom", yshift=HEAD - 18, showarrow=False, font={"size": SMALL},
    )  # fmt: skip
