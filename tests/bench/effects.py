"""The effect of every head on one step: our batches against a forward pass of Transformers for each head."""

import time
from typing import Any

import torch

from tests.bench.contenders import our_model
from tests.bench.plain import plain_model
from tests.bench.processes import own_process
from tests.bench.report import Row, ratio, spread
from tests.bench.written import prompt_ids

LENGTH = 64
"""Tokens before the one that is asked about."""
TRIED = 30
"""Heads for which a pass of its own is measured; the time for all follows."""
ASKED = 260
"""The token whose logprob is followed."""


def measure_effects(rounds: int) -> tuple[list[Row], dict[str, Any]]:
    """Measure in a process for each: what one leaves in memory would slow the other."""
    with own_process() as us:
        us(every_head, "step")  # loads the model, once more too
        step = [us(every_head, "step") for _ in range(rounds)]
        text = [us(every_head, "text") for _ in range(rounds)]
    with own_process() as they:
        passes = [they(a_pass_for_each) for _ in range(rounds)]
    rows = [
        ratio(f"every head of one step, {LENGTH} tokens: time, a pass for each / ours", passes, step),
        ratio(f"every head gone from {LENGTH} tokens: time, a pass for each / ours", passes, text),
        spread("effects", "every head, attention and MLP, gone at the step", step, "s"),
        spread("effects", "every head, attention and MLP, gone in the whole text", text, "s"),
        spread("effects", "a forward pass of Transformers for each head", passes, "s"),
    ]
    return rows, {"step_s": step, "text_s": text, "passes_s": passes}


def every_head(scope: Any) -> float:
    """Return the seconds that the map of all heads takes, those of attentions and MLPs included."""
    from model.interventions.part_effects import part_effects  # noqa: PLC0415 - imports torch

    start = time.perf_counter()
    *_, found = part_effects(our_model(), prompt_ids(0, LENGTH), ASKED, "zero", scope)
    if found.done != found.total:
        raise RuntimeError(f"{found.done} of {found.total} parts were measured")
    return time.perf_counter() - start


def a_pass_for_each() -> float:
    """Return the seconds that Transformers takes for all heads, one forward pass for each."""
    plain, ids = plain_model(), torch.tensor([prompt_ids(0, LENGTH)])
    heads, layers = plain.config.num_attention_heads, plain.config.num_hidden_layers
    size = plain.config.hidden_size // heads
    places = [divmod(index * (layers * heads) // TRIED, heads) for index in range(TRIED)]
    start = time.perf_counter()
    with torch.inference_mode():
        for layer, head in places:

            def emptied(_: Any, inputs: tuple[torch.Tensor], head: int = head) -> tuple[torch.Tensor]:
                read = inputs[0].clone()
                read[..., head * size : (head + 1) * size] = 0
                return (read,)

            hook = plain.model.layers[layer].self_attn.o_proj.register_forward_pre_hook(emptied)
            plain(ids, use_cache=False, logits_to_keep=1).logits.log_softmax(-1)[0, -1, ASKED].item()
            hook.remove()
    return (time.perf_counter() - start) * layers * heads / TRIED
