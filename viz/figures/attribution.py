"""Direct logit attribution: what each part of the model added to a logit, from the bottom to the top."""

from collections.abc import Callable
from typing import Any

from model.interior.attribution import Attribution, LayerAttribution
from viz.figures.figure import Figure
from viz.figures.layer_rows import EMBEDDING, band, in_lines, row_name, rows_figure, signed
from viz.figures.own_texts import own_name, own_titles
from viz.figures.theme import Theme, add_key
from viz.figures.token_labels import token_label
from viz.words.strings import say

BIAS = -2
"""The coordinate of the row under the embedding."""
HEADS = 6
"""Heads that hovering over a layer names, the strongest first."""
LABEL_LIMIT = 14


def attribution_figure(found: Attribution, *, token: str, against: str | None, theme: Theme) -> Figure:
    """Draw two bars for each layer, attention and MLP, and one for the embedding; they add up to the logit.

    Args:
        found: what is drawn.
        token: raw text of the token whose logit it is.
        against: of the token whose logit is subtracted; None if none is.
        theme: the colours.
    """
    first = BIAS if found.bias else EMBEDDING
    rows = range(first, len(found.layers))
    names = [say("figures.attribution.bias") if row == BIAS else row_name(row) for row in rows]
    figure = rows_figure(rows, names, theme=theme)
    alone = [row for row in rows if row < 0]
    figure.add_bar(
        x=[found.bias if row == BIAS else found.embedding for row in alone], y=alone,
        **_bar(theme.bands[0], -0.32, 0.64, "figures.layers.embedding"),
    )  # fmt: skip
    _add_layers(figure, found, theme)
    low, high = _reach(found)
    hovers = [_hover(found, row) for row in rows]
    figure.add_trace(band(theme, hovers, x=[high - low] * len(rows), base=low, y=list(rows)))
    figure.update_xaxes(
        range=[low, high], nticks=6, fixedrange=True,
        zeroline=True, zerolinecolor=theme.quiet, zerolinewidth=1,
        title={"text": _axis(token, against, token_label)},
    )  # fmt: skip
    own_titles(figure, x=_axis(token, against))
    return figure


def _add_layers(figure: Figure, found: Attribution, theme: Theme) -> None:
    rows = list(range(len(found.layers)))
    if any(one.attention is None or one.mlp is None for one in found.layers):
        figure.add_bar(
            x=[one.total for one in found.layers],
            y=rows,
            **_bar(theme.accent, -0.32, 0.64, "figures.attribution.layer"),
        )
        add_key(figure, [("■", theme.accent, say("figures.attribution.layer"))], lift=8, theme=theme)
        return
    figure.add_bar(
        x=[one.attention for one in found.layers],
        y=rows,
        **_bar(theme.accent, 0.02, 0.4, "figures.layers.attention"),
    )
    figure.add_bar(
        x=[one.mlp for one in found.layers], y=rows, **_bar(theme.quiet, -0.42, 0.4, "figures.layers.mlp")
    )
    marks = (
        (theme.accent, "layers.attention"),
        (theme.quiet, "layers.mlp"),
        (theme.bands[0], "layers.embedding"),
    )
    add_key(figure, [("■", colour, say(f"figures.{key}")) for colour, key in marks], lift=8, theme=theme)


def _bar(colour: str, offset: float, width: float, key: str) -> dict[str, Any]:
    return {
        "meta": own_name(say(key)),
        "orientation": "h", "offset": offset, "width": width, "hoverinfo": "skip",
        "marker": {"color": colour, "line": {"width": 0}},
    }  # fmt: skip


def _reach(found: Attribution) -> tuple[float, float]:
    """Return the ends of the axis: 0 is on it, and a little room beyond the longest bars."""
    parts = [part for one in found.layers for part in (one.attention, one.mlp) if part is not None]
    numbers = [0.0, *(parts or [one.total for one in found.layers]), found.embedding, found.bias]
    room = 0.04 * (max(numbers) - min(numbers)) or 1.0
    return min(numbers) - room, max(numbers) + room


def _hover(found: Attribution, row: int) -> str:
    if row == BIAS:
        return f"{say('figures.attribution.bias')} <b>{signed(found.bias)}</b>"
    if row == EMBEDDING:
        return f"{say('figures.layers.embedding')} <b>{signed(found.embedding)}</b>"
    one = found.layers[row]
    lines = [f"<b>{say('figures.layers.layer', layer=row)} {signed(one.total)}</b>"]
    if one.attention is not None and one.mlp is not None:
        lines.append(f"{say('figures.layers.attention')} <b>{signed(one.attention)}</b>")
        lines.append(f"{say('figures.layers.mlp')} <b>{signed(one.mlp)}</b>")
    if one.heads:
        lines.append(in_lines(_heads(one), 3))
    return "<br>".join(lines)


def _heads(one: LayerAttribution) -> list[str]:
    heads = one.heads or ()
    strongest = sorted(range(len(heads)), key=lambda head: -abs(heads[head]))[:HEADS]
    return [say("figures.attribution.head", head=head, logit=signed(heads[head])) for head in strongest]


def _axis(token: str, against: str | None, written: Callable[[str, int], str] = lambda own, _: own) -> str:
    """Return the title of the axis, its tokens as they are or `written` in so many characters."""
    name = written(token, LABEL_LIMIT)
    if against is None:
        return say("figures.attribution.logit", token=name)
    return say("figures.attribution.difference", token=name, against=written(against, LABEL_LIMIT))
