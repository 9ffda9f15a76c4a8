"""How long the linear layers of a model take: nearly all of what a number format changes."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from model.kernels.formats import linear_layers

STEPS = 48
"""Length of the texts in the mix that formats are compared by."""
ROWS = (1, 16, 128)
ROUNDS, SECONDS, LEAST_SAMPLES = 10, 0.4, 5
"""For each number of rows: the most rounds; after these seconds, only what has fewer samples is run again."""


@dataclass(frozen=True)
class Timing:
    """Seconds that all linear layers of a model take, its output embedding among them."""

    one: float
    """For one row: the next token of a single text."""
    sixteen: float
    """For 16 rows: the next tokens of sixteen texts written at once."""
    prompt: float
    """For 128 rows: a prompt."""
    share: float = 1.0
    """What this process had of the time of all cores; where others take the rest, anything may seem fast."""

    @property
    def mix(self) -> float:
        """Seconds to read one prompt, write a text alone, and write sixteen at once."""
        return STEPS * self.one + STEPS * self.sixteen + self.prompt


@torch.inference_mode()
def measure(transformer: PreTrainedModel) -> Timing:
    """Return how long the linear layers of a model take in its format: the best of a few rounds.

    They run one after another on random inputs. Attention and norms cost much the same in every format.
    """
    began, had = time.perf_counter(), time.process_time()
    generator = torch.Generator().manual_seed(0)
    widths = sorted({width for _, width, _ in linear_layers(transformer)})
    best = []
    for rows in ROWS:
        inputs = {
            width: torch.randn(1, rows, width, generator=generator).to(transformer.device, transformer.dtype)
            for width in widths
        }
        calls = [
            ((width, height), layer, inputs[width]) for layer, width, height in linear_layers(transformer)
        ]
        best.append(_seconds(calls))
    share = (time.process_time() - had) / (time.perf_counter() - began) / torch.get_num_threads()
    one, sixteen, prompt = best
    return Timing(one, sixteen, prompt, share if transformer.device.type == "cpu" else 1.0)


def _seconds(calls: Sequence[tuple[Any, nn.Module, Tensor]]) -> float:
    """Return what all calls take, each at the best time seen of any layer of its size.

    The layers take turns, so that none finds its weights in the processor's cache. Those of one size stand in
    for each other because other programs may disturb any call, and a whole round is never undisturbed.

    Args:
        calls: size, layer and input of each.
    """
    samples: dict[Any, list[float]] = {size: [] for size, _, _ in calls}
    end = time.perf_counter() + SECONDS
    for _ in range(ROUNDS):
        for size, layer, x in calls:
            start = time.perf_counter()
            if start >= end and len(samples[size]) >= LEAST_SAMPLES:
                continue
            layer(x)
            if x.device.type != "cpu":
                torch.accelerator.synchronize(x.device)
            samples[size].append(time.perf_counter() - start)
    return sum(min(samples[size]) for size, _, _ in calls)
