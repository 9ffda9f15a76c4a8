"""Probability of the leading tokens against temperature."""

from collections.abc import Sequence

import numpy as np

from model.sampler.effects import TemperatureSweep
from viz.figures.band_labels import Anchor, spot_in_band
from viz.figures.figure import Figure
from viz.figures.own_texts import own_name
from viz.figures.theme import SMALL, Theme, base_figure, ink_on, placeholder
from viz.figures.token_labels import token_label, token_name
from viz.words.strings import say
from viz.words.tokens import display_token

HEIGHT = 255
LABEL_LIMIT = 12
LABEL_ROOM = 0.1
"""Share of the plot's height that a label takes."""


def temperature_sweep_figure(
    sweep: TemperatureSweep, *, labels: Sequence[str], temperature: float, chosen: int | None, theme: Theme
) -> Figure:
    """Draw the probability of the leading tokens against temperature, stacked, with all others on top.

    Args:
        sweep: (N, m) probabilities of m tokens, most likely first.
        labels: (m,) raw texts of its tokens.
        temperature: the current one, marked; 0 and those beyond the sweep are marked at its edge.
        chosen: id of the token that was chosen; its band is in the accent.
        theme: the colours.
    """
    if len(sweep.token_ids) == 0:
        return placeholder(say("figures.sweep.empty"), theme=theme, height=HEIGHT)
    figure = base_figure(theme=theme, height=HEIGHT, margin={"t": 22, "b": 38})
    fills = _fills(sweep, chosen, theme)
    bands = np.column_stack([sweep.probabilities, sweep.others])
    names = [token_name(label, 24) for label in labels] + [say("figures.sweep.others")]
    own = [*labels, names[-1]]
    for name, text, heights, fill in zip(names, own, bands.T, fills, strict=True):
        figure.add_scatter(
            x=sweep.temperatures.round(4),
            y=heights.astype(np.float32),
            name=name,
            meta=own_name(text),
            mode="lines",
            stackgroup="probability",
            fillcolor=fill,
            line={"color": theme.card, "width": 0.75},
            hovertemplate="%{fullData.name}  <b>%{y:.1%}</b><extra></extra>",
        )
    low, high = float(sweep.temperatures[0]), float(sweep.temperatures[-1])
    at = min(max(temperature, low), high)
    _mark(figure, at=at, share=(at - low) / (high - low), temperature=temperature, theme=theme)
    _label_bands(figure, sweep, labels=labels, fills=fills, at=at, temperature=temperature, theme=theme)
    figure.update_layout(hovermode="x unified")
    figure.update_xaxes(
        title={"text": say("figures.sweep.temperature")}, range=[low, high], nticks=6, showgrid=False,
        fixedrange=True, unifiedhovertitle={"text": say("figures.sweep.temperature") + " %{x:.2f}"},
    )  # fmt: skip
    figure.update_yaxes(range=[0, 1], tickvals=[0, 0.5, 1], tickformat=".0%", showgrid=False, fixedrange=True)
    return figure


def _fills(sweep: TemperatureSweep, chosen: int | None, theme: Theme) -> list[str]:
    """Return the colour of each band; tokens past the last colour share it."""
    last = len(theme.bands) - 1
    fills = [theme.bands[min(index, last)] for index in range(len(sweep.token_ids))]
    fills = [
        theme.accent_fill if token == chosen else fill
        for token, fill in zip(sweep.token_ids, fills, strict=True)
    ]
    return [*fills, theme.others]


def _mark(figure: Figure, *, at: float, share: float, temperature: float, theme: Theme) -> None:
    """Draw the line of the current temperature and name it above the plot."""
    figure.add_shape(
        type="line", x0=at, x1=at, y0=0, y1=1, yref="paper", line={"color": theme.glow, "width": 2}
    )
    key = "figures.sweep.greedy" if temperature == 0 else "figures.sweep.now"
    figure.add_annotation(
        text=say(key, temperature=f"{temperature:g}"),
        x=at,
        y=1,
        yref="paper",
        yanchor="bottom",
        xanchor="left" if share < 0.3 else "right" if share > 0.7 else "center",
        showarrow=False,
        font={"size": SMALL, "color": theme.glow_ink},
    )


def _label_bands(
    figure: Figure,
    sweep: TemperatureSweep,
    *,
    labels: Sequence[str],
    fills: Sequence[str],
    at: float,
    temperature: float,
    theme: Theme,
) -> None:
    """Name the bands beside the marker, each inside its own band and only where it fits.

    Percentages are left out where the marker stands at the edge for a temperature that is not on the axis.
    """
    edges = np.column_stack([np.zeros(len(sweep.temperatures)), np.cumsum(sweep.probabilities, axis=1)])
    edges = np.column_stack([edges, np.ones(len(edges))])
    shares = [f" {np.interp(at, sweep.temperatures, band):.0%}" for band in sweep.probabilities.T]
    if at != temperature:
        shares = [""] * len(shares)
    shown = [display_token(label, LABEL_LIMIT) for label in labels] + [say("figures.sweep.others")]
    safe = [token_label(label, LABEL_LIMIT) for label in labels] + [say("figures.sweep.others")]
    beside: list[tuple[float, Anchor]] = [(at, "left"), (at, "right")]
    corner: list[tuple[float, Anchor]] = [*beside, (float(sweep.temperatures[-1]), "right")]
    for index, (token, share, fill) in enumerate(zip(shown, [*shares, ""], fills, strict=True)):
        spot = spot_in_band(
            edges[:, index],
            edges[:, index + 1],
            xs=sweep.temperatures,
            ends=corner if index == len(labels) else beside,
            text=token + share,
            room=LABEL_ROOM,
            line=at,
        )
        if spot is not None:
            figure.add_annotation(
                text=safe[index] + share,
                x=spot.x, y=spot.y, xanchor=spot.anchor, yanchor="middle",
                showarrow=False, font={"size": SMALL, "color": ink_on(fill, theme)},
            )  # fmt: skip
