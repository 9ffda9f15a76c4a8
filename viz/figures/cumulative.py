"""Where the dice fall: the tokens laid end to end, most likely first, and the number that was thrown."""

from collections.abc import Callable, Sequence

from model.sampler.ladder import Rung
from viz.figures.figure import Figure
from viz.figures.own_texts import own_name, own_places
from viz.figures.theme import SMALL, Theme, base_figure
from viz.figures.token_labels import token_label
from viz.words.strings import say

HEIGHT = 330
LABEL_LIMIT = 9
TITLE_LIMIT = 14
MOST_LINES = 2
"""Sentences above the figure that its usual margin has room for."""
FEWEST = 5
"""Steps that there is room for, even where fewer tokens are left."""


def cumulative_figure(
    rungs: Sequence[Rung],
    *,
    token_of: Callable[[int], str],
    u: float | None,
    dice: int | None,
    chosen: int | None,
    why_no_dice: str,
    theme: Theme,
    coin: str = "",
) -> Figure:
    """Draw every token as a step as high as its probability, and u as a line to the step that it hits.

    Args:
        rungs: the tokens from 0 to 1.
        token_of: the text of a token id.
        u: the number that was thrown; None where there was none.
        dice: id of the token that it falls on.
        chosen: id of the token that stands in the text.
        why_no_dice: what to say where nothing was thrown.
        theme: the colours.
        coin: a sentence on the coin of XTC, which was thrown before; empty without one.
    """
    sentences = [*_sentences(token_of, u, dice, chosen, why_no_dice), *([coin] if coin else [])]
    figure = base_figure(
        theme=theme, height=HEIGHT, margin={"t": 44 + 16 * (len(sentences) > MOST_LINES), "b": 70}
    )
    names = [_name(rung, token_of) for rung in rungs]
    places = list(range(len(rungs)))
    figure.add_scatter(
        x=[place + side for place in places for side in (-0.5, -0.5, 0.5)],
        y=[height for rung in rungs for height in (rung.low, rung.high, rung.high)],
        mode="lines", line={"color": theme.quiet, "width": 1.25}, hoverinfo="skip",
    )  # fmt: skip
    figure.add_bar(
        x=places, y=[rung.probability for rung in rungs], base=[rung.low for rung in rungs], width=0.92,
        customdata=[[f"{rung.low:.4f}", f"{rung.high:.4f}", f"{rung.probability:.3%}"] for rung in rungs],
        hovertemplate="%{x}  <b>%{customdata[2]}</b><br>%{customdata[0]} – %{customdata[1]}<extra></extra>",
        marker={"color": [_fill(rung, dice, chosen, theme) for rung in rungs], "line": {"width": 0}},
        meta=own_name(say("figures.throws.probability")),
    )  # fmt: skip
    if u is not None:
        _mark(figure, rungs, u, dice, theme)
    _title(figure, sentences, theme)
    figure.update_xaxes(
        tickvals=places,
        ticktext=[f"<b>{name}</b>" if rung.token_id in (dice, chosen) and rung.token_id is not None else name
                  for name, rung in zip(names, rungs, strict=True)],
        labelalias={str(place): name for place, name in enumerate(names)},
        tickangle=-55, range=[-0.6, max(FEWEST, len(rungs)) - 0.4], showgrid=False, fixedrange=True,
    )  # fmt: skip
    own = (
        name if rung.token_id is None else token_of(rung.token_id)
        for name, rung in zip(names, rungs, strict=True)
    )
    own_places(figure, x=dict(enumerate(own)))
    figure.update_yaxes(range=[0, 1.01], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".2~f", fixedrange=True)
    return figure


def _name(rung: Rung, token_of: Callable[[int], str]) -> str:
    if rung.token_id is None:
        return say("figures.dice.more", count=f"{rung.count:,}".replace(",", "\u2009"))
    return token_label(token_of(rung.token_id), LABEL_LIMIT)


def _fill(rung: Rung, dice: int | None, chosen: int | None, theme: Theme) -> str:
    if rung.token_id is None:
        return theme.others
    if rung.token_id == chosen:
        return theme.accent_fill
    return theme.glow if rung.token_id == dice else theme.bands[1]


def _mark(figure: Figure, rungs: Sequence[Rung], u: float, dice: int | None, theme: Theme) -> None:
    """Draw u from the axis to the step that it falls on."""
    at = next((place for place, rung in enumerate(rungs) if rung.token_id == dice), 0)
    figure.add_scatter(
        x=[-0.6, at], y=[u, u], mode="lines+markers", line={"color": theme.glow_ink, "width": 2},
        marker={"size": [0, 10], "color": theme.card, "line": {"color": theme.glow_ink, "width": 2.5}},
        hovertemplate="u = %{y:.4f}<extra></extra>",
    )  # fmt: skip


def _sentences(
    token_of: Callable[[int], str], u: float | None, dice: int | None, chosen: int | None, why_no_dice: str
) -> list[str]:
    if u is None or dice is None:
        return [why_no_dice]
    said = [say("figures.dice.falls", u=f"{u:.3f}", token=token_label(token_of(dice), TITLE_LIMIT))]
    if chosen is not None and chosen != dice:
        said.append(say("figures.dice.stands", token=token_label(token_of(chosen), TITLE_LIMIT)))
    return said


def _title(figure: Figure, sentences: Sequence[str], theme: Theme) -> None:
    figure.add_annotation(
        text="<br>".join([f"<b>{sentences[0]}</b>", *sentences[1:]]), xref="paper", x=0, xanchor="left",
        yref="paper", y=1, yanchor="bottom", yshift=8, align="left", showarrow=False,
        font={"size": SMALL, "color": theme.ink},
    )  # fmt: skip
