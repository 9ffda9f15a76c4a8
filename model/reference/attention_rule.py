"""What one layer's attention does with scores before their softmax, as a rule for texts of any length."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Visibility:
    """A causal mask: a query sees itself and what came before it, all of it or a part."""

    window: int | None = None
    """How many keys a query sees, itself included (Beltagy et al. 2020, arXiv:2004.05150); None for all."""
    chunk: int | None = None
    """Length of the chunks of a text: a query sees keys of its own alone (Llama 4); None for one chunk."""

    def seen(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Return bool which keys are seen, for positions of queries and of keys that broadcast."""
        seen = keys <= queries
        if self.window is not None:
            seen = seen & (keys > queries - self.window)
        if self.chunk is not None:
            seen = seen & (keys // self.chunk == queries // self.chunk)
        return seen

    def bias(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Return float32 what is added to the scores: 0 where a query may look, -inf elsewhere."""
        seen = self.seen(queries, keys)
        return torch.zeros(seen.shape, device=seen.device).masked_fill_(~seen, float("-inf"))


@dataclass(frozen=True)
class AttentionRule:
    """All that attention is, beside queries, keys and values."""

    scaling: float
    """Factor on query times key."""
    visibility: Visibility = Visibility()
    softcap: float | None = None
    """Scores s become softcap * tanh(s / softcap) (Gemma 2, arXiv:2408.00118)."""

    def capped(self, scores: Tensor) -> Tensor:
        """Return scaled scores under the cap."""
        return scores if self.softcap is None else self.softcap * torch.tanh(scores / self.softcap)
