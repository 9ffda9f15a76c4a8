"""How fast this machine reads memory: no model can write faster than it can read its weights."""

import time
from functools import cache

import torch

SIZE = 2**30
"""Bytes: far more than any cache holds."""
TRIES = 3


def read_bandwidth() -> float:
    """Return bytes a second of summing a large float32 tensor on all of torch's threads, best of some."""
    numbers = _numbers()
    times = []
    for _ in range(TRIES):
        start = time.perf_counter()
        numbers.sum()
        times.append(time.perf_counter() - start)
    return SIZE / min(times)


@cache
def _numbers() -> torch.Tensor:
    return torch.ones(SIZE // 4)
