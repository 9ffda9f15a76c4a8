"""What becomes of a prediction where tokens are hidden, or shown again, in the order of a method's scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viz.figures.figure import Figure
from viz.figures.own_texts import own_name
from viz.figures.theme import Theme, add_key, base_figure, placeholder
from viz.words.strings import say

HEIGHT = 270


@dataclass(frozen=True, eq=False)
class HidingCurve:
    """One method's order."""

    name: str
    """Of the method."""
    shares: NDArray[np.float64]
    """(n,) of the tokens that were touched, 0 to 1."""
    values: NDArray[np.float64]
    """(n,) what is explained then, nats."""


def hiding_curves_figure(
    chosen: HidingCurve | None,
    others: Sequence[HidingCurve],
    chance: HidingCurve | None,
    *,
    shown_again: bool,
    difference: bool,
    theme: Theme,
) -> Figure:
    """Draw the curve of one method in the accent, those of others thin, and that of chance dotted.

    Args:
        chosen: the one that is looked at; None where it was not measured.
        others: all others that were.
        chance: the mean over orders drawn by chance.
        shown_again: whether tokens are shown again (insertion) instead of hidden (deletion).
        difference: whether two tokens are held against each other, and no logprob is followed.
        theme: the colours.
    """
    if chosen is None:
        return placeholder(say("figures.hiding.empty"), theme=theme, height=HEIGHT)
    figure = base_figure(theme=theme, height=HEIGHT, margin={"l": 52, "t": 30, "b": 40})
    for one in others:
        _line(figure, one, {"color": theme.quiet, "width": 1})
    if chance is not None:
        _line(figure, chance, {"color": theme.glow_ink, "width": 1.6, "dash": "dot"})
    _line(figure, chosen, {"color": theme.accent, "width": 3}, marked=True)
    marks = [("●", theme.accent, chosen.name)]
    marks += [("┄", theme.glow_ink, say("figures.hiding.chance"))] if chance is not None else []
    marks += [("─", theme.quiet, say("figures.hiding.others"))] if others else []
    add_key(figure, marks, lift=8, shift=-44, theme=theme)
    figure.update_xaxes(
        title={"text": say(f"figures.hiding.{'shown' if shown_again else 'hidden'}")},
        range=[-0.02, 1.02], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%", showgrid=False,
        fixedrange=True,
    )  # fmt: skip
    figure.update_yaxes(
        title={"text": say(f"figures.hiding.{'difference' if difference else 'logprob'}")},
        nticks=6, fixedrange=True,
    )  # fmt: skip
    return figure


def _line(figure: Figure, one: HidingCurve, line: dict[str, object], *, marked: bool = False) -> None:
    figure.add_scatter(
        x=one.shares.round(4), y=one.values.round(4), name=one.name, meta=own_name(one.name),
        mode="lines+markers" if marked else "lines", line=line, marker={"size": 5},
        hovertemplate="%{fullData.name}  %{x:.0%}  <b>%{y:.2f}</b><extra></extra>",
    )  # fmt: skip
