"""Single numbers with a label each, side by side under a picture."""

from collections.abc import Sequence
from html import escape
from typing import TypedDict

from model.sampler.sampling import ShapedDistribution
from viz.components.percent import count, percent
from viz.components.prose import prose
from viz.strings import say


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


def facts_html(facts: Sequence[Fact]) -> str:
    """Return facts as escaped HTML."""
    each = (
        f'<div title="{escape(one["title"])}"><dt>{prose(one["label"])}</dt>'
        f"<dd>{prose(one['value'])}</dd></div>"
        for one in facts
    )
    return f'<dl class="facts">{"".join(each)}</dl>'
