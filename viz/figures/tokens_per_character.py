"""What a larger vocabulary buys: fewer tokens for the same text."""

from collections.abc import Sequence

from model.training.tokenizers import CurvePoint
from viz.figures.figure import Figure
from viz.figures.theme import Theme, base_figure, placeholder
from viz.words.strings import say

HEIGHT = 240


def tokens_per_character_figure(points: Sequence[CurvePoint], *, theme: Theme) -> Figure:
    """Draw the tokens of a character over the size of the vocabulary.

    Args:
        points: of several vocabularies, the smallest first.
        theme: the colours.
    """
    if not points:
        return placeholder(say("figures.vocabulary.empty"), theme=theme, height=HEIGHT)
    figure = base_figure(theme=theme, height=HEIGHT, margin={"l": 52, "t": 14, "b": 42})
    figure.add_scatter(
        x=[point.vocabulary for point in points],
        y=[round(point.tokens_per_character, 4) for point in points],
        mode="lines+markers", line={"color": theme.accent, "width": 2}, marker={"size": 7},
        hovertemplate=f"%{{x:,}}  <b>%{{y:.3f}}</b> {say('figures.vocabulary.unit')}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title={"text": say("figures.vocabulary.vocabulary")}, fixedrange=True)
    figure.update_yaxes(
        title={"text": say("figures.vocabulary.tokens")}, rangemode="tozero", nticks=5, fixedrange=True
    )
    return figure
