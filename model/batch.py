"""The tokens of one pass: pieces of several texts side by side, and who may look at what."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import torch
from torch import Tensor


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
        self._lengths = {span.end for span in spans[: self.together]}
        self._masks: dict[tuple[int, int | None], Tensor | None] = {}

    def together_mask(self, window: int | None, dtype: torch.dtype) -> Tensor | None:
        """Return (n, 1, 1, longest): 0 where a single token may look, -inf elsewhere; None if everywhere.

        Args:
            window: how many keys a query sees, itself included; None for all.
            dtype: of the scores.
        """
        if window is None and len(self._lengths) <= 1:
            return None
        if (-1, window) not in self._masks:
            last = self.positions[: self.together, None]
            at = torch.arange(self.longest, device=last.device)
            seen = at <= last
            if window is not None:
                seen &= at > last - window
            bias = torch.zeros(seen.shape, dtype=dtype, device=last.device)
            self._masks[-1, window] = bias.masked_fill_(~seen, float("-inf"))[:, None, None]
        return self._masks[-1, window]

    def chunk_mask(self, span: Span, window: int | None) -> Tensor | None:
        """Return (n, end) which keys the n tokens of a span see; None if that is the plain triangle."""
        if window is None and (span.start == 0 or len(span.token_ids) == 1):
            return None
        if (span.slot, window) not in self._masks:
            here = torch.arange(span.start, span.end, device=self.positions.device)[:, None]
            at = torch.arange(span.end, device=self.positions.device)
            seen = at <= here
            if window is not None:
                seen &= at > here - window
            self._masks[span.slot, window] = seen
        return self._masks[span.slot, window]
