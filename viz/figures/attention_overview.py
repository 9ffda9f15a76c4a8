"""Attention over a text too long for a cell per pair: the strongest of each square, and one row exactly."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model.interior.attention_view import strongest
from viz.figures.attention import HEAD, LABEL_LIMIT, MOST_LABELS, color_bar, name_scale
from viz.figures.figure import Figure
from viz.figures.own_texts import own_name, own_places
from viz.figures.theme import SMALL, TICKS, Theme, base_figure
from viz.figures.token_labels import token_axis, token_label, token_name
from viz.words.strings import say

HEIGHT = 540
MOST_CELLS = 200
"""Pairs that are drawn one by one, along each side: their numbers weigh 213 kB."""
MOST_SQUARES = 150
"""Squares along each side of a longer text: 120 kB, beside the names of all its tokens."""
SQUARE_LIMIT = 24
"""Characters of the text of a square's side."""
STRIP = (0.0, 0.05)
MAP = (0.13, 1.0)
"""Where the exact row and the squares stand, as shares of the height."""


def block_of(length: int, most: int = MOST_SQUARES) -> int:
    """Return how many positions a square spans along each side: odd, so that its middle is a token."""
    return -(-length // most) | 1


def attention_overview(
    weights: NDArray[np.floating], *, tokens: Sequence[str], selected_row: int | None, theme: Theme
) -> Figure:
    """Draw a whole attention matrix in squares of tokens, over the exact weights of the selected query.

    Args:
        weights: (T, T) weight that a query (row) puts on a key; keys after the query are left out.
        tokens: raw texts, indexed by position.
        selected_row: position of the query whose weights are drawn one by one; None for none.
        theme: the colours.
    """
    length = len(weights)
    block = block_of(length)
    figure = base_figure(theme=theme, height=HEIGHT, margin={"l": 8, "r": 8, "t": HEAD, "b": 8})
    seen = np.where(np.tri(length, dtype=bool), weights, np.nan).astype(np.float32)
    squares = strongest(seen, block)
    figure.add_heatmap(
        z=squares, name=say("figures.attention.strongest"), **_places(block), zmin=0, zmax=1,
        colorscale=theme.heat, colorbar=color_bar(), hoverongaps=False, hovertemplate=_square_hover(block),
    )  # fmt: skip
    name_scale(figure)
    _squares_axes(figure, tokens, length, block)
    if selected_row is not None and 0 <= selected_row < length:
        _exact_row(figure, seen[selected_row], tokens, selected_row, theme)
    return figure


def _places(block: int) -> dict[str, int]:
    """Return where the middles of the squares are."""
    return {"x0": block // 2, "dx": block, "y0": block // 2, "dy": block}


def _square_hover(block: int) -> str:
    return (
        f"<b>%{{y}}</b> {say('figures.attention.looks_at')} <b>%{{x}}</b><br>"
        f"{say('figures.attention.weight')} %{{z:.4f}}<br>"
        f"{say('figures.attention.square', count=block)} %{{y:d}} → %{{x:d}}<extra></extra>"
    )


def _squares_axes(figure: Figure, tokens: Sequence[str], length: int, block: int) -> None:
    """Name the sides of the squares by the tokens in them."""
    texts = {
        start + block // 2: "".join(tokens[start : min(start + block, length)])
        for start in range(0, length, block)
    }
    names = {str(middle): token_name(text, SQUARE_LIMIT) for middle, text in texts.items()}
    ticks = list(texts)[:: -(-len(texts) // MOST_LABELS)]
    common = {
        "showgrid": False, "automargin": True, "tickfont": {"size": TICKS}, "tickmode": "array",
        "tickvals": ticks, "ticktext": [
            token_label(tokens[min(at, length - 1)], LABEL_LIMIT) for at in ticks
        ],
        "labelalias": names, "tickformat": "d", "hoverformat": "d",
    }  # fmt: skip
    figure.update_xaxes(
        **common, title={"text": say("figures.attention.key")}, tickangle=-90, range=[-0.5, length - 0.5],
        anchor="free", position=0.0,
    )  # fmt: skip
    figure.update_yaxes(
        **common, title={"text": say("figures.attention.query")}, range=[length - 0.5, -0.5], domain=list(MAP)
    )
    own_places(figure, x=texts, y=texts)


def _exact_row(
    figure: Figure, row: NDArray[np.float32], tokens: Sequence[str], selected: int, theme: Theme
) -> None:
    """Draw the weights of one query, token by token, beneath the squares, and mark its row in them."""
    label = token_label(tokens[selected], LABEL_LIMIT)
    figure.add_heatmap(
        z=row[None, :], x0=0, dx=1, y0=0, dy=1, xaxis="x2", yaxis="y2", zmin=0, zmax=1,
        colorscale=theme.heat, showscale=False, hoverongaps=False,
        meta=own_name(""),  # whoever saves the numbers of the figure gets the squares
        hovertemplate=(
            f"<b>{label}</b> {say('figures.attention.looks_at')} <b>%{{x}}</b><br>"
            f"{say('figures.attention.weight')} %{{z:.4f}}<br>"
            f"{say('figures.attention.positions')} {selected} → %{{x:d}}<extra></extra>"
        ),
    )  # fmt: skip
    figure.update_layout(
        xaxis2={
            **token_axis(
                tokens, range(len(row)), selected=None, color=theme.glow_ink, most=1, limit=LABEL_LIMIT
            ),
            "matches": "x", "anchor": "y2", "showticklabels": False, "showgrid": False, "zeroline": False,
            "ticks": "",
        },
        yaxis2={
            "domain": list(STRIP), "range": [-0.5, 0.5], "fixedrange": True, "showgrid": False,
            "zeroline": False, "showticklabels": False, "ticks": "",
        },
    )  # fmt: skip
    figure.add_shape(
        type="line", x0=-0.5, x1=len(row) - 0.5, y0=selected, y1=selected,
        line={"color": theme.glow, "width": 2},
    )  # fmt: skip
    figure.add_annotation(
        text=say("figures.attention.exact_row", token=label), x=0, xref="paper", xanchor="left",
        y=STRIP[1], yref="paper", yanchor="bottom", yshift=3, showarrow=False,
        font={"size": SMALL, "color": theme.glow_ink},
    )  # fmt: skip
