"""How strongly a token is tinted by what the model thought of it, and the legend that says so."""

import math
from typing import Literal, TypedDict, get_args

from model.texts.run import Step
from viz.words.percent import count, percent
from viz.words.strings import say

ColourBy = Literal["probability", "rank", "surprisal", "entropy"]
COLOUR_BY: tuple[ColourBy, ...] = get_args(ColourBy)

MOST_BITS = 12.0
"""Surprisal and entropy are tinted on a scale from 0 to this."""
MOST_RANK = 1000
"""Ranks are tinted on a logarithmic scale from 1 to this."""


class Legend(TypedDict):
    """What the tint means."""

    low: str
    high: str
    ticks: list[str]
    """Labels at equal distances along the tint."""
    quiet: str


def weight_of(step: Step, colour_by: ColourBy) -> float:
    """Return how strongly a token is tinted, in [0, 1]: 1 for the least expected."""
    if colour_by == "probability":
        weight = 1.0 - math.exp(step.logprob)
    elif colour_by == "rank":
        weight = math.log(step.rank) / math.log(MOST_RANK)
    elif colour_by == "surprisal":
        weight = step.surprisal_bits / MOST_BITS
    else:
        weight = step.entropy_bits / MOST_BITS
    return min(1.0, max(0.0, weight))


def legend(colour_by: ColourBy, *, given: bool = False) -> Legend:
    """Return what the tint means, and grey: of a given text only the first token is.

    The tick labels stand at equal distances of `weight_of`.
    """
    bits = [f"{MOST_BITS * third / 3:.0f}" for third in range(4)]
    ticks = {
        "probability": [percent(1.0), percent(0.5), percent(0.0)],
        "rank": ["1", "10", "100", f"{count(MOST_RANK)}+"],
    }.get(colour_by, [*bits[:-1], say("components.strip.bits", most=f"{bits[-1]}+")])
    return {
        "low": say(f"components.strip.legend.{colour_by}.low"),
        "high": say(f"components.strip.legend.{colour_by}.high"),
        "ticks": ticks,
        "quiet": say("components.strip.quiet_given" if given else "components.strip.quiet"),
    }
