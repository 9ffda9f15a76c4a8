"""The logit lens at one position: what the model would say after each layer, from the bottom to the top."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from model.interior.lens import LensLayer
from viz.figures.figure import Figure
from viz.figures.layer_rows import after, band, row_name, rows_figure
from viz.figures.own_texts import own_name, own_places
from viz.figures.theme import SMALL, TICKS, Theme, add_key
from viz.figures.token_labels import token_label, token_name
from viz.words.strings import say

LABEL_LIMIT = 10
KEY_LIMIT = 14
LEAST_SHARE = 5e-5
DOMAINS = {"probability": (0.0, 0.42), "rank": (0.51, 0.74), "entropy": (0.83, 1.0)}
"""Where the columns stand, as shares of the width."""
WITHOUT_RANK = {"probability": (0.0, 0.62), "entropy": (0.74, 1.0)}
RANK_TICKS = {1: "1", 1000: "1k", 1_000_000: "1M"}


def lens_figure(
    layers: Sequence[LensLayer],
    *,
    token_of: Callable[[int], str],
    chosen: int | None,
    vocab_size: int,
    theme: Theme,
) -> Figure:
    """Draw columns beside each other, a row for each layer: probability, rank and entropy.

    Args:
        layers: (L + 1,) from the embedding to the output.
        token_of: the raw text of a token id.
        chosen: id of the token that ranks and probabilities of `layers` speak of; None if none stands there.
        vocab_size: bounds ranks and entropy, so that the axes stay where they are from step to step.
        theme: the colours.
    """
    rows = range(-1, len(layers) - 1)
    figure = rows_figure(rows, _names(layers, token_of, chosen, theme), theme=theme)
    domains = DOMAINS if chosen is not None else WITHOUT_RANK
    hover = [_hover(one, token_of, chosen) for one in layers]
    for number, (name, domain) in enumerate(domains.items(), start=1):
        axis = "x" if number == 1 else f"x{number}"
        _COLUMNS[name](figure, axis, rows, layers, vocab_size, theme)
        figure.add_trace(band(theme, hover, x=[_reach(name, vocab_size)] * len(rows), y=list(rows),
                              xaxis=axis))  # fmt: skip
        figure.update_layout(**{f"xaxis{axis[1:]}": {"domain": domain, "fixedrange": True}})
        _title(figure, domain, say(f"figures.lens.{name}"))
    _key(figure, token_of, chosen, theme)
    own_places(figure, y={row: token_of(one.token_ids[0]) for row, one in zip(rows, layers, strict=True)})
    return figure


def _names(
    layers: Sequence[LensLayer], token_of: Callable[[int], str], chosen: int | None, theme: Theme
) -> list[str]:
    """Return the name of each row: the layer, and its leading token where that is another than below."""
    names, below = [], None
    for one in layers:
        token_id, name = one.token_ids[0], row_name(one.layer - 1)
        if token_id != below or one is layers[-1]:
            color = theme.accent if token_id == chosen else theme.ink
            label = token_label(token_of(token_id), LABEL_LIMIT)
            name = f'<b style="color:{color}">{label}</b>\u2002{name}'
        names.append(name)
        below = token_id
    return names


def _hover(one: LensLayer, token_of: Callable[[int], str], chosen: int | None) -> str:
    """Return all that is known of a layer, escaped."""
    lines = [f"<b>{after(one.layer)}</b>"]
    for token_id, probability in zip(one.token_ids, one.probabilities, strict=True):
        label = token_name(token_of(token_id), 24)
        lines.append(f"{_share(probability)}\u2002" + (f"<b>{label}</b>" if token_id == chosen else label))
    if chosen is not None:
        token = token_name(token_of(chosen), 24)
        lines.append(
            say("figures.lens.of", token=token, rank=f"{one.rank:,}", share=_share(one.probability or 0.0))
        )
    lines.append(say("figures.lens.bits", entropy=f"{one.entropy_bits:.2f}", kl=f"{one.kl_bits:.2f}"))
    return "<br>".join(lines)


def _share(probability: float) -> str:
    """Return a percentage, or a power of ten where it would be 0.00 %."""
    return f"{probability:.2%}" if probability >= LEAST_SHARE else f"{probability:.0e}"


def _probability(
    figure: Figure, axis: str, rows: range, layers: Sequence[LensLayer], _: int, theme: Theme
) -> None:
    common: dict[str, Any] = {"y": list(rows), "orientation": "h", "hoverinfo": "skip", "xaxis": axis}
    figure.add_bar(
        x=[one.probabilities[0] for one in layers],
        width=0.86,
        marker={"color": theme.bands[1]},
        meta=own_name(say("figures.lens.leading")),
        **common,
    )
    if layers[0].probability is not None:
        figure.add_bar(
            x=[one.probability for one in layers],
            width=0.4,
            marker={"color": theme.accent},
            meta=own_name(say("figures.lens.probability")),
            **common,
        )
    figure.update_layout(
        **{f"xaxis{axis[1:]}": {"range": [0, 1.01], "tickvals": [0, 0.5, 1], "tickformat": ".0%"}}
    )


def _rank(
    figure: Figure, axis: str, rows: range, layers: Sequence[LensLayer], vocab_size: int, theme: Theme
) -> None:
    figure.add_scatter(
        x=[one.rank for one in layers], y=list(rows), mode="lines+markers", xaxis=axis, hoverinfo="skip",
        line={"color": theme.accent, "width": 1.5}, marker={"size": 5, "color": theme.accent},
        meta=own_name(say("figures.lens.rank")),
    )  # fmt: skip
    ticks = {rank: text for rank, text in RANK_TICKS.items() if rank <= vocab_size}
    most = math.log10(max(2, vocab_size))
    figure.update_layout(
        **{
            f"xaxis{axis[1:]}": _further(theme) | {
                "type": "log", "range": [1.04 * most, -0.06 * most],
                "tickvals": list(ticks), "ticktext": list(ticks.values()), "tickangle": 0,
            }
        }
    )  # fmt: skip


def _entropy(
    figure: Figure, axis: str, rows: range, layers: Sequence[LensLayer], vocab_size: int, theme: Theme
) -> None:
    figure.add_scatter(
        x=[one.entropy_bits for one in layers], y=list(rows), mode="lines", xaxis=axis, hoverinfo="skip",
        line={"color": theme.quiet, "width": 2}, meta=own_name(say("figures.lens.entropy")),
    )  # fmt: skip
    most = math.log2(max(2, vocab_size))
    figure.update_layout(
        **{f"xaxis{axis[1:]}": _further(theme) | {"range": [0, 1.03 * most], "nticks": 3, "title": _unit()}}
    )


_COLUMNS = {"probability": _probability, "rank": _rank, "entropy": _entropy}


def _reach(name: str, vocab_size: int) -> float:
    """Return how far a column reaches."""
    return {"probability": 1.01, "rank": float(max(2, vocab_size)), "entropy": math.log2(max(2, vocab_size))}[
        name
    ]


def _unit() -> dict[str, Any]:
    return {"text": say("figures.bits"), "font": {"size": SMALL}, "standoff": 6}


def _further(theme: Theme) -> dict[str, Any]:
    """Return what an axis beside the first one needs."""
    return {"anchor": "y", "gridcolor": theme.grid, "zeroline": False, "tickfont": {"size": SMALL}}


def _title(figure: Figure, domain: tuple[float, float], text: str) -> None:
    """Write a name over a column; that of the last one ends where the figure does."""
    side = "right" if domain[1] == 1.0 else "left"
    figure.add_annotation(
        text=text, x=domain[side == "right"], xref="paper", xanchor=side, y=1, yref="paper",
        yanchor="bottom", yshift=1,
        showarrow=False, font={"size": TICKS},
    )  # fmt: skip


def _key(figure: Figure, token_of: Callable[[int], str], chosen: int | None, theme: Theme) -> None:
    entries = [("■", theme.bands[1], say("figures.lens.leading"))]
    if chosen is not None:
        entries.append(("■", theme.accent, f"“{token_label(token_of(chosen), KEY_LIMIT)}”"))
    add_key(figure, entries, lift=21, theme=theme)
