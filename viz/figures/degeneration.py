"""How a text repeats itself, and how sure the model has become, position by position."""

from collections.abc import Sequence

import numpy as np

from model.lab.degeneration import HIGH_SHARE, LOW_BITS, Symptoms
from model.sampler.distribution import Floats
from viz.figures.figure import Figure, Part
from viz.figures.own_texts import own_places
from viz.figures.theme import Theme, base_figure, placeholder
from viz.figures.token_labels import token_axis
from viz.words.strings import say

HEIGHT = 220
TICKS_FIT, LABEL_LIMIT = 9, 8


def said_before_figure(found: Symptoms, tokens: Sequence[str], *, theme: Theme) -> Figure:
    """Draw the share of n-grams that were said before, against the position.

    Args:
        found: what was measured of the text.
        tokens: raw, of the whole text.
        theme: the colours.
    """
    return _figure(
        found.said_before, 0, tokens, found.repeats_from, HIGH_SHARE, theme,
        key="said_before", told=".0%", range=[0, 1.04], tickformat=".0%",
    )  # fmt: skip


def sliding_entropy_figure(found: Symptoms, tokens: Sequence[str], *, theme: Theme) -> Figure:
    """Draw the sliding mean of the model's entropy, against the position; arguments as above."""
    known = found.entropy[np.isfinite(found.entropy)]
    top = max(2 * LOW_BITS, 1.06 * float(known.max())) if len(known) else 1.0
    return _figure(
        found.entropy, found.first, tokens, found.sure_from, LOW_BITS, theme,
        key="sliding_entropy", told=".2f", range=[0, top], nticks=6,
    )  # fmt: skip


def _figure(
    values: Floats,
    first: int,
    tokens: Sequence[str],
    begins: int | None,
    bound: float,
    theme: Theme,
    *,
    key: str,
    told: str,
    **axis: object,
) -> Figure:
    """Draw a line with its bound, and a mark where it passed that for good.

    Args:
        values: NaN where there is none.
        first: position of the first.
        tokens: of the whole text.
        begins: the position that is marked; None for none.
        bound: drawn as a dotted line.
        theme: the colours.
        key: of the words.
        told: how a value is written where it is pointed at.
        axis: more on the one of the values.
    """
    there = np.flatnonzero(np.isfinite(values))
    if not len(there):
        return placeholder(say(f"figures.{key}.empty"), theme=theme)
    positions = range(first, first + len(values))
    figure = base_figure(theme=theme, height=HEIGHT, margin={"l": 52, "t": 14, "b": 64, "r": 14})
    figure.add_scatter(
        x=(there + first).tolist(),
        y=values[there].tolist(),
        mode="lines+markers" if len(there) < 3 else "lines",
        line={"color": theme.accent, "width": 2},
        hovertemplate="%{x}<br>" + say(f"figures.{key}.hover") + f" %{{y:{told}}}<extra></extra>",
    )
    line: Part = {"type": "line", "layer": "below"}
    dotted = {"color": theme.quiet, "width": 1, "dash": "dot"}
    figure.add_shape(**line, xref="paper", x0=0, x1=1, y0=bound, y1=bound, line=dotted)
    if begins is not None:
        figure.add_shape(
            **line, yref="paper", x0=begins, x1=begins, y0=0, y1=1, line={"color": theme.glow, "width": 2}
        )
    low = begins if begins is not None else first
    figure.update_xaxes(
        range=[min(first, low) - 0.5, positions.stop - 0.5],
        title={"text": say("figures.degeneration.axis")},
        fixedrange=True,
        **token_axis(
            tokens, range(min(first, low), positions.stop), selected=begins, color=theme.glow_ink,
            most=TICKS_FIT, limit=LABEL_LIMIT,
        ),
    )  # fmt: skip
    own_places(figure, x=dict(enumerate(tokens)))
    figure.update_yaxes(title={"text": say(f"figures.{key}.axis")}, fixedrange=True, **axis)
    return figure
