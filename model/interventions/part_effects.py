"""What every head, every attention and every MLP of a model did to the next token, each taken away alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.interventions.ablation import Ablation, Instead, Part, Scope, require_short
from model.interventions.effect import effects, read_clean

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.network.language_model import LanguageModel

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PartEffects:
    """How taking a part away changed the logprob of a token, nats; NaN where it has not been tried yet."""

    token_id: int
    logprob: float
    """Of the token with everything in place."""
    heads: Values
    """(L, heads)."""
    attentions: Values
    """(L,) all heads of a layer together."""
    mlps: Values
    """(L,); NaN to the end where the model has none that can be told apart."""
    done: int
    """Parts that have been tried."""
    total: int

    @property
    def share(self) -> float:
        """Of the parts that have been tried, 0 to 1."""
        return self.done / self.total


def part_effects(
    model: "LanguageModel", token_ids: Sequence[int], token_id: int, instead: Instead, scope: Scope
) -> Iterator[PartEffects]:
    """Yield what is known after every batch, from the last layer to the first; at last all of it.

    Whoever stops listening stops it.

    Args:
        model: that reads.
        token_ids: the text before the token.
        token_id: whose logprob is followed.
        instead: what stands in the place of each part.
        scope: where it is gone.

    Raises:
        ValueError: the text is too long, or has no token.
        UnknownPart: nothing can be taken away from this model.
    """
    require_short(len(token_ids))
    clean = read_clean(model, token_ids)
    parts = list(chain.from_iterable(_of_layer(model, layer) for layer in _downwards(model)))
    variants = [
        Ablation(part, layer, head, 0, instead, scope).variant(model, clean) for part, layer, head in parts
    ]
    layers, heads = model.info.layers, model.info.heads
    found = {
        "head": np.full((layers, heads), np.nan),
        "attention": np.full((layers, 1), np.nan),
        "mlp": np.full((layers, 1), np.nan),
    }
    done = 0
    for batch in effects(model, clean, variants, token_id):
        for (part, layer, head), effect in zip(parts[done : done + len(batch)], batch, strict=True):
            found[part][layer, head] = effect.change
        done += len(batch)
        yield PartEffects(
            token_id,
            batch[0].logprob_before,
            found["head"].copy(),
            found["attention"][:, 0].copy(),
            found["mlp"][:, 0].copy(),
            done,
            len(parts),
        )


def _downwards(model: "LanguageModel") -> range:
    return range(model.info.layers - 1, -1, -1)


def _of_layer(model: "LanguageModel", layer: int) -> list[tuple[Part, int, int]]:
    has_mlps = model.intervene(lambda hooked: hooked.has_mlps)
    whole: tuple[Part, ...] = ("mlp", "attention") if has_mlps else ("attention",)
    return [
        *((part, layer, 0) for part in whole),
        *(("head", layer, head) for head in range(model.info.heads)),
    ]
