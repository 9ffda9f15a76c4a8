"""Tokens of a vocabulary that mean something to a stage of the sampler, whatever their probability."""

from collections.abc import Callable, Collection, Iterable
from functools import cached_property

LINE_BREAK = "\n"


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

    @cached_property
    def spared(self) -> frozenset[int]:
        """Line breaks and ends of a text: XTC acts at no step where it would remove one of them."""
        breaks = (token_id for token_id, token in self._tokens() if token == LINE_BREAK)
        return self._ends.union(breaks)


NO_LANDMARKS = Landmarks(lambda: ())
"""Of a vocabulary of which nothing is known but its size."""
