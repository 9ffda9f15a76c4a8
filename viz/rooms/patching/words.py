"""What is said of two prompts, and of how the texts go on from them, as escaped HTML."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from model.interventions.patching import Place, Values
from model.network.changes import Site
from viz.server.contrasts import Prompts
from viz.words.percent import signed
from viz.words.prose import prose
from viz.words.strings import say
from viz.words.tokens import told_token

QUOTED = 120
"""Characters of a prompt that stand before what is written on from it."""


@dataclass(frozen=True)
class Continuation:
    """How a prompt goes on."""

    name: str
    """clean, corrupted or patched."""
    prompt: str
    text: str


def differences_html(prompts: Prompts, clean: float, corrupted: float, token_of: Callable[[int], str]) -> str:
    """Return what the two prompts say of answer and distractor.

    Args:
        prompts: their tokens.
        clean: logit difference after the clean prompt.
        corrupted: after the other.
        token_of: the text of a token id.
    """
    answer, distractor = (told_token(token_of(one)) for one in (prompts.answer, prompts.distractor))
    told = [
        say(
            "why.patching.differences",
            answer=answer,
            distractor=distractor,
            clean=signed(clean),
            corrupted=signed(corrupted),
            gap=signed(clean - corrupted),
        )
    ]
    if clean < corrupted:
        told.append(say("why.patching.reversed", answer=answer))
    elif clean < 0 or corrupted > 0:
        told.append(say("why.patching.one_sided"))
    return f'<p class="say">{prose(" ".join(told))}</p>'


def strongest_html(values: Values, site: Site, prompts: Prompts, token_of: Callable[[int], str]) -> str:
    """Return where most comes back; empty where nothing is known yet."""
    if np.isnan(values).all():
        return ""
    layer, column = np.unravel_index(int(np.nanargmax(values)), values.shape)
    place = place_name(Place(site, int(layer), int(column)), prompts, token_of)
    most = signed(float(values[layer, column]))
    return f'<p class="say">{prose(say("why.patching.strongest", place=place, value=most))}</p>'


def place_name(place: Place, prompts: Prompts, token_of: Callable[[int], str]) -> str:
    """Return where something is patched, as it stands in a sentence."""
    if place.site == "head":
        return say("why.patching.place.head", layer=place.layer, head=place.column)
    token = told_token(token_of(prompts.corrupted[place.column]))
    return say(f"why.patching.place.{place.site}", layer=place.layer, position=place.column, token=token)


def texts_html(texts: Sequence[Continuation], place: str, value: float | None) -> str:
    """Return how prompts go on, side by side.

    Args:
        texts: of them.
        place: where the last is patched, in words.
        value: how much of the logit difference comes back there; None where that is not known.
    """
    said = say("why.patching.patched_at", place=place)
    if value is not None:
        said += " " + say("why.patching.restored", value=signed(value))
    columns = "".join(
        f'<div class="{escape(one.name)}"><h3>{escape(say(f"why.patching.text.{one.name}"))}</h3>'
        f'<p dir="auto" translate="no"><span class="before">{escape(_end(one.prompt))}</span>'
        f"<b>{escape(one.text)}</b></p></div>"
        for one in texts
    )
    return f'<p class="say">{prose(said)}</p><div class="side-by-side">{columns}</div>'


def _end(prompt: str) -> str:
    return prompt if len(prompt) <= QUOTED else "…" + prompt[-QUOTED:]
