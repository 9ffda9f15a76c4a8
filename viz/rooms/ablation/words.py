"""What is said of something that was taken away, as escaped HTML."""

import math
from collections.abc import Callable, Sequence
from html import escape

from model.interventions.ablation import Ablation
from model.interventions.effect import Effect, Leader
from viz.words.percent import percent, signed
from viz.words.prose import prose
from viz.words.strings import say
from viz.words.tokens import display_token, told_token

ALIKE = 0.005
"""Nats of a logprob below which a change is told as none: it moves a probability by 0.5 % of itself."""


def part_name(ablation: Ablation, tokens: Sequence[str]) -> str:
    """Return what is taken away, as it stands in a sentence.

    Args:
        ablation: what is.
        tokens: of the text, by position.
    """
    token = told_token(tokens[ablation.position]) if ablation.part == "token" else ""
    return say(
        f"why.ablation.name.{ablation.part}",
        layer=ablation.layer,
        head=ablation.head,
        position=ablation.position,
        token=token,
    )


def effect_html(
    ablation: Ablation, whole: Effect, without: Effect, tokens: Sequence[str], token_of: Callable[[int], str]
) -> str:
    """Return what taking something away did to a token, and the leaders before and after.

    Args:
        ablation: what was taken away.
        whole: the step with everything in place.
        without: the step without it.
        tokens: of the text, by position.
        token_of: the text of a token id.
    """
    token = told_token(token_of(without.token_id))
    key = "none" if abs(without.change) < ALIKE else "less" if without.change < 0 else "more"
    sentence = say(
        f"why.ablation.effect.{key}",
        part=part_name(ablation, tokens),
        token=token,
        before=_probability(whole.logprob_before),
        after=_probability(without.logprob_after),
    )
    numbers = say(
        "why.ablation.numbers",
        change=signed(without.change, 3),
        kl=f"{without.kl:.3f}",
    )
    scope = "" if ablation.part == "token" else say(f"why.ablation.scope_said.{ablation.scope}")
    return (
        f'<p class="taken">{prose(sentence)}</p><p class="say">{prose(f"{numbers} {scope}".strip())}</p>'
        f'<div class="leaders">{_table("before", whole.leaders, without, token_of)}'
        f"{_table('after', without.leaders, without, token_of)}</div>"
    )


def texts_html(kept: str, written: str, growing: bool) -> str:
    """Return how the text goes on with everything in place, and how without, one under the other.

    Args:
        kept: what stands on the page from the asked token on; empty for nothing yet.
        written: what was written without the part.
        growing: whether there is more to come.
    """
    end = '<span class="caret" aria-hidden="true"></span>' if growing else ""
    rows = (("whole", kept or "–", ""), ("without", written, end))
    items = "".join(
        f"<dt>{escape(say(f'why.ablation.text.{name}'))}</dt>"
        f'<dd dir="auto" translate="no">{escape(text)}{more}</dd>'
        for name, text, more in rows
    )
    note = "" if growing else f'<p class="say">{prose(say("why.ablation.text.note"))}</p>'
    return f"<dl>{items}</dl>{note}"


def _table(name: str, leaders: Sequence[Leader], of: Effect, token_of: Callable[[int], str]) -> str:
    def row(one: Leader) -> str:
        mark = ' class="asked"' if one.token_id == of.token_id else ""
        token = escape(display_token(token_of(one.token_id)))
        return (
            f'<tr{mark}><td><bdi class="token" translate="no">{token}</bdi></td>'
            f'<td class="number">{escape(percent(one.probability))}</td></tr>'
        )

    caption = escape(say(f"why.ablation.leaders.{name}"))
    return f"<table><caption>{caption}</caption><tbody>{''.join(map(row, leaders))}</tbody></table>"


def _probability(logprob: float) -> str:
    return percent(math.exp(logprob))
