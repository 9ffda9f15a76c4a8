"""What a change did to the next token: its logprob before and after, the divergence, the new leaders."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from model.network.changes import Variant

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from torch import Tensor

    from model.network.hooked_model import CleanPass, HookedModel
    from model.network.language_model import LanguageModel

LEADERS = 5
"""New leaders that are told."""


@dataclass(frozen=True)
class Leader:
    """One of the most likely tokens."""

    token_id: int
    probability: float


@dataclass(frozen=True)
class Effect:
    """What a change did to the model's own distribution of the token after a text."""

    token_id: int
    """Whose logprobs these are."""
    logprob_before: float
    """Nats, as is the next."""
    logprob_after: float
    kl: float
    """Kullback-Leibler divergence D(before || after), nats."""
    leaders: tuple[Leader, ...]
    """The most likely tokens after the change."""

    @property
    def change(self) -> float:
        """How much more likely the change made the token, nats of its logprob; negative for less."""
        return self.logprob_after - self.logprob_before


def read_clean(model: "LanguageModel", token_ids: Sequence[int]) -> "CleanPass":
    """Return a text as the model reads it, nothing changed: see `HookedModel.clean`.

    Raises:
        UnknownPart: nothing can be changed in this model.
    """
    return model.intervene(lambda hooked: hooked.clean(token_ids))


def effects(
    model: "LanguageModel", clean: "CleanPass", variants: Sequence[Variant], token_id: int
) -> Iterator[list[Effect]]:
    """Yield what each of many changes did, batch by batch; whoever stops listening stops it.

    Others who change activations come between two batches.

    Args:
        model: that reads.
        clean: the text.
        variants: the changes, best in the order of the layers at which they are made.
        token_id: the token after the text whose logprob is followed.
    """
    batches = model.intervene(lambda hooked: list(hooked.batches(len(clean.token_ids), variants)))
    for batch in batches:
        yield model.intervene(partial(_effects_of_batch, clean, batch, token_id))


def _effects_of_batch(
    clean: "CleanPass", batch: Sequence[Variant], token_id: int, hooked: "HookedModel"
) -> list[Effect]:
    return effects_of(clean.logits, hooked.logits(clean, batch), token_id)


def effects_of(before: "Tensor", after: "Tensor", token_id: int) -> list[Effect]:
    """Return what changes did, given (V,) logits without and (n, V) logits with each of them."""
    was, now = before.log_softmax(-1), after.log_softmax(-1)
    kl = (was.exp() * (was - now)).sum(-1).clamp(min=0)
    leading = now.topk(LEADERS)
    return [
        Effect(
            token_id,
            float(was[token_id]),
            float(row[token_id]),
            float(divergence),
            tuple(Leader(*one) for one in zip(ids.tolist(), values.exp().tolist(), strict=True)),
        )
        for row, divergence, ids, values in zip(now, kl, leading.indices, leading.values, strict=True)
    ]
