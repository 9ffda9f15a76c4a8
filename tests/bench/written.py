"""What a contender wrote, and when each token came; and the prompts that all of them get."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

PROMPT = "Once upon a time there was a little robot who lived in an old lighthouse. Every morning"


@dataclass(frozen=True)
class Written:
    """Some texts that were written at once."""

    token_ids: tuple[tuple[int, ...], ...]
    """The new tokens of each text."""
    arrivals: tuple[tuple[float, ...], ...]
    """Seconds from the request to each new token, for each text."""

    @property
    def seconds(self) -> float:
        """Time until all was written, the reading of the prompts included."""
        return max(times[-1] for times in self.arrivals)

    @property
    def rate(self) -> float:
        """Tokens a second, over all texts."""
        return sum(map(len, self.token_ids)) / self.seconds

    @property
    def first(self) -> tuple[float, ...]:
        """Seconds to the first token of each text."""
        return tuple(times[0] for times in self.arrivals)

    @property
    def gaps(self) -> tuple[float, ...]:
        """Seconds from each token to the next one of its text."""
        return tuple(after - before for times in self.arrivals for before, after in pairwise(times))


def prompt_ids(number: int, length: int | None = None) -> tuple[int, ...]:
    """Return the tokens of a prompt; another number gives another text, so that nobody has it in a cache.

    Args:
        number: stands at the beginning.
        length: repeat or cut it to so many tokens.
    """
    token_ids = encode(f"{number}. {PROMPT}")
    return token_ids if length is None else (token_ids * length)[:length]


def encode(text: str) -> tuple[int, ...]:
    """Return the tokens of a text."""
    return tuple(_tokenizer()(text)["input_ids"])


def quiet(_line: str) -> None:
    """Say nothing while loading: stdout may be JSON."""


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep the garbage collector asleep."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@cache
def _tokenizer() -> Any:
    # Slow to import, and a process that only compares needs neither.
    from transformers import AutoTokenizer  # noqa: PLC0415

    from model.weights.embedded import embedded_model  # noqa: PLC0415

    folder, _ = embedded_model(quiet)
    return AutoTokenizer.from_pretrained(folder)
