"""Single numbers with a label each, side by side under a picture."""

from collections.abc import Callable, Sequence
from html import escape
from typing import TypedDict

import numpy as np

from model.sampler.sampling import ShapedDistribution
from viz.words.percent import count, percent
from viz.words.prose import prose
from viz.words.strings import say


class Fact(TypedDict):
    """One number; `title` is what hovering over it explains."""

    value: str
    label: str
    title: str


def fact(name: str, **values: str) -> Fact:
    """Return the number called `name` in the strings, filled in."""
    key = f"components.facts.{name}"
    return {
        "value": say(f"{key}.value", **values),
        "label": say(f"{key}.label", **values),
        "title": say(f"{key}.title", **values),
    }


def sampler_facts(shaped: ShapedDistribution) -> list[Fact]:
    """Return what the sampler did to a distribution as a whole."""
    return [
        fact("entropy", before=f"{shaped.entropy_bits:.2f}", after=f"{shaped.shaped_entropy_bits:.2f}"),
        fact("kept", kept=count(shaped.kept), whole=count(len(shaped.logits))),
        fact("mass", mass=percent(shaped.kept_mass)),
    ]


def token_facts(
    shaped: ShapedDistribution,
    chosen: int | None,
    u: float | None,
    dice: int | None,
    told: Callable[[int], str],
    undrawn: str | None,
) -> list[Fact]:
    """Return what there is to say of the token of a step: its rank, and the draw that gave it.

    Args:
        shaped: the distribution of the step.
        chosen: id of the token that stands in the text; None where none does yet.
        u: the draw; None where there was none.
        dice: id of the token that it gives.
        told: the text of a token id, as it stands in a sentence.
        undrawn: the fact that says why nobody drew it; None where it was drawn.
    """
    facts: list[Fact] = []
    if chosen is not None:
        rank, raw = count(shaped.rank(chosen)), percent(float(shaped.probabilities[chosen]))
        facts.append(fact("rank", rank=rank, raw=raw, shaped=percent(float(shaped.shaped[chosen]))))
    if undrawn is not None:
        facts.append(fact(undrawn))
    elif u is not None and dice is not None:
        low, high = _interval(shaped, dice)
        facts.append(fact("dice", u=f"{u:.4f}", token=told(dice), low=f"{low:.4f}", high=f"{high:.4f}"))
        if shaped.coin is not None:
            chance = shaped.settings.xtc_probability
            key = "coin_acts" if shaped.coin < chance else "coin_rests"
            facts.append(fact(key, coin=f"{shaped.coin:.4f}", chance=f"{chance:g}"))
    return facts


def _interval(shaped: ShapedDistribution, token_id: int) -> tuple[float, float]:
    """Return the stretch of [0, 1] on which a draw gives this token, as `sampling.draw` lays them out."""
    cumulative = np.cumsum(shaped.kept_probabilities)
    index = int(np.flatnonzero(shaped.token_ids == token_id)[0])
    low = float(cumulative[index - 1] / cumulative[-1]) if index else 0.0
    return low, float(cumulative[index] / cumulative[-1])


def facts_html(facts: Sequence[Fact]) -> str:
    """Return facts as escaped HTML."""
    each = (
        f'<div title="{escape(one["title"])}"><dt>{prose(one["label"])}</dt>'
        f"<dd>{prose(one['value'])}</dd></div>"
        for one in facts
    )
    return f'<dl class="facts">{"".join(each)}</dl>'
