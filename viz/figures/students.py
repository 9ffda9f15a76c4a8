"""Two students of the same size on the same text, of whom one has a teacher."""

from collections.abc import Sequence

from viz.figures.figure import Figure
from viz.figures.loss_curves import loss_hover
from viz.figures.theme import Theme, add_key, base_figure, placeholder
from viz.words.strings import say

HEIGHT = 260


def students_figure(
    taught: Sequence[tuple[int, float]], alone: Sequence[tuple[int, float]], *, theme: Theme
) -> Figure:
    """Draw the validation losses over the steps.

    Args:
        taught: steps and losses of the student with a teacher, nats a token.
        alone: of the one without.
        theme: the colours.
    """
    if not taught and not alone:
        return placeholder(say("figures.students.empty"), theme=theme, height=HEIGHT)
    figure = base_figure(theme=theme, height=HEIGHT, margin={"l": 52, "t": 30, "b": 42})
    curves = (
        (alone, say("figures.students.alone"), {"color": theme.glow_ink, "width": 2, "dash": "dot"}),
        (taught, say("figures.students.taught"), {"color": theme.accent, "width": 2.4}),
    )
    for points, name, line in curves:
        figure.add_scatter(
            x=[step for step, _ in points], y=[round(loss, 5) for _, loss in points], name=name, line=line,
            mode="lines+markers", marker={"size": 6}, hovertemplate=loss_hover(),
        )  # fmt: skip
    key = [("●", theme.accent, curves[1][1]), ("●", theme.glow_ink, curves[0][1])]
    add_key(figure, key, lift=8, shift=-44, theme=theme)
    figure.update_xaxes(title={"text": say("figures.loss.steps")}, rangemode="tozero", fixedrange=True)
    figure.update_yaxes(title={"text": say("figures.loss.nats")}, nticks=6, fixedrange=True)
    return figure
