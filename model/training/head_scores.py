"""What every head of a model that learns looks at: three scores on random tokens, cheap enough to ask often.

They are the means of the measures of the same names in `model/interior/head_quantities.py`, on sequences of
random tokens that no text has taught. In each a stretch comes again, and no token stands twice but by that:
what an induction head finds, it finds because it looks for what followed the last time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.numbers import within

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Values = NDArray[np.float32]

SEQUENCES = 8
LONGEST = 64
"""Tokens of a sequence at most: all together cost less than one step of the training."""
SHORTEST = 4
FEWEST_TOKENS = 3
"""Of a vocabulary, so that two tokens can come again and something else stands between them."""


@dataclass(frozen=True, eq=False)
class HeadScores:
    """Three scores of every head, each a (layers, heads) array of weights from 0 to 1."""

    previous_token: Values
    """Mean weight of a query on the token before it (Elhage et al. 2021)."""
    induction: Values
    """Mean weight of a query in the repeated stretch on the token that followed its own the last time: the
    prefix-matching score (Olsson et al. 2022, arXiv:2209.11895)."""
    first_token: Values
    """Mean weight of a query on the first token (Xiao et al. 2023, arXiv:2309.17453)."""

    def to_dict(self) -> dict[str, list[list[float]]]:
        """Return the scores as lists for JSON, with four digits."""
        return {name: np.round(values.astype(float), 4).tolist() for name, values in vars(self).items()}


@dataclass(frozen=True, eq=False)
class Repeats:
    """Sequences of random tokens in each of which one stretch comes again."""

    tokens: Tensor
    """(sequences, T) token ids."""
    queries: Tensor
    """(sequences, n) positions of the stretch where it comes again."""
    distance: Tensor
    """(sequences, 1) positions from a token of the stretch to where it comes again, n at least."""


def repeats(vocab_size: int, context: int, seed: int, sequences: int = SEQUENCES) -> Repeats:
    """Return sequences of random tokens with a stretch that comes again, the same for the same arguments.

    A third of a sequence comes again, at a distance drawn anew for each.

    Args:
        vocab_size: ids to draw from, 3 at least; fewer of them make shorter sequences.
        context: tokens of a sequence at most, 4 at least.
        seed: of the draw.
        sequences: how many.

    Raises:
        OutOfRange: too few ids, or too short a context.
    """
    within("vocab_size", vocab_size, FEWEST_TOKENS, 2**31, whole=True)
    within("context", context, SHORTEST, 2**31, whole=True)
    length = min(context, LONGEST, vocab_size * 3 // 2)
    stretch = max(2, length // 3)
    random = np.random.default_rng(seed)
    tokens = np.empty((sequences, length), dtype=np.int64)
    queries = np.empty((sequences, stretch), dtype=np.int64)
    distances = random.integers(stretch, length - stretch, sequences, endpoint=True)
    for row, distance in enumerate(distances):
        again = distance + random.integers(0, length - stretch - distance, endpoint=True)
        queries[row] = np.arange(again, again + stretch)
        others = np.setdiff1d(np.arange(length), queries[row])
        tokens[row, others] = random.choice(vocab_size, len(others), replace=False)
        tokens[row, queries[row]] = tokens[row, queries[row] - distance]
    return Repeats(torch.from_numpy(tokens), torch.from_numpy(queries), torch.from_numpy(distances[:, None]))


def head_scores(model: "PreTrainedModel", vocab_size: int, context: int, seed: int = 0) -> HeadScores:
    """Return the scores of every head of a model; the model is left as it was.

    Args:
        model: any causal language model of Transformers whose attention can be computed eagerly.
        vocab_size: ids to draw random tokens from, as `repeats`.
        context: the model's; the sequences have `LONGEST` tokens at most.
        seed: of the random tokens, the same for all looks that are to be compared.

    Raises:
        OutOfRange: as `repeats`.
        ValueError: the model tells no attention weights.
    """
    given = repeats(vocab_size, context, seed)
    with _eager(model), torch.no_grad():
        body: Any = model.base_model  # of the logits nothing is asked
        output = body(input_ids=given.tokens.to(model.device), output_attentions=True, use_cache=False)
    if not output.attentions or any(weights is None for weights in output.attentions):
        raise ValueError(f"{type(model).__name__} tells no attention weights")
    layers = [_of_layer(weights.float().cpu(), given) for weights in output.attentions]
    previous, induction, first = (torch.stack(scores).numpy() for scores in zip(*layers, strict=True))
    return HeadScores(previous, induction, first)


def _of_layer(weights: Tensor, given: Repeats) -> tuple[Tensor, Tensor, Tensor]:
    """Return (heads,) scores of (sequences, heads, T, T) weights: previous token, induction, first token.

    The first query can look at nothing but itself and counts nowhere.
    """
    later = torch.arange(1, weights.shape[-1])
    previous = weights[:, :, later, later - 1].mean((0, 2))
    followed = given.queries - given.distance + 1
    rows = torch.arange(len(weights))[:, None]
    induction = weights[rows, :, given.queries, followed].mean((0, 1))
    return previous, induction, weights[:, :, 1:, 0].mean((0, 2))


@contextmanager
def _eager(model: "PreTrainedModel") -> Iterator[None]:
    """Let a model compute the weights that fused attention never has, and put it back as it was."""
    training, attention = model.training, model.config._attn_implementation
    model.eval()
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(attention)
        model.train(training)
