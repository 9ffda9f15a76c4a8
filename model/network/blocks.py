"""Blocks of memory for recordings, used again and again."""

from collections import deque

import torch
from torch import Tensor


class Block:
    """Memory of a fixed size. When nobody holds it any more, its pool has it back."""

    __slots__ = ("_free", "rows")

    def __init__(self, rows: Tensor, free: deque[Tensor]) -> None:
        self.rows = rows
        self._free = free

    def __del__(self) -> None:
        self._free.append(self.rows)


class BlockPool:
    """Lends blocks and keeps those that come back: new memory costs more than what is written into it.

    It never holds more than was in use at one time, so the budget of the internals bounds it as well.
    """

    def __init__(self) -> None:
        self._free: deque[Tensor] = deque()

    def take(self, like: Tensor, rows: int) -> Block:
        """Return a (rows, width) block for rows like these; what stands in it is meaningless."""
        try:
            memory = self._free.pop()
        except IndexError:
            memory = torch.empty((rows, like.shape[1]), dtype=like.dtype, device=like.device)
        return Block(memory, self._free)
