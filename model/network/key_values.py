"""The key-value cache of a batch: one slot for every text that is being computed."""

import math
import mmap
import os
from collections.abc import Sequence

import torch
from torch import Tensor

from model.kernels.block_attention import KEY_BLOCK_ELSEWHERE, whole_blocks
from model.network.recording import Columns, Recording

PRIVATE: dict[str, int] = {} if os.name == "nt" else {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS}
FIRST_SLOTS, FIRST_LENGTH = 32, 1024
"""Room on the CPU, where zeros take no memory before something is written over them."""


class KeyValueSlots:
    """Keys and values of all layers, each (slots, key-value heads, length in whole blocks, head size).

    Texts of a batch stand in slots 0, 1, ... so that one matrix product serves all of them. What stands
    in a slot beyond its text is finite but meaningless: it must be masked.
    """

    def __init__(self) -> None:
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []
        self._slots = 0
        self._length = 0
        self._used = (0, 0)
        """Slots and length that anybody has asked for: only there can anything have been written."""

    def reserve(self, slots: int, length: int) -> None:
        """Make room for so many texts of such a length; what is there is kept."""
        before = self._used
        self._used = max(slots, before[0]), max(length, before[1])
        length = whole_blocks(length, KEY_BLOCK_ELSEWHERE)  # which is a multiple of all block sizes
        if slots <= self._slots and length <= self._length:
            return
        if slots > self._slots:
            self._slots = max(slots, 2 * self._slots)
        if length > self._length:
            self._length = max(length, 2 * self._length)
        self.keys = [self._grown(old, *before) for old in self.keys]
        self.values = [self._grown(old, *before) for old in self.values]

    def open(self, layers: int, heads: int, size: int) -> None:
        """Make the slots of all layers at once, in float32 on the CPU, if they are not there yet."""
        if not self.keys:
            like = torch.empty(0, heads, size)
            self.keys = [self._empty(like) for _ in range(layers)]
            self.values = [self._empty(like) for _ in range(layers)]

    def write(self, layer: int, slots: Tensor, positions: Tensor, keys: Tensor, values: Tensor) -> None:
        """Put (N, heads, size) keys and values of N tokens where they belong.

        Args:
            layer: counted from 0; layers come in this order in the first pass.
            slots: (N,) the slot of each token.
            positions: (N,) its position in its text.
            keys: of the tokens.
            values: of the tokens.
        """
        if layer == len(self.keys):
            self.keys.append(self._empty(keys))
            self.values.append(self._empty(values))
        self.keys[layer][slots, :, positions] = keys
        self.values[layer][slots, :, positions] = values

    def load(self, slot: int, recording: Recording) -> None:
        """Put the keys and values of a recorded text into a slot."""
        length, layout = len(recording), recording.layout
        columns: list[tuple[list[Tensor], Sequence[Columns]]] = [
            (self.keys, layout.keys),
            (self.values, layout.values),
        ]
        for stores, places in columns:
            for layer, place in enumerate(places):
                vectors = recording.vectors(place, length)
                if layer == len(stores):
                    stores.append(self._empty(vectors))
                stores[layer][slot, :, :length] = vectors.transpose(0, 1)

    def move(self, source: int, target: int, length: int) -> None:
        """Copy the first `length` tokens of one slot into another."""
        for store in (*self.keys, *self.values):
            store[target, :, :length] = store[source, :, :length]

    def clear(self, slot: int) -> None:
        """Forget what stands in a slot: it may hold what is not a number."""
        for store in (*self.keys, *self.values):
            store[slot, :, : self._used[1]] = 0

    def _empty(self, like: Tensor) -> Tensor:
        if like.device.type == "cpu":
            self._slots, self._length = max(self._slots, FIRST_SLOTS), max(self._length, FIRST_LENGTH)
        return _zeros((self._slots, like.shape[1], self._length, like.shape[2]), like)

    def _grown(self, old: Tensor, slots: int, length: int) -> Tensor:
        new = _zeros((self._slots, old.shape[1], self._length, old.shape[3]), old)
        new[:slots, :, :length] = old[:slots, :, :length]
        return new


def _zeros(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Return zeros, not whatever was in memory: a masked NaN is still a NaN.

    On the CPU straight from the system, whose zeros take no memory until something is written over them.
    """
    if like.device.type != "cpu":
        return like.new_zeros(shape)
    pages = mmap.mmap(-1, math.prod(shape) * like.itemsize, **PRIVATE)
    return torch.frombuffer(pages, dtype=like.dtype).view(shape)
