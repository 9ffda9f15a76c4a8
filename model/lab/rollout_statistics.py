"""What many continuations of one text say together: shares and probabilities, diversity, and their tree."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model.sampler.distribution import Floats
from model.sampler.goodness_of_fit import ChiSquare, chi_square, wilson
from model.texts.prefix_tree import most_common, prefix_tree, pruned
from model.texts.run import Run, Step

MOST_NODES = 60
"""Segments of a tree that can still be told apart in a figure."""


@dataclass(frozen=True)
class FirstToken:
    """One token as the first of the rollouts, observed and expected."""

    token_id: int
    count: int
    share: float
    """Of the rollouts that have a token."""
    low: float
    """Lower end of the 95 % band of the share (Wilson)."""
    high: float
    """Upper end."""
    probability: float
    """What the sampler gives it."""

    @property
    def inside(self) -> bool:
        """Whether the band holds the probability: so it does for about 19 of 20 tokens."""
        return self.low <= self.probability <= self.high


@dataclass(frozen=True)
class RolloutStatistics:
    """All rollouts together. What has nothing to be computed from is NaN."""

    count: int
    tokens: int
    """Of all rollouts."""
    mean_length: float
    """Tokens of a rollout."""
    mean_logprob: float
    """Natural log of the model's own probability, mean over all tokens: the likelihood of the texts."""
    mean_entropy_bits: float
    """Of the model's own distributions that the tokens were drawn from, mean over all tokens."""
    distinct_1: float
    """See `distinct`."""
    distinct_2: float
    different: int
    """Texts that differ from all others in some token, equal ones counted once."""


@dataclass(frozen=True)
class RolloutNode:
    """Tokens that the same rollouts have: a node of their tree."""

    token_ids: tuple[int, ...]
    text: str
    """As it stands in the first of these rollouts."""
    start: int
    """Index of its first token among those of a rollout, from 0."""
    count: int
    """Rollouts that hold it."""
    share: float
    """Of all rollouts."""
    probability: float
    """That a rollout begins so: the product of what the sampler gave to all tokens up to its end."""
    parent: int | None
    """The node before it, as its number in the tree; None at the beginning."""
    depth: int
    row: float
    """See `prefix_tree.Segment`."""


def first_tokens(runs: Sequence[Run], probabilities: Floats, most: int = 12) -> list[FirstToken]:
    """Return the likeliest first tokens and the observed ones, at most so many, most probable first.

    Args:
        runs: rollouts of one text; those without a token do not count.
        probabilities: (V,) shaped, of the first step.
        most: of the tokens. Observed ones have precedence, the most frequent first.
    """
    counts = _first_counts(runs, len(probabilities))
    total = int(counts.sum())
    ranked = np.lexsort((np.arange(len(counts)), -probabilities, -counts))[:most]
    rows = []
    for token_id in sorted(ranked.tolist(), key=lambda one: (-probabilities[one], one)):
        count, probability = int(counts[token_id]), float(probabilities[token_id])
        if count or probability > 0:
            share = count / total if total else 0.0
            rows.append(FirstToken(token_id, count, share, *wilson(count, total), probability))
    return rows


def first_token_test(runs: Sequence[Run], probabilities: Floats) -> ChiSquare | None:
    """Test whether the first tokens of rollouts were drawn from the shaped probabilities; see `chi_square`.

    Args:
        runs: rollouts of one text; those without a token do not count.
        probabilities: (V,) shaped, of the first step.
    """
    return chi_square(_first_counts(runs, len(probabilities)), probabilities)


def statistics_of(runs: Sequence[Run]) -> RolloutStatistics:
    """Return what rollouts say together."""
    steps = [step for run in runs for step in run.steps]
    texts = [_token_ids(run) for run in runs]
    return RolloutStatistics(
        count=len(runs),
        tokens=len(steps),
        mean_length=len(steps) / len(runs) if runs else math.nan,
        mean_logprob=_mean([step.logprob for step in steps]),
        mean_entropy_bits=_mean([step.entropy_bits for step in steps]),
        distinct_1=distinct(texts, 1),
        distinct_2=distinct(texts, 2),
        different=len(set(texts)),
    )


def distinct(texts: Sequence[Sequence[int]], n: int) -> float:
    """Return the number of different n-grams of tokens over the number of tokens, over all texts together.

    Li et al. 2016, "A Diversity-Promoting Objective Function for Neural Conversation Models"
    (arXiv:1510.03055): the denominator is the number of tokens for bigrams, too. NaN without tokens.
    """
    grams = {tuple(text[index : index + n]) for text in texts for index in range(len(text) - n + 1)}
    tokens = sum(len(text) for text in texts)
    return len(grams) / tokens if tokens else math.nan


def rollout_tree(runs: Sequence[Run], most: int = MOST_NODES) -> list[RolloutNode]:
    """Return the rollouts as a tree, each node before its children, the most common of them first.

    Args:
        runs: rollouts of one text, none of them with a token put there by a person.
        most: of the nodes; those that most rollouts hold are kept.
    """
    segments = pruned(prefix_tree([_token_ids(run) for run in runs], order=most_common), most)
    nodes: list[RolloutNode] = []
    for segment in segments:
        steps = runs[segment.members[0]].steps
        node = RolloutNode(
            token_ids=segment.token_ids,
            text="".join(step.text for step in steps[segment.start : segment.stop]),
            start=segment.start,
            count=len(segment.members),
            share=len(segment.members) / len(runs),
            probability=_probability(steps[: segment.stop]),
            parent=segment.parent,
            depth=segment.depth,
            row=segment.row,
        )
        nodes.append(node)
    return nodes


def _probability(steps: Sequence[Step]) -> float:
    """Return how often fair dice begin so: they throw the coins of XTC, too."""
    return math.prod(
        step.probability if step.mixed_probability is None else step.mixed_probability for step in steps
    )


def _first_counts(runs: Sequence[Run], vocab_size: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    first = np.array([run.steps[0].token_id for run in runs if run.steps], dtype=np.intp)
    return np.bincount(first, minlength=vocab_size)


def _token_ids(run: Run) -> tuple[int, ...]:
    """Return the tokens that were added to the prompt."""
    return tuple(step.token_id for step in run.steps)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan
