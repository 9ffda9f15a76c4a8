"""Probability against rank, the cumulative mass, and where each stage of the sampler cuts."""

from typing import Any

import numpy as np

from model.sampler.distribution import Floats
from model.sampler.effects import Cut, RankedCurve
from model.sampler.settings import SamplerSettings
from model.sampler.stage_records import XTC
from viz.figures.band_labels import Anchor, staggered
from viz.figures.figure import Figure
from viz.figures.temperature_sweep import HEIGHT
from viz.figures.theme import SMALL, Theme, add_key, base_figure, placeholder
from viz.words.strings import say

LABEL_LINE = 14
"""Pixels between two lines of labels."""


def ranked_probability_figure(curve: RankedCurve, *, settings: SamplerSettings, theme: Theme) -> Figure:
    """Draw probability and cumulative mass against the logarithm of rank, and where each stage cuts.

    Args:
        curve: the ranking after penalty and temperature, with its cuts.
        settings: the sampler that made them, for the labels.
        theme: the colours.
    """
    if len(curve.ranks) == 0:
        return placeholder(say("figures.ranked.empty"), theme=theme, height=HEIGHT)
    size = int(curve.ranks[-1])
    kept = min([cut.kept for cut in curve.cuts], default=1 if settings.temperature == 0 else size)
    low, high = np.log10(0.8), np.log10(max(size, 2) * 1.15)
    cuts = sorted(curve.cuts, key=lambda cut: cut.kept) or [Cut("greedy", 1)] * (settings.temperature == 0)
    if curve.excluded:
        cuts = [Cut(XTC, curve.excluded), *cuts]
    texts = [_cut_text(cut, settings) for cut in cuts]
    places = staggered([float(np.log10(cut.kept + 0.5)) for cut in cuts], texts, low=low, high=high)
    lines = 1 + max((line for line, _ in places), default=0)

    figure = base_figure(theme=theme, height=HEIGHT, margin={"t": 20 + LABEL_LINE * lines, "b": 38})
    figure.add_shape(
        type="rect", x0=max(10**low, curve.excluded + 0.5 * (curve.excluded > 0)), x1=kept + 0.5,
        y0=0, y1=1, yref="paper",
        fillcolor=theme.accent_wash, line={"width": 0}, layer="below",
    )  # fmt: skip
    _curves(figure, curve, settings, theme, lift=LABEL_LINE * lines + 2)
    for cut, text, (line, anchor) in zip(cuts, texts, places, strict=True):
        _cut(figure, cut, text=text, line=line, anchor=anchor, theme=theme)
    if settings.min_p > 0 and settings.temperature > 0 and settings.order is None:
        _floor(figure, settings.min_p * float(curve.probabilities[0]), theme)
    figure.update_layout(hovermode="x unified")
    powers = [10**power for power in range(len(str(size)))]
    figure.update_xaxes(
        type="log", range=[low, high], title={"text": say("figures.ranked.rank")}, fixedrange=True,
        tickvals=powers, ticktext=[f"{power:,}".replace(",", "\u2009") for power in powers],
        unifiedhovertitle={"text": say("figures.ranked.rank_hover") + " %{x:,d}"},
    )  # fmt: skip
    figure.update_yaxes(range=[-0.02, 1.02], tickvals=[0, 0.5, 1], tickformat=".0%", fixedrange=True)
    return figure


def _curves(
    figure: Figure, curve: RankedCurve, settings: SamplerSettings, theme: Theme, *, lift: int
) -> None:
    """Draw probability and cumulative mass, and the model's own ranking where they differ from it."""
    lines: list[tuple[str, str, Floats, str, dict[str, Any]]] = [
        ("━━", "probability", curve.probabilities, theme.accent, {"width": 2}),
        ("•••", "cumulative", curve.cumulative, theme.quiet, {"width": 1.5, "dash": "dot"}),
    ]
    if settings.temperature != 1.0 or settings.repetition_penalty != 1.0:
        lines.append(("──", "model", curve.model_probabilities, theme.quiet, {"width": 1}))
    for _, key, heights, color, style in lines:
        figure.add_scatter(
            x=curve.ranks.astype(np.int32),
            y=heights.astype(np.float32),
            mode="lines",
            name=say(f"figures.ranked.{key}"),
            line={"color": color, **style},
            hovertemplate="%{fullData.name}  <b>%{y:.3%}</b><extra></extra>",
        )
    entries = [(mark, color, say(f"figures.ranked.{key}")) for mark, key, _, color, _ in lines]
    # Three entries need the whole width of a narrow card.
    add_key(figure, entries, lift=lift, shift=-figure.plan["margin"]["l"], theme=theme)


def _cut_text(cut: Cut, settings: SamplerSettings) -> str:
    if cut.name == "greedy":
        return say("figures.ranked.greedy")
    return say(f"figures.ranked.{cut.name}", value=f"{getattr(settings, cut.name):g}")


def _cut(figure: Figure, cut: Cut, *, text: str, line: int, anchor: Anchor, theme: Theme) -> None:
    """Draw the line after the last token kept and name it above the plot."""
    at = cut.kept + 0.5
    figure.add_shape(
        type="line",
        x0=at,
        x1=at,
        y0=0,
        y1=1,
        yref="paper",
        line={"color": theme.quiet, "width": 1},
    )
    figure.add_annotation(
        text=text,
        x=float(np.log10(at)), y=1, yref="paper", yshift=LABEL_LINE * line,
        xanchor=anchor, yanchor="bottom", showarrow=False,
        font={"size": SMALL, "color": theme.ink},
    )  # fmt: skip


def _floor(figure: Figure, floor: float, theme: Theme) -> None:
    """Draw the probability below which min-p cuts."""
    figure.add_shape(
        type="line",
        x0=0,
        x1=1,
        xref="paper",
        y0=floor,
        y1=floor,
        line={"color": theme.quiet, "width": 1, "dash": "dot"},
    )
    figure.add_annotation(
        text=say("figures.ranked.floor", share=f"{floor:.2%}"),
        x=1, xref="paper", y=floor, xanchor="right", yanchor="bottom", showarrow=False,
        font={"size": SMALL, "color": theme.quiet},
    )  # fmt: skip
