"""What one text left behind in a model: queries, keys, values and the residual stream, token by token.

Nothing of size T x T is kept: attention weights are rebuilt from queries and keys on demand. Every token
is one row that holds all of its vectors; rows stand in blocks of equal size. A full block never changes,
so texts with a common beginning share its blocks, and a reader needs no lock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from model.kernels.compiled_pass import Place
from model.network.blocks import Block, BlockPool
from model.reference.attention_rule import AttentionRule

BLOCK = 32
"""Rows of a block."""


@dataclass(frozen=True)
class Columns:
    """Where one vector stands in a row."""

    start: int
    stop: int
    heads: int = 1

    @property
    def size(self) -> int:
        """Numbers of one head."""
        return (self.stop - self.start) // self.heads


@dataclass(frozen=True)
class Layout:
    """How the vectors of a token stand in its row, and what else rebuilding attention takes."""

    queries: tuple[Columns, ...]
    """By layer, as are keys and values."""
    keys: tuple[Columns, ...]
    values: tuple[Columns, ...]
    residual: tuple[Columns, ...]
    """The residual stream entering layer 0 (the embedding), ..., entering layer L-1, leaving it."""
    final: Columns
    """After the final norm: what the output embedding turns into logits."""
    rules: tuple[AttentionRule, ...]
    """By layer."""

    @property
    def width(self) -> int:
        """Numbers of a row."""
        return self.final.stop


class HeadShape(NamedTuple):
    """The attention heads of one layer."""

    queries: int
    keys: int
    """As many values."""
    size: int
    """Of a query and of a key."""
    value_size: int
    rule: AttentionRule


def laid_out(layers: Sequence[HeadShape], width: int, final: int) -> Layout:
    """Return the layout of rows that hold queries, keys, values and the entering stream of each layer.

    Args:
        layers: their heads.
        width: of the residual stream.
        final: width after the final norm.
    """
    queries, keys, values, residual = [], [], [], []
    end = 0

    def place(width: int, heads: int = 1) -> Columns:
        nonlocal end
        start, end = end, end + width * heads
        return Columns(start, end, heads)

    for shape in layers:
        queries.append(place(shape.size, shape.queries))
        keys.append(place(shape.size, shape.keys))
        values.append(place(shape.value_size, shape.keys))
        residual.append(place(width))
    residual.append(place(width))
    return Layout(
        tuple(queries),
        tuple(keys),
        tuple(values),
        tuple(residual),
        place(final),
        tuple(shape.rule for shape in layers),
    )


class Recording:
    """The rows of one text, in the order of its tokens. Grows at the end; what is there never changes."""

    def __init__(self, layout: Layout, pool: BlockPool | None = None) -> None:
        """Begin with no tokens.

        Args:
            layout: of the rows.
            pool: where blocks come from, one for each layout; a new one by default.
        """
        self.layout = layout
        self._pool = pool or BlockPool()
        self._blocks: list[Block] = []
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, rows: Tensor) -> None:
        """Copy (t, width) rows to the end."""
        for place in self.places(len(rows), rows):
            place.block[place.first : place.first + place.length] = rows[: place.length]
            rows = rows[place.length :]
            self.grow(place.length)

    def places(self, count: int, like: Tensor) -> list[Place]:
        """Return where the next rows belong.

        Args:
            count: of the rows.
            like: rows of the same dtype and on the same device.
        """
        found = []
        end = self._length
        while count > 0:
            used = end % BLOCK
            if end == len(self._blocks) * BLOCK:
                self._blocks.append(self._pool.take(like, BLOCK))
            part = min(count, BLOCK - used)
            found.append(Place(self._blocks[end // BLOCK].rows, used, part))
            count, end = count - part, end + part
        return found

    def grow(self, count: int) -> None:
        """Take rows as recorded that stand in their places."""
        self._length += count

    def place(self, position: int) -> Place:
        """Return where the row of a token is."""
        self._require(position + 1)
        return Place(self._blocks[position // BLOCK].rows, position % BLOCK, 1)

    def prefix(self, length: int) -> "Recording":
        """Return the recording of the first `length` tokens, free to go on differently.

        Full blocks are shared, the last one is copied if it is not full.
        """
        self._require(length)
        other = Recording(self.layout, self._pool)
        full, rest = divmod(length, BLOCK)
        other._blocks = self._blocks[:full]
        other._length = full * BLOCK
        if rest:
            other.append(self._blocks[full].rows[:rest])
        return other

    def vectors(self, columns: Columns, length: int) -> Tensor:
        """Return (length, heads, size) vectors of the first tokens."""
        self._require(length)
        blocks = self._blocks[: -(-length // BLOCK)]
        cut = torch.cat([block.rows[:, columns.start : columns.stop] for block in blocks])
        return cut[:length].view(length, columns.heads, columns.size)

    @property
    def blocks(self) -> Sequence[Tensor]:
        """The (BLOCK, width) blocks, some of them perhaps those of other texts as well."""
        return tuple(block.rows for block in self._blocks)

    def _require(self, length: int) -> None:
        if not 0 <= length <= self._length:
            raise IndexError(f"{length} tokens asked for, {self._length} recorded")


def bytes_held(recordings: Iterable[Recording]) -> int:
    """Return the bytes that recordings take together: what they share counts once."""
    blocks = {id(block): block.nbytes for recording in recordings for block in recording.blocks}
    return sum(blocks.values())


def attention_weights(
    recording: Recording, layer: int, length: int, head: int | None = None, first: int = 0
) -> Tensor:
    """Rebuild the attention of a layer from queries and keys.

    Args:
        recording: of a text of at least `length` tokens.
        layer: counted from 0.
        length: number of leading tokens, T.
        head: counted from 0; None for all.
        first: position of the first query asked for.

    Returns:
        (heads, T - first, T) or (T - first, T) float32, queries by keys; rows sum to 1, zeros above the
        diagonal.
    """
    layout = recording.layout
    queries = recording.vectors(layout.queries[layer], length)[first:].transpose(0, 1).float()
    keys = recording.vectors(layout.keys[layer], length).transpose(0, 1).float()
    sharing = len(queries) // len(keys)  # grouped-query attention: heads that share a key
    if head is None:
        keys = keys.repeat_interleave(sharing, dim=0)
    else:
        queries, keys = queries[head], keys[head // sharing]
    rule = layout.rules[layer]
    scores = rule.capped((queries @ keys.transpose(-1, -2)) * rule.scaling)
    positions = torch.arange(length, device=scores.device)
    return (scores + rule.visibility.bias(positions[first:, None], positions)).softmax(-1)
