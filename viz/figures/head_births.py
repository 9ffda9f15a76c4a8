"""What every head of a model looks at while the model learns: the moment when one begins to do its work."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model.training.progress import MEASURES
from viz.figures.figure import Figure, Part
from viz.figures.loss_curves import step_axis, step_hover
from viz.figures.theme import Theme, axis, base_figure, placeholder
from viz.words.strings import say

HEIGHT = 420
GAP = 0.12
"""Of the height, between two rows."""

Heads = Sequence[tuple[int, dict[str, NDArray[np.float64]]]]
"""Steps, and (layers, heads) scores by the names of `MEASURES`."""


def leading(scores: NDArray[np.float64]) -> tuple[int, int]:
    """Return layer and head of the highest score."""
    layer, head = np.unravel_index(int(np.argmax(scores)), scores.shape)
    return int(layer), int(head)


def head_births_figure(heads: Heads, *, steps: int | None = None, theme: Theme) -> Figure:
    """Draw a line for every head in three rows, the head that leads at last in the accent.

    Args:
        heads: of every look.
        steps: where the axis ends; None for the last look.
        theme: the colours.
    """
    if not heads:
        return placeholder(say("figures.births.empty"), theme=theme, height=HEIGHT)
    figure = base_figure(theme=theme, height=HEIGHT, margin={"l": 52, "r": 70, "t": 26, "b": 42})
    looks = [step for step, _ in heads]
    for row, measure in enumerate(MEASURES):
        values = np.stack([scores[measure] for _, scores in heads])
        best = leading(values[-1])
        places = [tuple(map(int, place)) for place in np.ndindex(values.shape[1:])]
        for place in sorted(places, key=lambda one: one == best):  # the one that leads lies on top
            figure.add_trace(_line(looks, values[:, place[0], place[1]], place, row, place == best, theme))
        ending = str(row + 1) if row else ""
        figure.update_layout(**{f"yaxis{ending}": _row(row, theme)})
        _tell(figure, row, measure, best, float(values[-1][best]), looks[-1], theme)
    step_axis(figure, steps)
    figure.update_xaxes(anchor=f"y{len(MEASURES)}")
    return figure


def _line(
    steps: list[int],
    values: NDArray[np.float64],
    place: tuple[int, ...],
    row: int,
    leads: bool,
    theme: Theme,
) -> Part:
    return {
        "type": "scatter",
        "x": steps,
        "y": values.round(4),
        "yaxis": f"y{row + 1}" if row else "y",
        "mode": "lines+markers" if leads else "lines",
        "line": {"color": theme.accent, "width": 3} if leads else {"color": theme.quiet, "width": 0.8},
        "marker": {"size": 5},
        "opacity": 1 if leads else 0.6,
        "name": say("figures.births.head", layer=place[0], head=place[1]),
        "hovertemplate": step_hover("%{y:.0%}"),
    }


def _tell(
    figure: Figure, row: int, measure: str, best: tuple[int, int], value: float, step: int, theme: Theme
) -> None:
    """Write what a row shows above it, and beside its end which head leads."""
    top = _domain(row)[1]
    figure.add_annotation(
        text=say(f"figures.births.{measure}"), xref="paper", x=0, xanchor="left", yref="paper", y=top,
        yanchor="bottom", showarrow=False, xshift=-44, yshift=3, font={"color": theme.ink},
    )  # fmt: skip
    figure.add_annotation(
        text=say("figures.births.best", layer=best[0], head=best[1], value=f"{value:.2f}"),
        xref="x", x=step, xanchor="left", yref=f"y{row + 1}" if row else "y", y=round(value, 4),
        showarrow=False, xshift=8, font={"color": theme.accent},
    )  # fmt: skip


def _domain(row: int) -> tuple[float, float]:
    height = (1 - GAP * (len(MEASURES) - 1)) / len(MEASURES)
    top = 1 - row * (height + GAP)
    return round(max(0.0, top - height), 4), round(top, 4)


def _row(row: int, theme: Theme) -> Part:
    return {
        **axis(theme),
        "domain": list(_domain(row)),
        "range": [-0.03, 1.03],
        "tickvals": [0, 0.5, 1],
        "fixedrange": True,
    }
