"""Plain Transformers: `generate` on the same weights in float32, bare, recording, and in a batch."""

import time
from functools import cache
from typing import Any

import torch
from transformers import AutoModelForCausalLM
from transformers.utils.logging import disable_progress_bar

from model.weights.embedded import embedded_model
from tests.bench.written import Written, prompt_ids, quiet, undisturbed

RECORDED = ("output_attentions", "output_hidden_states", "output_logits", "return_dict_in_generate")


@cache
def plain_model() -> Any:
    """Return the default model as Transformers loads it, without an end of text."""
    disable_progress_bar()
    folder, _ = embedded_model(quiet)
    plain = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    plain.generation_config.eos_token_id = None
    return plain


class Arrivals:
    """A streamer that notes when each token came."""

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self.times: list[float] = []
        self._prompt_is_next = True

    def put(self, _token_ids: torch.Tensor) -> None:
        """Note the time; the first call brings the prompt."""
        if not self._prompt_is_next:
            self.times.append(time.perf_counter() - self.start)
        self._prompt_is_next = False

    def end(self) -> None:
        """Do nothing: `generate` calls it."""


def plain_bare(number: int, count: int, length: int | None = None) -> Written:
    """Write a text, tokens only."""
    return _write(prompt_ids(number, length), count, "sdpa")


def plain_recording(number: int, count: int) -> Written:
    """Write a text and have attentions, hidden states and logits returned.

    Transformers returns no attentions under SDPA, so this takes its eager attention.
    """
    return _write(prompt_ids(number), count, "eager", **dict.fromkeys(RECORDED, True))


@torch.inference_mode()
def plain_batch(number: int, texts: int, count: int) -> Written:
    """Write some texts as one batch, tokens only; shorter prompts are padded at the left."""
    plain = plain_model()
    plain.set_attn_implementation("sdpa")
    prompts = [prompt_ids(number + text) for text in range(texts)]
    width = max(map(len, prompts))
    inputs = torch.tensor([[0] * (width - len(ids)) + list(ids) for ids in prompts])
    mask = torch.tensor([[0] * (width - len(ids)) + [1] * len(ids) for ids in prompts])
    with undisturbed():
        start = time.perf_counter()
        output = plain.generate(inputs, attention_mask=mask, do_sample=False, max_new_tokens=count)
        took = time.perf_counter() - start
    return Written(tuple(map(tuple, output[:, width:].tolist())), ((took,) * count,) * texts)


def plain_weights() -> int:
    """Return how many weights one token reads: all, each once; the embedding is the output's too."""
    return sum(weights.numel() for weights in plain_model().parameters())


@torch.inference_mode()
def _write(prompt: tuple[int, ...], count: int, attention: str, **wanted: bool) -> Written:
    plain = plain_model()
    plain.set_attn_implementation(attention)
    inputs = torch.tensor([prompt])
    with undisturbed():
        arrivals = Arrivals()
        output = plain.generate(
            inputs,
            attention_mask=torch.ones_like(inputs),
            do_sample=False,
            max_new_tokens=count,
            streamer=arrivals,
            **wanted,
        )
    sequence = output.sequences if wanted else output
    return Written((tuple(sequence[0, len(prompt) :].tolist()),), (tuple(arrivals.times),))
