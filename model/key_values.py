"""The key-value cache of a batch: one slot for every text that is being computed."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from model.recording import Columns, Recording

FIRST_LENGTH = 256
"""Tokens that a slot holds at first; doubled as texts grow."""


class KeyValueSlots:
    """Keys and values of all layers, each (slots, key-value heads, length, head size).

    Texts of a batch stand in slots 0, 1, ... so that one matrix product serves all of them. What stands
    in a slot beyond its text is finite but meaningless: it must be masked.
    """

    def __init__(self) -> None:
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []
        self._slots = 0
        self._length = 0

    def reserve(self, slots: int, length: int) -> None:
        """Make room for so many texts of such a length; what is there is kept."""
        if slots <= self._slots and length <= self._length:
            return
        if slots > self._slots:
            self._slots = max(slots, 2 * self._slots)
        if length > self._length:
            self._length = max(length, 2 * self._length, FIRST_LENGTH)
        self.keys = [self._grown(old) for old in self.keys]
        self.values = [self._grown(old) for old in self.values]

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
            store[slot] = 0

    def _empty(self, like: Tensor) -> Tensor:
        return _zeros((self._slots, like.shape[1], self._length, like.shape[2]), like)

    def _grown(self, old: Tensor) -> Tensor:
        new = _zeros((self._slots, old.shape[1], self._length, old.shape[3]), old)
        new[: old.shape[0], :, : old.shape[2]] = old
        return new


def _zeros(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Return zeros, not whatever was in memory: a masked NaN is still a NaN.

    On the CPU from numpy, whose zeros take no memory until something is written over them.
    """
    if like.device.type != "cpu":
        return like.new_zeros(shape)
    return torch.from_numpy(np.zeros(math.prod(shape) * like.itemsize, np.uint8)).view(like.dtype).view(shape)
