"""The residual stream of one token, taken apart: the embedding, and what each layer added to it."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from model.network.recording import Recording, attention_weights

Projection = Callable[[int, Tensor], Tensor]
"""Layer and (n, heads * size) what heads read, to (n, width) what the layer's attention makes of it."""


@dataclass(frozen=True)
class AttentionParts:
    """What the attention of one layer added to the stream of one token."""

    output: Tensor
    """(width,) all of it."""
    heads: Tensor
    """(heads, width) what each head wrote."""
    bias: Tensor
    """(width,) of the output projection: heads and bias add up to the output."""


def stream_at(recording: Recording, position: int) -> Tensor:
    """Return (L + 1, width) a token's stream: entering layer 0, ..., entering layer L - 1, leaving it."""
    row = _row(recording, position)
    return torch.stack([row[columns.start : columns.stop] for columns in recording.layout.residual])


def final_at(recording: Recording, position: int) -> Tensor:
    """Return (1, width) what the output embedding turns into the logits of the token after a position."""
    columns = recording.layout.final
    return _row(recording, position)[None, columns.start : columns.stop]


def read_by_heads(recording: Recording, layer: int, position: int) -> Tensor:
    """Return (heads, size) float32, the mean of the values that each head took, weighted by its attention."""
    length = position + 1
    weights = attention_weights(recording, layer, length, first=position)
    values = recording.vectors(recording.layout.values[layer], length).transpose(0, 1).float()
    sharing = len(weights) // len(values)  # grouped-query attention: heads that share values
    return (weights @ values.repeat_interleave(sharing, dim=0))[:, 0]


def attention_parts(recording: Recording, layer: int, position: int, project: Projection) -> AttentionParts:
    """Take apart what the attention of a layer added to the stream of a token.

    The output projection is linear: its result is the sum of what it makes of each head alone (Elhage et al.
    2021, "A Mathematical Framework for Transformer Circuits"). Its weights may be packed, so it is not read
    but applied: to one head and nothing else, to all of them, and to nothing.
    """
    read = read_by_heads(recording, layer, position)
    heads, size = read.shape
    rows = read.new_zeros(heads + 2, heads, size)
    rows[range(heads), range(heads)] = read
    rows[heads] = read
    made = project(layer, rows.flatten(1).to(recording.blocks[0].dtype)).float()
    bias = made[-1]
    return AttentionParts(output=made[heads], heads=made[:heads] - bias, bias=bias)


def _row(recording: Recording, position: int) -> Tensor:
    if position < 0:
        raise IndexError(f"position must not be below 0, as {position} is")
    place = recording.place(position)
    return place.block[place.first]
