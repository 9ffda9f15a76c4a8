"""What heads, attentions and MLPs did to a token, measured by taking each away, beside where heads look."""

import numpy as np
from numpy.typing import NDArray

from viz.figures.attention import color_bar
from viz.figures.figure import Figure
from viz.figures.layer_rows import BOTTOM, TOP, row_name, rows_figure, rows_height, signed
from viz.figures.own_texts import own_name
from viz.figures.theme import SMALL, TICKS, ColorScale, Theme, add_key, base_figure
from viz.words.strings import say

Values = NDArray[np.floating]
HEAD = 62
"""Pixels above the cells, for the scale."""
SCATTER_HEIGHT = 380
"""At least; beside the layers it is as high as they are."""
LEAST = 0.01
"""Nats that the scale reaches to at least: rounding alone must not look like an effect."""


def weight_map(weights: Values, *, theme: Theme) -> Figure:
    """Draw how hard each head looks at one token.

    Args:
        weights: (L, heads) the largest weight on any token but the first.
        theme: the colours.
    """
    return _map(weights, 0.0, 1.0, theme.heat, "weight", ":.3f", theme)


def effect_map(changes: Values, *, theme: Theme) -> Figure:
    """Draw how the logprob of a token changed when each head was taken away.

    Args:
        changes: (L, heads) nats; NaN for heads that were not tried yet.
        theme: the colours.
    """
    reach = _reach(changes)
    return _map(changes, -reach, reach, theme.diverging, "change", ":+.3f", theme)


def weight_and_effect(weights: Values, changes: Values, *, theme: Theme) -> Figure:
    """Draw every head as a point: how hard it looks, and what taking it away does.

    Args:
        weights: (L, heads) the largest weight on any token but the first.
        changes: (L, heads) of the logprob, nats; NaN for heads that were not tried yet.
        theme: the colours.
    """
    places = [
        (layer, head) for layer, head in np.ndindex(*changes.shape) if not np.isnan(changes[layer, head])
    ]
    place = say("figures.part_effects.place", layer="%{customdata[0]}", head="%{customdata[1]}")
    height = max(SCATTER_HEIGHT, rows_height(len(changes)))
    figure = base_figure(theme=theme, height=height, margin={"l": 64, "t": 14, "b": 48})
    figure.add_scatter(
        x=[float(weights[place]) for place in places],
        y=[float(changes[place]) for place in places],
        mode="markers", meta=own_name(say("figures.part_effects.heads")),
        marker={"color": theme.accent, "size": 8, "opacity": 0.7, "line": {"width": 0}},
        customdata=[list(place) for place in places],
        hovertemplate=(
            f"<b>{place}</b><br>{say('figures.part_effects.weight')} %{{x:.3f}}<br>"
            f"{say('figures.part_effects.change')} %{{y:+.3f}}<extra></extra>"
        ),
    )  # fmt: skip
    reach = 1.08 * _reach(changes)
    figure.update_xaxes(
        range=[-0.02, 1.02], title={"text": say("figures.part_effects.weight")}, fixedrange=True
    )
    figure.update_yaxes(
        range=[-reach, reach], title={"text": say("figures.part_effects.change")}, fixedrange=True,
        zeroline=True, zerolinecolor=theme.quiet, zerolinewidth=1,
    )  # fmt: skip
    return figure


def layer_effects(attentions: Values, mlps: Values, *, theme: Theme) -> Figure:
    """Draw two bars for each layer: what taking away its attention, and its MLP, did to the logprob.

    Args:
        attentions: (L,) nats; NaN where it was not tried yet.
        mlps: (L,) likewise, or where the model has none that can be told apart.
        theme: the colours.
    """
    rows = range(len(attentions))
    figure = rows_figure(rows, [row_name(row) for row in rows], theme=theme)
    bars = (
        ("figures.layers.attention", attentions, theme.accent, 0.02),
        ("figures.layers.mlp", mlps, theme.glow, -0.4),
    )
    for key, values, colour, offset in bars:
        known = [row for row in rows if not np.isnan(values[row])]
        figure.add_bar(
            x=[float(values[row]) for row in known], y=known, orientation="h", width=0.38, offset=offset,
            marker={"color": colour}, meta=own_name(say(key)),
            customdata=[[signed(float(values[row]))] for row in known],
            hovertemplate=(
                f"<b>{say('figures.layers.layer', layer='%{y}')}</b><br>{say(key)} %{{customdata[0]}}"
                "<extra></extra>"
            ),
        )  # fmt: skip
    reach = 1.05 * _reach(np.concatenate([attentions, mlps]))
    figure.update_xaxes(
        range=[-reach, reach], title={"text": say("figures.part_effects.change")}, fixedrange=True,
        zeroline=True, zerolinecolor=theme.quiet, zerolinewidth=1, nticks=6,
    )  # fmt: skip
    add_key(figure, [("■", colour, say(key)) for key, _, colour, _ in bars], lift=8, theme=theme)
    return figure


def _map(
    values: Values, low: float, high: float, scale: ColorScale, key: str, form: str, theme: Theme
) -> Figure:
    layers, heads = values.shape
    rows = range(layers)
    figure = rows_figure(rows, [row_name(row) for row in rows], theme=theme)
    figure.update_layout(
        height=figure.plan["height"] - TOP - BOTTOM + HEAD + BOTTOM, margin={"t": HEAD, "b": BOTTOM, "r": 8}
    )
    name = say(f"figures.part_effects.{key}")
    ticks = {"tickvals": [low, (low + high) / 2, high], "tickformat": ".2~f"}
    figure.add_heatmap(
        z=values.astype(np.float32), x0=0, dx=1, y0=0, dy=1, xgap=1, ygap=1, zmin=low, zmax=high,
        colorscale=scale, colorbar={**color_bar(), **ticks}, hoverongaps=False,
        meta=own_name(name),
        hovertemplate=(
            f"<b>{say('figures.part_effects.place', layer='%{y}', head='%{x}')}</b><br>"
            f"{name} %{{z{form}}}<extra></extra>"
        ),
    )  # fmt: skip
    figure.add_annotation(
        text=name, x=0, xref="paper", xanchor="left", y=1, yref="paper", yanchor="bottom", yshift=6,
        showarrow=False, font={"size": SMALL},
    )  # fmt: skip
    figure.update_xaxes(
        range=[-0.5, heads - 0.5], title={"text": say("figures.part_effects.head")},
        dtick=max(1, heads // 16), tickfont={"size": TICKS}, showgrid=False, fixedrange=True,
    )  # fmt: skip
    figure.update_yaxes(title={"text": say("figures.part_effects.layer")})
    return figure


def _reach(changes: Values) -> float:
    """Return how far the scale of changes goes to either side."""
    known = np.abs(changes[~np.isnan(changes)])
    return max(LEAST, float(known.max())) if len(known) else LEAST
