"""What a model does to its logits behind the output embedding: nothing, a factor, a cap, or both.

It is found by trying: the model's own code goes on from what its output embedding made, and from a thousandth
and from thousands of that, whose logits show a factor alone and a cap alone.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from model.reference.anatomy import decoder_of, text_config

CLOSE = 1e-4
"""Relative to the largest logit."""
EXACT = 1e-6
"""Relative difference up to which a measured number is one that the configuration names."""


class UnknownLogits(Exception):
    """The logits are no such function of what the output embedding makes."""


@dataclass(frozen=True)
class LogitFunction:
    """From what the output embedding makes to the logits: cap * tanh(factor * x / cap)."""

    factor: float = 1.0
    cap: float | None = None
    """Logits lie below it (Gemma 2, arXiv:2408.00118); None for none."""

    def __call__(self, made: Tensor) -> Tensor:
        """Return the logits of (..., V) that the output embedding made."""
        logits = made if self.factor == 1.0 else made * self.factor
        return logits if self.cap is None else self.cap * torch.tanh(logits / self.cap)


@torch.inference_mode()
def logit_function_of(transformer: PreTrainedModel) -> LogitFunction:
    """Return what a causal LM in float32 does to its logits.

    Raises:
        UnknownLogits: none of these.
    """
    ids = torch.arange(4, device=transformer.device)[None] % text_config(transformer).vocab_size
    final: Tensor = decoder_of(transformer)(input_ids=ids, use_cache=False)[0]
    embedding: Any = transformer.get_output_embeddings()
    made: Tensor = embedding(final).float()
    before, taken, plain = _with_made_scaled(transformer, ids, 1.0)
    factor_before = _ratio(final, taken)  # some scale what they hand to the output embedding
    if factor_before != 1.0 and getattr(embedding, "bias", None) is not None:
        raise UnknownLogits("its output embedding is scaled and has a bias")

    unit = 1.0 / max(before.abs().amax().item(), torch.finfo(torch.float32).tiny)
    small, large = 1e-3 * unit, 1e4 * unit  # logits of a thousandth are under no cap, of thousands under any
    factor_behind = _ratio(small * before, _with_made_scaled(transformer, ids, small)[2])
    highest = _with_made_scaled(transformer, ids, large)[2].abs().amax().item()
    capped = not highest >= 0.9 * abs(factor_behind) * large * before.abs().amax().item()
    cap = _named(transformer, highest) if capped else None

    behind = LogitFunction(_named(transformer, factor_behind), cap)
    found = LogitFunction(_named(transformer, factor_before * factor_behind), cap)
    pairs = [(found(made), plain)]
    for scale in (small, unit, 30 * unit, large):
        pairs.append((behind(scale * before), _with_made_scaled(transformer, ids, scale)[2]))
    for ours, theirs in pairs:
        if ours.shape != theirs.shape or not (ours - theirs).abs().amax() <= CLOSE * theirs.abs().amax():
            raise UnknownLogits(
                "its logits are more than a factor and a cap away from its output embedding's"
            )
    return found


def _with_made_scaled(
    transformer: PreTrainedModel, ids: Tensor, scale: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Run a model and scale what its output embedding made before its own code goes on with that.

    Returns:
        what was made, what it was made of, and the logits, all float32.
    """
    seen: list[Tensor] = []

    def see(_module: Any, taken: tuple[Tensor, ...], made: Tensor) -> Tensor:
        seen.extend((made.float().clone(), taken[0].float()))
        return made * scale

    hook = transformer.get_output_embeddings().register_forward_hook(see)
    try:
        logits = transformer(input_ids=ids, use_cache=False).logits.float()
    finally:
        hook.remove()
    if len(seen) != 2:
        raise UnknownLogits("its logits do not come from its output embedding")
    return seen[0], seen[1], logits


def _ratio(x: Tensor, y: Tensor) -> float:
    """Return the factor from one tensor to another, 1 where they are the same."""
    x, y = x.cpu().double(), y.cpu().double()  # Apple's cards have no float64
    if x.shape != y.shape:
        raise UnknownLogits("its output embedding takes other vectors than its layers give")
    return 1.0 if torch.equal(x, y) else float((x * y).sum() / x.square().sum())


def _named(transformer: PreTrainedModel, value: float) -> float:
    """Return the number of the configuration, or the inverse of one, that was measured; else `value`."""
    values = vars(text_config(transformer)).values()
    numbers = [one for one in values if type(one) in (int, float) and one != 0]
    for number in (1.0, *numbers, *(1.0 / one for one in numbers)):
        if abs(number - value) <= EXACT * abs(number):
            return float(number)
    return value
