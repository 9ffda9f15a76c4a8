"""The same prompts, written on with the same dice at every look: what a model has learned, to be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from model.sampler.sampling import draw, shape, uniform
from model.sampler.settings import SamplerSettings

TOKENS = 40
"""Written for each prompt."""


@dataclass(frozen=True)
class Sample:
    """What a model wrote."""

    prompt: str
    text: str
    """After the prompt."""


def samples(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[str],
    *,
    seed: int,
    tokens: int = TOKENS,
    sampler: SamplerSettings | None = None,
) -> list[Sample]:
    """Return what a model writes after each prompt.

    Dice and sampler are those of the page: the draw of a token is a function of the seed and its position.
    No global random number is drawn, so that to look changes nothing of what is learned.

    Args:
        model: a causal LM of Transformers.
        tokenizer: of it.
        prompts: see there; of one that takes more than half the context, the end is read.
        seed: of the dice.
        tokens: written at most; a text ends before that at its end token, or where the context does.
        sampler: as by default on the page, if none is given.
    """
    training = model.training
    model.eval()
    try:
        return [
            Sample(prompt, _continued(model, tokenizer, prompt, seed, tokens, sampler or SamplerSettings()))
            for prompt in prompts
        ]
    finally:
        model.train(training)


@torch.inference_mode()
def _continued(
    model: Any, tokenizer: Any, prompt: str, seed: int, tokens: int, sampler: SamplerSettings
) -> str:
    context = model.config.max_position_embeddings
    ids = tokenizer.encode(prompt, add_special_tokens=False) or [tokenizer.eos_token_id]
    ids = ids[-max(1, context // 2) :]
    begun, cache = len(ids), None
    new = ids
    while len(ids) < min(begun + tokens, context):
        out = model(input_ids=torch.tensor([new], device=model.device), past_key_values=cache, use_cache=True)
        cache = out.past_key_values
        logits = out.logits[0, -1].float().cpu().numpy()
        token_id = draw(shape(logits, sampler, ids), uniform(seed, len(ids)))
        if token_id == tokenizer.eos_token_id:
            break
        new = [token_id]
        ids = [*ids, token_id]
    given = tokenizer.decode(ids[:begun])
    return str(tokenizer.decode(ids))[len(given) :]
