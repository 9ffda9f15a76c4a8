"""Whether a text gets the same numbers whoever is computed beside it: tried, to the last bit.

Batch invariance (He et al. 2025, "Defeating Nondeterminism in LLM Inference") is what lets neighbours read
the same text from the same prompt and seed. Whether it holds is up to a processor and its libraries, so it is
tried where the model is to run: the same text alone, in chunks, among others, behind a longer one, with one
thread and with all.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor

from model.kernels.block_attention import key_block_on
from model.network.batch import Span
from model.network.key_values import KeyValueSlots
from model.sampler.distribution import Softmax

TEXT = 40
"""Tokens of the text that is computed in several ways."""
BEYOND = 20
"""Tokens of a longer text beside it behind its first block of attention."""
TOGETHER = (2, 3, 5, 9, 17, 1)
"""Texts of which one token each is computed at once: libraries have a way of their own for one row, and for
few. The last tokens of the text are each computed with one of these numbers."""


class Computes(Protocol):
    """What is tried."""

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        ...

    def forward(self, slots: KeyValueSlots, spans: Sequence[Span]) -> Tensor:
        """See `Network.forward`."""
        ...

    def softmaxes_of(self, final: Tensor) -> list[Softmax]:
        """See `Network.softmaxes_of`."""
        ...


@torch.inference_mode()
def is_batch_invariant(network: Computes, vocab_size: int, context_length: int, final: slice) -> bool:
    """Return whether a text gets the same bits in every company that is tried.

    Args:
        network: what computes.
        vocab_size: of its tokens.
        context_length: most tokens of a text.
        final: columns of a row that the output embedding turns into logits.
    """
    text = _token_ids(min(TEXT, context_length), vocab_size, 1)
    longer = key_block_on(network.device) + BEYOND
    neighbour = _token_ids(min(longer, context_length), vocab_size, 2)
    alone = network.forward(KeyValueSlots(), [Span(text, 0, 0)])
    with _one_thread():
        if not torch.equal(network.forward(KeyValueSlots(), [Span(text, 0, 0)]), alone):
            return False
    if not torch.equal(_in_company(network, text, neighbour), alone):
        return False
    last = alone[-1:, final]
    others = alone[:, final]
    with _one_thread():
        by_itself = network.softmaxes_of(last)[0]
    for count in TOGETHER:
        beside = network.softmaxes_of(torch.cat([others[: count - 1], last]))[-1]
        if beside.total != by_itself.total or not (beside.scores == by_itself.scores).all():
            return False
    return True


def _in_company(network: Computes, text: list[int], neighbour: list[int]) -> Tensor:
    """Return the rows of a text computed in pieces behind a longer one's, then single ones beside others."""
    slots = KeyValueSlots()
    singles = min(len(TOGETHER), len(text) - 1, len(neighbour) - 1)
    pieces, longer_pieces = _cut(text, singles), _cut(neighbour, singles)
    rows: list[Tensor] = []
    for mine, longer in zip(pieces[:2], longer_pieces[:2], strict=True):
        spans = [Span(longer[1], longer[0], 1), Span(mine[1], mine[0], 0)]
        computed = network.forward(slots, [span for span in spans if span.token_ids])
        rows.append(computed[len(longer[1]) :])
    for mine, longer, count in zip(pieces[2:], longer_pieces[2:], TOGETHER, strict=False):
        spans = [Span(mine[1], mine[0], 0), Span(longer[1], longer[0], 1)]
        spans += [Span(text[:1], 0, 2 + other) for other in range(count - 2)]
        rows.append(network.forward(slots, spans[:count])[:1])
    return torch.cat(rows)


def _cut(text: list[int], singles: int) -> list[tuple[int, list[int]]]:
    """Return where each piece of a text begins, and its tokens: two longer ones, then single ones."""
    middle = len(text) - singles
    edges = [0, middle // 3, *range(middle, len(text) + 1)]
    return [(start, text[start:end]) for start, end in pairwise(edges)]


def _token_ids(count: int, vocab_size: int, seed: int) -> list[int]:
    generator = torch.Generator().manual_seed(seed)
    ids: list[int] = torch.randint(vocab_size, (count,), generator=generator).tolist()
    return ids


@contextmanager
def _one_thread() -> Iterator[None]:
    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(usual)
