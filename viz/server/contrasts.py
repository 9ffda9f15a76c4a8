"""Two prompts that a visitor holds against each other, and two tokens that could follow: checked, read."""

from collections.abc import Sequence
from dataclasses import dataclass

from model.interventions.limits import MOST_TOKENS
from model.interventions.patching import MOST_POSITIONS, Contrast, TooAlike, contrast
from model.network.changes import KEPT, Site
from model.tokenizer.pieces import UnreadableText
from viz.server.service import Service, Trouble
from viz.words.percent import signed
from viz.words.strings import say
from viz.words.tokens import told_token

MOST_TOLD = 40
"""Tokens of a prompt that a message quotes."""


@dataclass(frozen=True)
class Prompts:
    """Token ids of two prompts of one length, and of the two tokens."""

    clean: tuple[int, ...]
    corrupted: tuple[int, ...]
    answer: int
    distractor: int

    @property
    def first(self) -> int:
        """Position of the first token that differs."""
        pairs = zip(self.clean, self.corrupted, strict=True)
        return next(at for at, (one, other) in enumerate(pairs) if one != other)


def prompts_of(service: Service, clean: str, corrupted: str, answer: str, distractor: str) -> Prompts:
    """Return what a visitor typed, as tokens.

    Args:
        service: whose model reads it.
        clean: the prompt whose activations are put into the other.
        corrupted: the other.
        answer: the token for which the clean prompt speaks, with its leading space.
        distractor: the one for which the corrupted prompt does.

    Raises:
        Trouble: says which of them cannot be used, and what to do.
    """
    names = [say(f"why.patching.name.{name}") for name in ("clean", "corrupted", "answer", "distractor")]
    one, other = service.encode(clean, names[0]), service.encode(corrupted, names[1])
    if len(one) != len(other):
        raise Trouble(_unequal(service, one, other))
    if len(one) > MOST_TOKENS:
        raise Trouble(say("why.patching.trouble.too_long", tokens=len(one), most=MOST_TOKENS))
    if one == other:
        raise Trouble(say("why.patching.trouble.same_prompts"))
    found = Prompts(
        one,
        other,
        _token(service, clean, one, answer, names[2]),
        _token(service, clean, one, distractor, names[3]),
    )
    if found.answer == found.distractor:
        token = told_token(service.text.token(found.answer))
        raise Trouble(say("why.patching.trouble.same_tokens", token=token))
    if len(one) - found.first > MOST_POSITIONS:
        behind = len(one) - found.first
        raise Trouble(say("why.patching.trouble.too_far", tokens=behind, most=MOST_POSITIONS))
    return found


def site_of(service: Service, site: object) -> Site:
    """Return the site that a visitor chose.

    Raises:
        Trouble: there is no such site, or this model has none.
    """
    found = next((one for one in KEPT if one == site), None)
    if found is None:
        raise Trouble(say("why.patching.trouble.site", names=", ".join(KEPT)))
    if found == "mlp" and not service.model.intervene(lambda hooked: hooked.has_mlps):
        raise Trouble(say("why.patching.trouble.no_mlps"))
    return found


def contrast_of(service: Service, prompts: Prompts) -> Contrast:
    """Return the prompts as the model reads them.

    Raises:
        Trouble: their logit differences are all but equal.
        UnknownPart: nothing can be changed in this model.
    """
    try:
        return contrast(service.model, prompts.clean, prompts.corrupted, prompts.answer, prompts.distractor)
    except TooAlike as error:
        clean, corrupted = signed(error.clean, 3), signed(error.corrupted, 3)
        raise Trouble(say("why.patching.trouble.too_alike", clean=clean, corrupted=corrupted)) from error


def _token(service: Service, prompt: str, before: tuple[int, ...], text: str, name: str) -> int:
    """Return the one token that a text is behind a prompt, or by itself where both would run together."""
    alone = service.typed(text, name)
    try:
        together = service.model.encode(prompt + text)
    except UnreadableText as error:
        raise Trouble(say("page.unreadable", name=name, problem=str(error))) from error
    if together[: len(before)] == before:
        ids = together[len(before) :]
    else:  # what the tokenizer puts before every text is typed by nobody
        ids = tuple(one for one, part in zip(alone.token_ids, alone.slices, strict=True) if part)
    if len(ids) != 1:
        tokens = _told(service, ids)
        raise Trouble(say("why.patching.trouble.not_one_token", name=name, count=len(ids), tokens=tokens))
    return ids[0]


def _unequal(service: Service, clean: Sequence[int], corrupted: Sequence[int]) -> str:
    return say(
        f"why.patching.trouble.{'clean' if len(clean) > len(corrupted) else 'corrupted'}_longer",
        clean=len(clean),
        corrupted=len(corrupted),
        clean_tokens=_told(service, clean),
        corrupted_tokens=_told(service, corrupted),
    )


def _told(service: Service, token_ids: Sequence[int]) -> str:
    """Return the tokens of a text one by one; of a long one the last."""
    shown = [told_token(service.text.token(one)) for one in token_ids[-MOST_TOLD:]]
    return " · ".join(["…", *shown] if len(token_ids) > MOST_TOLD else shown)
