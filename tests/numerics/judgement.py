"""What becomes of an architecture here: exact, refused and why, or wrong, as Transformers itself judges."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from model.engine.engine import Engine
from model.engine.internals import Internals
from model.network.language_model import LanguageModel
from model.reference.refusals import INSTEAD
from model.reference.truth import UnrecordableModel
from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from tests.numerics.every_architecture import UNBUILT, architecture
from tests.numerics.writing import PLENTY
from tests.tiny import CONTEXT, tiny_tokenizer

LENGTHS = (8, 40, 100)
"""Tokens of the texts read: a few, more than a window or chunk holds, many more."""
PROMPT = 8
WRITTEN = 12
"""Tokens written one at a time behind a prompt of 8: beyond a window of 12, and an original context of 16."""
NATS = 1e-3
"""Difference of log-probabilities that rounding may cause."""
WEIGHT = 1e-4
"""Of attention weights."""
WILD = SamplerSettings(temperature=1.5, top_k=0, top_p=1.0)


@dataclass(frozen=True)
class Verdict:
    """What becomes of an architecture."""

    kind: str
    """exact, refused, wrong or not tried."""
    why: str = ""
    """What a person is told, without what to take instead."""


@cache
def verdict(name: str) -> Verdict:
    """Load a tiny random model of a class and let Transformers judge what is shown of it."""
    if name in UNBUILT:
        return Verdict("not tried", UNBUILT[name])
    return judged(architecture(name), architecture(name))


def judged(transformer: Any, judge: Any) -> Verdict:
    """Judge what is shown of a model.

    Args:
        transformer: the model; of little use afterwards.
        judge: another one with the same weights.
    """
    try:
        model = LanguageModel(transformer, tiny_tokenizer(), name="tiny", fingerprint="random", parameters=1)
    except UnrecordableModel as refusal:
        return Verdict("refused", _why(str(refusal)))
    except Exception as problem:  # noqa: BLE001 - whatever it is, nobody is told a thing
        return Verdict("wrong", f"it breaks as it is loaded: {problem!r}")
    problems = [problem for text in texts(model) for problem in differences(text, judge)]
    if problems:
        return Verdict("wrong", "; ".join(problems))
    context = model.info.context_length
    return Verdict("exact", "" if context == CONTEXT else f"texts end at {context} of its {CONTEXT} tokens")


def _why(message: str) -> str:
    """Return the part of what a person is told between what was refused and what to take instead."""
    return message.partition(": ")[2].removesuffix(f". {INSTEAD}.")


def texts(model: LanguageModel) -> Iterator[Internals]:
    """Yield texts that were read side by side, as long as the context allows, and one that was written."""
    context, vocabulary = model.info.context_length, model.info.vocab_size
    model.eos_token_ids = frozenset()  # a text that ends early would not reach beyond the window
    lengths = sorted({min(length, context) for length in LENGTHS})
    with Engine(model, PLENTY) as engine:
        yield from engine.read_all([random_ids(length, vocabulary) for length in lengths])
        prompt = tuple(random_ids(PROMPT, vocabulary, seed=1))
        run = Run(model=model.info.identity, prompt="", prompt_token_ids=prompt)
        count = min(WRITTEN, context - PROMPT)
        *_, run = engine.write(run, count, settings=WILD)
        assert len(run.token_ids) == PROMPT + count
        yield engine.read(run.token_ids)


def random_ids(length: int, vocabulary: int, seed: int = 0) -> list[int]:
    """Return token ids that are neither padding nor an end."""
    generator = torch.Generator().manual_seed(1000 * seed + length)
    return torch.randint(2, vocabulary - 1, (length,), generator=generator).tolist()


@torch.inference_mode()
def differences(text: Internals, judge: Any) -> list[str]:
    """Say where what was recorded of a text is not what Transformers computes from it, alone and at once."""
    length = len(text)
    token_ids = torch.tensor([text.token_ids])
    scores = [torch.from_numpy(softmax.scores.copy()) for softmax in text.softmaxes(range(length))]
    ours = logprobs(torch.stack(scores))
    judge.set_attn_implementation("sdpa" if judge._supports_sdpa else "eager")
    usual = judge(token_ids, use_cache=False)
    judge.set_attn_implementation("eager")
    eager = judge(token_ids, use_cache=False, output_attentions=True)
    found = {
        f"nats from {way} attention": (logprobs(truth.logits[0]) - ours, NATS)
        for way, truth in (("the usual", usual), ("eager", eager))
    }
    for layer in range(text.model.info.layers):
        heads = torch.from_numpy(text.attention_heads(layer, length).copy())
        found[f"of the attention in layer {layer}"] = (eager.attentions[layer][0] - heads, WEIGHT)
    return [
        f"{difference.abs().max().item():.2g} {what} at {length} tokens"
        for what, (difference, allowed) in found.items()
        if not difference.abs().max().item() <= allowed
    ]


def logprobs(logits: Tensor) -> Tensor:
    """Return log-probabilities in nats."""
    return logits.float().log_softmax(-1)
