"""The most active neurons of an MLP at one step: how much each wrote, and for which tokens that speaks."""

from collections.abc import Callable, Sequence
from typing import Literal, get_args

from model.interior.neurons import LayerNeurons, Moved, Neuron
from viz.figures.figure import Figure
from viz.figures.layer_rows import band, in_lines, signed
from viz.figures.own_texts import own_table
from viz.figures.theme import TICKS, Theme, add_key, base_figure, placeholder
from viz.figures.token_labels import token_label, token_name
from viz.words.strings import say

Order = Literal["strongest", "raising", "lowering"]
ORDERS: tuple[Order, ...] = get_args(Order)
ROW, TOP, BOTTOM = 24, 46, 40
"""Pixels of a neuron, above and below them."""
NAMED, LABEL_LIMIT = 2, 9
"""Tokens beside a bar, and most characters of each."""
TOKEN_LIMIT = 14
COLUMNS = ("token", "neuron", "activation", "column_norm", "logit")
"""What is told of each neuron, beside its bar."""


def neurons_figure(
    found: LayerNeurons, order: Order, *, token_of: Callable[[int], str], theme: Theme
) -> Figure:
    """Draw a bar for each neuron, the first at the top, and beside it the tokens that it raised most.

    Args:
        found: the neurons of a layer at one step.
        order: strongest by the length of what they wrote; raising and lowering by the logit of a token.
        token_of: the raw text of a token id.
        theme: the colours.
    """
    shown: Sequence[Neuron] = getattr(found, order)
    if not shown:
        return placeholder(say(f"figures.neurons.none.{order}"), theme=theme)
    lengths = [one.written if order == "strongest" else one.logit for one in shown]
    rows = list(range(len(shown)))[::-1]
    title = _title(order, token_of(found.token_id))
    height = TOP + BOTTOM + ROW * len(shown)
    figure = base_figure(theme=theme, height=height, margin={"l": 8, "r": 16, "t": TOP, "b": BOTTOM})
    first = [token_of(one.raised[0].token_id) for one in shown]
    figure.add_bar(
        x=lengths, y=rows, width=0.68, orientation="h", hoverinfo="skip",
        marker={"color": [_colour(one, theme) for one in shown], "line": {"width": 0}},
        meta=own_table([title, *(say(f"figures.neurons.{key}") for key in COLUMNS)], first),
        customdata=[
            [token_name(name, 40), one.index, one.activation, one.column_norm, one.logit]
            for one, name in zip(shown, first, strict=True)
        ],
    )  # fmt: skip
    low, high = min(0.0, *lengths), max(0.0, *lengths)
    room = 0.04 * (high - low) or 1.0
    low, high = low - room * (low < 0), high + room * (high > 0)
    hovers = [_hover(found, one, token_of) for one in shown]
    figure.add_trace(band(theme, hovers, x=[high - low] * len(rows), base=low, y=rows))
    figure.update_layout(barmode="overlay", bargap=0)
    figure.update_yaxes(
        range=[-0.5, len(rows) - 0.5], tickmode="array", tickvals=rows, tickfont={"size": TICKS},
        ticktext=[_label(one, token_of, theme) for one in shown], automargin=True, showgrid=False,
        fixedrange=True,
    )  # fmt: skip
    figure.update_xaxes(
        range=[low, high], nticks=6, fixedrange=True, zeroline=True, zerolinecolor=theme.quiet,
        zerolinewidth=1, title={"text": _title(order, token_label(token_of(found.token_id), TOKEN_LIMIT))},
    )  # fmt: skip
    marks = [(theme.accent, "positive"), (theme.quiet, "negative")]
    add_key(
        figure, [("■", colour, say(f"figures.neurons.{key}")) for colour, key in marks], lift=8, theme=theme
    )
    return figure


def _colour(one: Neuron, theme: Theme) -> str:
    return theme.accent if one.activation > 0 else theme.quiet


def _label(one: Neuron, token_of: Callable[[int], str], theme: Theme) -> str:
    """Return the tokens that a neuron raised most, and its number."""
    tokens = (token_label(token_of(moved.token_id), LABEL_LIMIT) for moved in one.raised[:NAMED])
    return f'<span style="color:{theme.ink}">' + "\u2002".join(tokens) + f"</span>\u2003{one.index}"


def _title(order: Order, token: str) -> str:
    """Return the title of the axis, its token as it is or as a label."""
    if order == "strongest":
        return say("figures.neurons.written")
    return say("figures.attribution.logit", token=token)


def _hover(found: LayerNeurons, one: Neuron, token_of: Callable[[int], str]) -> str:
    token = token_name(token_of(found.token_id), TOKEN_LIMIT)
    lines = [
        f"<b>{say('figures.neurons.name', neuron=one.index, layer=found.layer)}</b>",
        say(
            "figures.neurons.told",
            activation=signed(one.activation),
            norm=f"{one.column_norm:.2f}",
            written=f"{one.written:.2f}",
        ),
        say("figures.neurons.moved", token=token, logit=signed(one.logit)),
    ]
    for key, moved in (("raised", one.raised), ("lowered", one.lowered)):
        named = in_lines([_moved(each, token_of) for each in moved], 3)
        lines.append(f"{say(f'figures.neurons.{key}')}<br>{named}")
    return "<br>".join(lines)


def _moved(moved: Moved, token_of: Callable[[int], str]) -> str:
    return f"{token_name(token_of(moved.token_id), TOKEN_LIMIT)} {signed(moved.logit)}"
