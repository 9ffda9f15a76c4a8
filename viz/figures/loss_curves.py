"""How the loss falls while a model learns, and beneath it how it was made to."""

import math
from collections.abc import Sequence

import numpy as np

from model.training.progress import Point
from viz.figures.figure import Figure, Part
from viz.figures.theme import Theme, add_key, axis, base_figure, placeholder
from viz.words.strings import say

HEIGHT = 300
ROWS = 330
"""Height of the curves beneath."""
GAP = 0.09
"""Of the height, between two of them."""
MOST_POINTS = 600
"""Of a curve: more would not be told apart on a screen."""


def loss_curves_figure(
    points: Sequence[Point],
    validations: Sequence[tuple[int, float]],
    *,
    chance: float | None,
    steps: int | None = None,
    theme: Theme,
) -> Figure:
    """Draw the loss over the steps.

    Args:
        points: of the training part.
        validations: steps and losses of the validation part, nats a token.
        chance: the loss of a model that finds all tokens equally likely, the logarithm of their number.
        steps: where the axis ends: at the last step that is asked for; None for the last that there is.
        theme: the colours.
    """
    if not points and not validations:
        return placeholder(say("figures.loss.empty"), theme=theme, height=HEIGHT)
    figure = base_figure(theme=theme, height=HEIGHT, margin={"l": 52, "t": 30, "b": 42})
    some = thinned(points)
    figure.add_scatter(
        x=[point.step for point in some], y=_rounded([point.loss for point in some]),
        name=say("figures.loss.training"), mode="lines", line={"color": theme.accent, "width": 1.8},
        hovertemplate=loss_hover(),
    )  # fmt: skip
    figure.add_scatter(
        x=[step for step, _ in validations], y=_rounded([loss for _, loss in validations]),
        name=say("figures.loss.validation"), mode="lines+markers",
        line={"color": theme.glow_ink, "width": 1.8, "dash": "dot"}, marker={"size": 7},
        hovertemplate=loss_hover(),
    )  # fmt: skip
    key = [("─", theme.accent, say("figures.loss.training"))]
    if validations:
        key.append(("●", theme.glow_ink, say("figures.loss.validation")))
    if chance is not None:
        figure.add_shape(
            type="line", xref="paper", x0=0, x1=1, y0=chance, y1=chance,
            line={"color": theme.quiet, "width": 1, "dash": "dash"},
        )  # fmt: skip
        key.append(("┄", theme.quiet, say("figures.loss.chance")))
    add_key(figure, key, lift=8, shift=-44, theme=theme)
    step_axis(figure, steps)
    figure.update_yaxes(title={"text": say("figures.loss.nats")}, nticks=6, fixedrange=True)
    return figure


def text_losses_figure(losses: Sequence[tuple[int, float]], *, marked: int, theme: Theme) -> Figure:
    """Draw what one text costs the checkpoints of a training.

    Args:
        losses: steps and the loss there, nats a token.
        marked: the step that is looked at.
        theme: the colours.
    """
    if not losses:
        return placeholder(say("figures.loss.one_token"), theme=theme, height=HEIGHT)
    figure = base_figure(theme=theme, height=HEIGHT, margin={"l": 52, "t": 10, "b": 42})
    figure.add_scatter(
        x=[step for step, _ in losses], y=_rounded([loss for _, loss in losses]),
        name=say("figures.loss.of_text"), mode="lines+markers",
        line={"color": theme.accent, "width": 1.8}, marker={"size": 7}, hovertemplate=loss_hover(),
    )  # fmt: skip
    figure.add_shape(
        type="line", yref="paper", x0=marked, x1=marked, y0=0, y1=1, line={"color": theme.glow, "width": 2},
    )  # fmt: skip
    step_axis(figure, None)
    figure.update_yaxes(title={"text": say("figures.loss.nats")}, nticks=6, fixedrange=True)
    return figure


def optimisation_figure(points: Sequence[Point], *, theme: Theme) -> Figure:
    """Draw learning rate, gradient norm and speed over the steps, one beneath the other.

    Args:
        points: of the log.
        theme: the colours.
    """
    if not points:
        return placeholder(say("figures.loss.empty"), theme=theme, height=HEIGHT)
    figure = base_figure(theme=theme, height=ROWS, margin={"l": 64, "t": 10, "b": 42})
    some = thinned(points)
    steps = [point.step for point in some]
    rows = {
        "rate": [point.learning_rate for point in some],
        "gradient": [point.gradient_norm for point in some],
        "speed": [point.tokens_per_second for point in some],
    }
    for number, (name, values) in enumerate(rows.items()):
        ending = str(number + 1) if number else ""
        figure.add_scatter(
            x=steps, y=_rounded(values), yaxis=f"y{ending}", mode="lines",
            line={"color": theme.accent, "width": 1.6}, name=say(f"figures.optimisation.{name}"),
            hovertemplate=step_hover("%{y:.4g}"),
        )  # fmt: skip
        figure.update_layout(**{f"yaxis{ending}": _row(number, len(rows), name, theme)})
    step_axis(figure, None)
    figure.update_xaxes(anchor=f"y{len(rows)}")
    return figure


def loss_hover() -> str:
    """Return what is told of a point of a loss."""
    return step_hover("%{y:.3f}", say("figures.loss.unit"))


def step_hover(value: str, unit: str = "") -> str:
    """Return what is told of a point over the steps.

    Args:
        value: how it reads, as Plotly has it.
        unit: behind it.
    """
    return f"{say('figures.loss.step')} %{{x}}  <b>{value}</b> {unit}<extra>%{{fullData.name}}</extra>"


def step_axis(figure: Figure, steps: int | None) -> None:
    """Let the lower axis go over the steps, to the last that is asked for if that is known."""
    title = {"text": say("figures.loss.steps")}
    if steps is None:
        figure.update_xaxes(title=title, rangemode="tozero", fixedrange=True)
    else:
        figure.update_xaxes(title=title, range=[0, steps], fixedrange=True)


def thinned(points: Sequence[Point]) -> Sequence[Point]:
    """Return as many points as a screen can show, the last among them."""
    every = math.ceil(len(points) / MOST_POINTS)
    return points if every <= 1 else [*points[:-1:every], points[-1]]


def _row(number: int, count: int, name: str, theme: Theme) -> Part:
    """Return the axis of one row, counted from the top."""
    height = (1 - GAP * (count - 1)) / count
    top = 1 - number * (height + GAP)
    return {
        **axis(theme),
        "domain": [round(max(0.0, top - height), 4), round(top, 4)],
        "title": {"text": say(f"figures.optimisation.{name}_axis"), "font": {"size": 11}, "standoff": 6},
        "nticks": 4,
        "rangemode": "tozero",
        "exponentformat": "power",
        "fixedrange": True,
    }


def _rounded(values: Sequence[float]) -> list[float | None]:
    """Return numbers with six digits; what is none is a gap."""
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values]
