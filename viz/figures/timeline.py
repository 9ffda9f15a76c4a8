"""Surprisal and entropy of every step, in bits, along the text."""

from collections.abc import Sequence

from model.texts.run import Step
from viz.figures.figure import Figure, Part
from viz.figures.own_texts import own_table
from viz.figures.theme import CLEAR, Theme, add_key, base_figure, placeholder
from viz.figures.token_labels import token_name
from viz.words.strings import say

HEIGHT = 190
MOST_TICKS = 6
MANY = 150
"""Steps from which a bar is too thin for a gap beside it, or to be found by its colour."""
ROOM_FOR_WORD = 0.14
"""Share of the axis left of a tick for its label to carry a word, on a phone."""
TICK_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def timeline(steps: Sequence[Step], *, selected: int | None, theme: Theme) -> Figure:
    """Draw surprisal as bars and the entropy of the distribution as a stepped line over them.

    Args:
        steps: the steps of a run, in order; may be empty.
        selected: position in the whole text to highlight; one outside the steps highlights nothing.
        theme: the colours.
    """
    if not steps:
        return placeholder(say("figures.timeline.empty"), theme=theme, height=HEIGHT)
    positions = [step.position for step in steps]
    surprisal = [step.surprisal_bits for step in steps]
    many = len(steps) > MANY
    top = max(1.0, *surprisal, *(step.entropy_bits for step in steps)) * 1.05

    figure = base_figure(theme=theme, height=HEIGHT, margin={"l": 46, "t": 22, "b": 22, "r": 8})
    figure.add_bar(
        x=positions,
        y=surprisal,
        marker={"color": theme.glow},
        hoverinfo="skip",
    )
    if selected in positions:
        figure.add_bar(
            x=[selected],
            y=[surprisal[positions.index(selected)]],
            marker={"color": theme.accent},
            hoverinfo="skip",
        )
        figure.add_shape(
            type="rect",
            x0=selected - 0.5,
            x1=selected + 0.5,
            y0=0,
            y1=top,
            fillcolor=theme.accent_wash,
            line={"color": theme.accent, "width": 1 if many else 0},
            layer="above" if many else "below",
        )
    figure.add_trace(_entropy(steps, width=1 if many else 1.5, theme=theme))
    figure.add_trace(_hover(steps, top))
    figure.update_layout(barmode="overlay", bargap=0 if many else 0.18)
    marks = (("■", theme.glow, "surprisal"), ("━━", theme.quiet, "entropy"))
    add_key(
        figure,
        [(mark, colour, say(f"figures.timeline.{key}")) for mark, colour, key in marks],
        lift=2,
        theme=theme,
    )
    ticks = _ticks(positions[0], positions[-1])
    figure.update_xaxes(
        showgrid=False,
        range=[positions[0] - 0.5, positions[-1] + 0.5],
        tickmode="array",
        tickvals=ticks,
        ticktext=_tick_texts(ticks, positions[0], len(steps)),
        fixedrange=True,
    )
    figure.update_yaxes(
        range=[0, top], nticks=4, ticksuffix=" " + say("figures.bits"), showticksuffix="last", fixedrange=True
    )
    return figure


def _entropy(steps: Sequence[Step], *, width: float, theme: Theme) -> Part:
    """Return the line whose level parts span exactly the bars: one point at every edge between them."""
    edges = [step.position - 0.5 for step in steps] + [steps[-1].position + 0.5]
    levels = [step.entropy_bits for step in steps] + [steps[-1].entropy_bits]
    return {
        "type": "scatter",
        "x": edges,
        "y": levels,
        "mode": "lines",
        "line": {"color": theme.quiet, "width": width, "shape": "hv"},
        "hoverinfo": "skip",
    }


def _hover(steps: Sequence[Step], top: float) -> Part:
    """Return invisible columns of full height, so that a step can be hovered where its bar is tiny."""
    rows = (
        "<b>%{customdata[0]}</b>",
        say("figures.timeline.position") + " %{x:d}",
        say("figures.timeline.surprisal") + " %{customdata[1]:.2f} " + say("figures.bits"),
        say("figures.timeline.entropy") + " %{customdata[2]:.2f} " + say("figures.bits"),
        say("figures.timeline.rank") + " %{customdata[3]:,d}",
    )
    return {
        "type": "bar",
        "x": [step.position for step in steps],
        "y": [top] * len(steps),
        "width": 1,
        "marker": {"color": CLEAR},
        "meta": own_table(
            [
                say("figures.timeline.position"),
                say("figures.timeline.token"),
                *(
                    f"{say(f'figures.timeline.{name}')} ({say('figures.bits')})"
                    for name in ("surprisal", "entropy")
                ),
                say("figures.timeline.rank"),
            ],
            [step.token for step in steps],
        ),
        "customdata": [
            [
                token_name(step.token, 40),
                round(step.surprisal_bits, 4),
                round(step.entropy_bits, 4),
                step.rank,
            ]
            for step in steps
        ],
        "hovertemplate": "<br>".join(rows) + "<extra></extra>",
    }


def _ticks(first: int, last: int) -> list[int]:
    """Return a few round positions, at least one."""
    step = next((step for step in TICK_STEPS if (last - first) / step < MOST_TICKS), TICK_STEPS[-1])
    return list(range(-(-first // step) * step, last + 1, step)) or [first]


def _tick_texts(ticks: Sequence[int], first: int, count: int) -> list[str]:
    """Return the labels of the ticks; the first with room for it says what they count."""
    roomy = next((tick for tick in ticks if (tick - first + 0.5) / count > ROOM_FOR_WORD), ticks[-1])
    return [f"{say('figures.timeline.position')} {tick}" if tick == roomy else str(tick) for tick in ticks]
