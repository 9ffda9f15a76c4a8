"""Tokens of a vocabulary that mean something to a stage of the sampler, whatever their probability."""

from collections.abc import Callable, Collection, Iterable
from functools import cached_property, lru_cache

import numpy as np

from model.sampler.distribution import Ids

LINE_BREAK = "\n"
MOST_KNOWN = 16
"""Answers that are remembered: each may be as long as the vocabulary."""


class Landmarks:
    """What the sampler asks of a vocabulary; found in the texts of its tokens when it is first asked for."""

    def __init__(self, tokens: Callable[[], Iterable[tuple[int, str]]], ends: Collection[int] = ()) -> None:
        """Prepare to look.

        Args:
            tokens: the token ids with their texts, those that are known.
            ends: ids of the tokens that end a text.
        """
        self._tokens = tokens
        self._ends = frozenset(ends)
        self.holding = lru_cache(MOST_KNOWN)(self._holding)
        """See `_holding`; the answers to the last few questions are remembered."""

    @cached_property
    def spared(self) -> frozenset[int]:
        """Line breaks and ends of a text: XTC acts at no step where it would remove one of them."""
        breaks = (token_id for token_id, token in self._tokens() if token == LINE_BREAK)
        return self._ends.union(breaks)

    def _holding(self, parts: tuple[str, ...]) -> Ids:
        """Return (n,) the ids of the tokens whose text holds one of these parts, such as `":` for `:`."""
        found = (token_id for token_id, token in self._tokens() if any(part in token for part in parts))
        return np.fromiter(found, dtype=np.intp)


NO_LANDMARKS = Landmarks(lambda: ())
"""Of a vocabulary of which nothing is known but its size."""
