"""The tokens of one pass: pieces of several texts side by side, and who may look at what."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import torch
from torch import Tensor

from model.kernels.block_attention import key_block_on, whole_blocks
from model.reference.attention_rule import Visibility


@dataclass(frozen=True)
class Span:
    """Tokens of one text that follow each other."""

    token_ids: Sequence[int]
    start: int
    """Position of the first of them in the text."""
    slot: int
    """Where the text stands in the batch."""

    @property
    def end(self) -> int:
        """Position after the last."""
        return self.start + len(self.token_ids)


class Batch:
    """All tokens of a pass in one row: linear layers, norms and MLPs do not care whose a token is.

    Attention does. No padding and no joint cache: texts join and leave from one pass to the next
    (continuous batching, Yu et al. 2022, Orca), and a long prompt comes in chunks beside tokens of other
    texts (Agrawal et al. 2023, arXiv:2308.16369).
    """

    def __init__(self, spans: Sequence[Span], device: torch.device) -> None:
        """Lay out the tokens.

        Args:
            spans: of every text one. Those of a single token in slots 0, 1, ... come first and are computed
                together; the others one after another.
            device: of the model.
        """
        self.together = 0
        for span in spans:
            if len(span.token_ids) != 1 or span.slot != self.together:
                break
            self.together += 1
        bounds = accumulate((len(span.token_ids) for span in spans), initial=0)
        self.chunks = [(span, first, end) for span, (first, end) in zip(spans, pairwise(bounds), strict=True)]
        """Each longer piece, with its first and last row."""
        del self.chunks[: self.together]
        ids = [token_id for span in spans for token_id in span.token_ids]
        positions = [position for span in spans for position in range(span.start, span.end)]
        slots = [span.slot for span in spans for _ in span.token_ids]
        self.token_ids, self.positions, self.slots = torch.tensor([ids, positions, slots], device=device)
        """(N,) each."""
        self.longest = max((span.end for span in spans[: self.together]), default=0)
        """Length of the longest text whose single token is here."""
        self.key_block = key_block_on(device)
        """Keys that attention takes at once."""
        self._biases: dict[tuple[int, Visibility], Tensor] = {}

    def single_bias(self, visibility: Visibility) -> Tensor:
        """Return (n, 1, 1, L) what attention adds to the scores of the n single tokens.

        L is the length of whole blocks that hold the longest of their texts.
        """
        if (-1, visibility) not in self._biases:
            last = self.positions[: self.together, None]
            self._biases[-1, visibility] = visibility.bias(last, self._keys(self.longest))[:, None, None]
        return self._biases[-1, visibility]

    def chunk_bias(self, span: Span, visibility: Visibility) -> Tensor:
        """Return (n, 1, L) the same for the n tokens of a longer piece."""
        if (span.slot, visibility) not in self._biases:
            here = torch.arange(span.start, span.end, device=self.positions.device)[:, None]
            self._biases[span.slot, visibility] = visibility.bias(here, self._keys(span.end))[:, None]
        return self._biases[span.slot, visibility]

    def _keys(self, length: int) -> Tensor:
        """Return the positions of the keys in the blocks that hold so many."""
        return torch.arange(whole_blocks(length, self.key_block), device=self.positions.device)
