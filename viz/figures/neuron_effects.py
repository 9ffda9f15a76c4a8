"""What taking away each MLP does to a token, and what taking away each neuron of one would do."""

from collections.abc import Sequence

import numpy as np

from model.interventions.neuron_effects import NeuronEffects
from viz.figures.figure import Figure
from viz.figures.layer_rows import band, row_name, rows_figure, signed
from viz.figures.own_texts import own_name, own_titles
from viz.figures.theme import Theme, add_key, base_figure, placeholder
from viz.figures.token_labels import token_label
from viz.words.strings import say

HEIGHT = 340
LABEL_LIMIT = 14
MARGIN = 0.06
"""Of an axis beyond the outermost marks, of what they span."""


def mlp_effects_figure(changes: Sequence[float], *, token: str, theme: Theme) -> Figure:
    """Draw a bar for each layer, the first at the bottom: how the token's logprob changes without its MLP.

    Args:
        changes: by layer, nats, the first layers while others are still computed.
        token: raw text of the token.
        theme: the colours.
    """
    if not changes:
        return placeholder(say("figures.neuron_effects.empty"), theme=theme)
    rows = range(len(changes))
    figure = rows_figure(rows, [row_name(row) for row in rows], theme=theme)
    figure.add_bar(
        x=list(changes),
        y=list(rows),
        orientation="h",
        width=0.64,
        hoverinfo="skip",
        marker={"color": [_colour(change, theme) for change in changes], "line": {"width": 0}},
        meta=own_name(say("figures.neuron_effects.mlp")),
    )
    low, high = _reach([*changes, 0.0])
    hovers = [f"{say('figures.layers.layer', layer=row)} <b>{signed(changes[row])}</b>" for row in rows]
    figure.add_trace(band(theme, hovers, x=[high - low] * len(rows), base=low, y=list(rows)))
    figure.update_xaxes(
        range=[low, high],
        nticks=6,
        fixedrange=True,
        zeroline=True,
        zerolinecolor=theme.quiet,
        zerolinewidth=1,
        title={"text": say("figures.neuron_effects.axis", token=token_label(token, LABEL_LIMIT))},
    )
    own_titles(figure, x=say("figures.neuron_effects.axis", token=token))
    _add_signs(figure, theme)
    return figure


def neuron_effects_figure(found: NeuronEffects, *, token: str, theme: Theme) -> Figure:
    """Draw a dot for each neuron, its estimate; and a diamond where the leading ones were taken away in fact.

    Args:
        found: of one layer.
        token: raw text of the token.
        theme: the colours.
    """
    figure = base_figure(theme=theme, height=HEIGHT, margin={"l": 60, "t": 30, "b": 44, "r": 16})
    leading, exact = list(found.leading), [one.change for one in found.exact]
    for neuron, change in zip(leading, exact, strict=True):
        figure.add_shape(
            type="line", x0=neuron, x1=neuron, y0=float(found.estimates[neuron]), y1=change, layer="below",
            line={"color": theme.quiet, "width": 1},
        )  # fmt: skip
    figure.add_scatter(
        x=np.arange(len(found.estimates), dtype=np.int32),
        y=found.estimates.astype(np.float32),
        mode="markers",
        marker={"color": theme.accent, "size": 4},
        meta=own_name(say("figures.neuron_effects.estimated")),
        hovertemplate=_hover("estimated"),
    )
    figure.add_scatter(
        x=leading,
        y=exact,
        mode="markers",
        cliponaxis=False,
        marker={
            "color": theme.glow, "symbol": "diamond", "size": 9, "line": {"color": theme.ink, "width": 1},
        },
        meta=own_name(say("figures.neuron_effects.exact")),
        hovertemplate=_hover("exact"),
    )  # fmt: skip
    marks = (("●", theme.accent, "estimated"), ("◆", theme.glow, "exact"))
    add_key(
        figure,
        [(mark, colour, say(f"figures.neuron_effects.{key}")) for mark, colour, key in marks],
        lift=6,
        theme=theme,
    )
    count = len(found.estimates)
    figure.update_xaxes(
        range=[-0.02 * count, 1.02 * count],
        nticks=7,
        tickformat="d",
        fixedrange=True,
        title={"text": say("figures.neuron_effects.neurons", layer=found.layer)},
    )
    figure.update_yaxes(
        range=list(_reach([0.0, *exact, float(found.estimates.min()), float(found.estimates.max())])),
        nticks=7,
        fixedrange=True,
        zeroline=True,
        zerolinecolor=theme.quiet,
        zerolinewidth=1,
        title={"text": say("figures.neuron_effects.short_axis")},
    )
    own_titles(figure, y=say("figures.neuron_effects.axis", token=token))
    return figure


def _add_signs(figure: Figure, theme: Theme) -> None:
    marks = ((theme.accent, "for"), (theme.glow, "against"))
    keys = [("■", colour, say(f"figures.neuron_effects.{key}")) for colour, key in marks]
    add_key(figure, keys, lift=8, theme=theme)


def _colour(change: float, theme: Theme) -> str:
    """Return the colour of a part: what makes the token less likely by its absence spoke for it."""
    return theme.accent if change < 0 else theme.glow


def _reach(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = MARGIN * (high - low) or 1.0
    return low - room, high + room


def _hover(key: str) -> str:
    return (
        say("figures.neuron_effects.neuron")
        + " %{x}<br>"
        + say(f"figures.neuron_effects.{key}")
        + " %{y:.3f}<extra></extra>"
    )
