"""The three ways of writing a text that are compared: ours, bare Transformers, and Transformers recording.

All are greedy, from the same prompt, with the end of text suppressed, so that each writes the same tokens.
"""

import gc
import time
from collections.abc import Callable
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from model.embedded import embedded_model
from model.generation import write
from model.internals import InternalsStore
from model.language_model import LanguageModel
from model.loading import load_model
from model.run import Run, SamplerSettings

PROMPT = "Once upon a time there was a little robot who lived in an old lighthouse. Every morning"
GREEDY = SamplerSettings(temperature=0.0, top_k=0, top_p=1.0)
PLENTY = 2**31
OURS, BARE, RECORDING = "ours, recording", "generate()", "generate(), recording"
NAMES = (OURS, BARE, RECORDING)


def quiet(_line: str) -> None:
    """Say nothing while loading: stdout may be JSON."""


def our_model() -> LanguageModel:
    """Return the embedded model, which never ends its text."""
    model = load_model(device="cpu", report=quiet)
    model.eos_token_ids = frozenset()
    return model


def plain_model() -> Any:
    """Return the same weights as Transformers loads them, without an end of text."""
    folder, _ = embedded_model(quiet)
    plain = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    plain.generation_config.eos_token_id = None
    return plain


def prompt_ids() -> tuple[int, ...]:
    """Return the tokens of the prompt, without loading a model."""
    folder, _ = embedded_model(quiet)
    return tuple(AutoTokenizer.from_pretrained(folder)(PROMPT)["input_ids"])


def ours(model: LanguageModel, token_ids: tuple[int, ...], count: int) -> tuple[list[int], Any]:
    """Write and record; return the tokens and what holds the record."""
    store = InternalsStore(model, PLENTY)
    start = Run(model.info.identity, PROMPT, token_ids, GREEDY)
    *_, run = write(store, start, count)
    return [step.token_id for step in run.steps], store


def theirs(plain: Any, token_ids: tuple[int, ...], count: int, *, recording: bool) -> tuple[list[int], Any]:
    """Call `generate`; return the tokens and everything it returned.

    Transformers returns no attentions under SDPA, so recording needs its eager attention.
    """
    plain.set_attn_implementation("eager" if recording else "sdpa")
    wanted = ("output_attentions", "output_hidden_states", "output_logits", "return_dict_in_generate")
    inputs = torch.tensor([token_ids])
    with torch.inference_mode():
        output = plain.generate(
            inputs,
            attention_mask=torch.ones_like(inputs),
            do_sample=False,
            max_new_tokens=count,
            **dict.fromkeys(wanted, True) if recording else {},
        )
    sequence = output.sequences if recording else output
    return sequence[0, len(token_ids) :].tolist(), output


def writers(
    model: LanguageModel, plain: Any, token_ids: tuple[int, ...]
) -> dict[str, Callable[[int], tuple[list[int], Any]]]:
    """Return each contender as a function of the number of tokens."""
    return {
        OURS: lambda count: ours(model, token_ids, count),
        BARE: lambda count: theirs(plain, token_ids, count, recording=False),
        RECORDING: lambda count: theirs(plain, token_ids, count, recording=True),
    }


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long some work took, the collector asleep, and what it returned."""
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        result = work()
        return time.perf_counter() - start, result
    finally:
        gc.enable()
