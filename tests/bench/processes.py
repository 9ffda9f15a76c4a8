"""Contenders live in processes of their own and take turns.

A numpy BLAS call (`a @ b`, a dot product) between two passes of the model leaves OpenBLAS threads spinning
beside torch's and halves the speed of the model; other libraries bring threads of their own. A process for
each contender keeps them apart, and taking turns lets noise on the machine hit all of them alike.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, Protocol, TypeVar

Measured = TypeVar("Measured")


class Ask(Protocol):
    """Calls a function of some module in another process and returns its result."""

    def __call__(self, work: Callable[..., Measured], *args: Any) -> Measured: ...


@contextmanager
def own_process() -> Iterator[Ask]:
    """Lend a fresh process that keeps what it has loaded from one call to the next."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # or it warns of every process
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield lambda work, *args: pool.submit(work, *args).result()


def taking_turns(
    contenders: Mapping[str, Callable[[int], Measured]], rounds: int
) -> dict[str, list[Measured]]:
    """Measure each contender once a round, another one first in every round.

    Args:
        contenders: by name; each gets the number of the round, to write another text in every one.
        rounds: how many.
    """
    names = list(contenders)
    found: dict[str, list[Measured]] = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            found[name].append(contenders[name](number))
    return found
