"""The pictures and sentences of what every part did."""

from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np

from model.interior.head_quantities import Values, ranked
from model.interventions.part_effects import PartEffects
from model.interventions.rank_agreement import rank_agreement
from viz.figures.part_effects import effect_map, layer_effects, weight_and_effect, weight_map
from viz.figures.theme import Theme
from viz.words.percent import signed
from viz.words.prose import prose
from viz.words.strings import say
from viz.words.tokens import told_token

SHOWN = 5
"""Heads that are named."""


def drawn(
    found: PartEffects, weights: Values, scope: str, token_of: Callable[[int], str], theme: Theme
) -> dict[str, Any]:
    """Return what the panels show, by their names.

    Args:
        found: what the parts did.
        weights: (L, heads) how hard each head looks at one token.
        scope: where the parts were gone.
        token_of: the text of a token id.
        theme: the colours.
    """
    return {
        "part_effects_told": told(found, weights, scope, token_of),
        "part_effects_weights": weight_map(weights, theme=theme),
        "part_effects_map": effect_map(found.heads, theme=theme),
        "part_effects_scatter": weight_and_effect(weights, found.heads, theme=theme),
        "part_effects_layers": layer_effects(found.attentions, found.mlps, theme=theme),
    }


def told(found: PartEffects, weights: Values, scope: str, token_of: Callable[[int], str]) -> str:
    """Return which heads did most, and how far weight and effect agree, as escaped HTML."""
    size = np.abs(found.heads)
    rows = "".join(
        f"<tr><td>{layer}</td><td>{head}</td>"
        f'<td class="number">{escape(signed(float(found.heads[layer, head]), 3))}</td>'
        f'<td class="number">{weights[layer, head]:.2f}</td></tr>'
        for layer, head, one in ranked(size)[:SHOWN]
        if not np.isnan(one)
    )
    names = ("layer", "head", "change", "weight")
    heads = "".join(f"<th>{escape(say(f'why.part_effects.column.{name}'))}</th>" for name in names)
    token = told_token(token_of(found.token_id))
    sentence = say(f"why.part_effects.told.{scope}", token=token)
    return (
        f'<p class="told">{prose(sentence)}</p><p class="say">{prose(_agreement(weights, size))}</p>'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _agreement(weights: Values, size: Values) -> str:
    """Return how far the heads that look hardest are those that matter most, in words."""
    known = ~np.isnan(size)
    agreement = rank_agreement(weights[known], size[known])
    if agreement is None:
        return ""
    low, high = agreement.low, agreement.high
    key = "none" if low <= 0 <= high else "some" if agreement.tau < 0.5 else "much"
    return say(
        f"why.part_effects.agreement.{key}",
        tau=signed(agreement.tau),
        low=signed(low),
        high=signed(high),
    )
