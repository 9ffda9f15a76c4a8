"""The sampler: from full-vocabulary logits to one token. The generator draws from it, the figures draw it.

Plain numpy, float64 inside. Stages run in the order of Transformers' processors and warpers:
repetition penalty (Keskar et al. 2019, arXiv:1909.05858), temperature, top-k (Fan et al. 2018,
arXiv:1805.04833), top-p (Holtzman et al. 2020, arXiv:1904.09751), min-p (Nguyen et al. 2024,
arXiv:2407.01082). Two differences from Transformers, both where its thresholds leave the count open:
top-k keeps exactly k tokens, and wherever logits tie the lower token id goes first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from model.run import LN2, SamplerSettings

Floats = NDArray[np.float64]
Ids = NDArray[np.intp]

STAGES = ("repetition_penalty", "temperature", "top_k", "top_p", "min_p")
"""Names of the stages, in the order in which they act."""


@dataclass(frozen=True, eq=False)
class Stage:
    """What one stage left over."""

    name: str
    token_ids: Ids
    """(kept,) the tokens left, most likely first once a cut has been made, by id before."""
    probabilities: Floats
    """(kept,) their probabilities, renormalised: they sum to 1."""
    mass: float
    """Share of the probability before this stage that its tokens held."""

    @property
    def kept(self) -> int:
        """Number of tokens left."""
        return len(self.token_ids)

    @cached_property
    def entropy_bits(self) -> float:
        """Entropy of what is left."""
        return entropy_bits(self.probabilities)


@dataclass(frozen=True, eq=False)
class ShapedDistribution:
    """The model's own next-token distribution and what the sampler made of it."""

    logits: NDArray[np.floating]
    """(V,) as the model gave them."""
    probabilities: Floats
    """(V,) softmax of `logits`: the model's own probabilities."""
    log_partition: float
    """Log of the sum of the exponentials of `logits`: a logit less this is a natural log-probability."""
    scaled: Floats
    """(V,) after penalty and temperature, before any cut. One-hot when temperature is 0."""
    token_ids: Ids
    """(kept,) tokens that survived, most likely first."""
    kept_probabilities: Floats
    """(kept,) their final probabilities; they sum to 1."""
    stages: tuple[Stage, ...]
    """One for every stage that acted, in order."""

    @property
    def kept(self) -> int:
        """Number of tokens left to choose from."""
        return len(self.token_ids)

    @property
    def kept_mass(self) -> float:
        """The model's own probability of the tokens that survived, together."""
        if self.kept == len(self.probabilities):
            return 1.0
        return float(self.probabilities[self.token_ids].sum())

    @cached_property
    def entropy_bits(self) -> float:
        """Entropy of the model's own distribution.

        From the logits, H = log Z - sum p x: a tenth of a millisecond less for every token than from the
        logarithms of the probabilities.
        """
        expected = np.sum(self.probabilities * np.where(self.probabilities > 0, self.logits, 0.0))
        return max(0.0, (self.log_partition - float(expected)) / LN2)

    @cached_property
    def shaped_entropy_bits(self) -> float:
        """Entropy of the shaped distribution."""
        return entropy_bits(self.kept_probabilities)

    @cached_property
    def shaped(self) -> Floats:
        """(V,) shaped probability of every token, 0 where it was cut."""
        full = np.zeros(len(self.logits))
        full[self.token_ids] = self.kept_probabilities
        return full

    @cached_property
    def ranking(self) -> Ids:
        """(V,) all token ids by the model's own logits, most likely first."""
        return descending(self.logits)

    def rank(self, token_id: int) -> int:
        """Return the rank of a token among the model's own logits, 1 the most likely."""
        value = self.logits[token_id]
        ahead = np.count_nonzero(self.logits > value) + np.count_nonzero(self.logits[:token_id] == value)
        return 1 + int(ahead)

    def logprob(self, token_id: int) -> float:
        """Return the natural log of the model's own probability of a token."""
        return float(self.logits[token_id]) - self.log_partition

    def probability(self, token_id: int) -> float:
        """Return the shaped probability of a token, 0 where it was cut."""
        found = np.flatnonzero(self.token_ids == token_id)
        return float(self.kept_probabilities[found[0]]) if len(found) else 0.0

    @cached_property
    def cut_stage(self) -> NDArray[np.int8]:
        """(V,) index into `stages` of the stage that removed each token; -1 for the survivors."""
        removed = np.full(len(self.logits), -1, dtype=np.int8)
        for index in reversed(range(len(self.stages))):
            here = np.full(len(self.logits), index, dtype=np.int8)
            here[self.stages[index].token_ids] = removed[self.stages[index].token_ids]
            removed = here
        return removed

    def cut_by(self, token_id: int) -> str | None:
        """Return the name of the stage that removed a token; None if it survived."""
        index = int(self.cut_stage[token_id])
        return None if index < 0 else self.stages[index].name


def shape(
    logits: NDArray[np.floating], settings: SamplerSettings, previous_token_ids: Sequence[int] = ()
) -> ShapedDistribution:
    """Apply the sampler to the logits of one step.

    Args:
        logits: (V,) of the whole vocabulary; not changed.
        settings: the sampler.
        previous_token_ids: the text so far, which the repetition penalty looks at.

    Raises:
        ValueError: the logits hold NaN or nothing finite.
    """
    scores = logits.astype(np.float64)
    raw, log_partition = _softmax_and_log_partition(scores)
    everything = np.arange(len(scores))
    stages: list[Stage] = []
    scaled = raw
    if settings.repetition_penalty != 1.0 and len(previous_token_ids) > 0:
        scores = penalised(scores, settings.repetition_penalty, previous_token_ids)
        scaled = _softmax(scores)
        stages.append(Stage("repetition_penalty", everything, scaled, 1.0))
    if settings.temperature == 0.0:
        best = int(np.argmax(scores))
        ids, kept = np.array([best]), np.ones(1)
        stages.append(Stage("temperature", ids, kept, float(scaled[best])))
        scaled = np.zeros(len(scores))
        scaled[best] = 1.0
        return ShapedDistribution(logits, raw, log_partition, scaled, ids, kept, tuple(stages))
    if settings.temperature != 1.0:
        # From the leading score down: a temperature next to 0 sends the others to -inf, none to inf.
        with np.errstate(over="ignore"):
            scaled = _softmax((scores - scores.max()) / settings.temperature)
        stages.append(Stage("temperature", everything, scaled, 1.0))

    cut = 0 < settings.top_k < len(scaled)
    # By score, not by probability: at low temperatures most probabilities are 0, and would tie.
    ids = leading(scores, settings.top_k) if cut else descending(scores)
    left = Stage("", ids, scaled[ids], 1.0)
    if cut:
        left = _keep("top_k", left, settings.top_k)
        stages.append(left)
    if settings.top_p < 1.0:
        left = _keep("top_p", left, int(np.searchsorted(np.cumsum(left.probabilities), settings.top_p)) + 1)
        stages.append(left)
    if settings.min_p > 0.0:
        floor = settings.min_p * left.probabilities[0]
        left = _keep("min_p", left, int(np.count_nonzero(left.probabilities >= floor)))
        stages.append(left)
    return ShapedDistribution(
        logits, raw, log_partition, scaled, left.token_ids, left.probabilities, tuple(stages)
    )


def draw(shaped: ShapedDistribution, u: float) -> int:
    """Return the token on which u in [0, 1) falls: the cumulative runs from the most likely down."""
    cumulative = np.cumsum(shaped.kept_probabilities)
    index = np.searchsorted(cumulative, u * cumulative[-1], side="right")
    return int(shaped.token_ids[min(int(index), shaped.kept - 1)])


def uniform(seed: int, position: int) -> float:
    """Return the draw in [0, 1) for the token at `position`: Philox keyed by the seed, counted by position.

    Counter-based (Salmon et al. 2011), so that the draw of any step is had without those before it.
    """
    return float(np.random.Generator(np.random.Philox(key=seed, counter=position)).random())


def penalised(scores: Floats, penalty: float, previous_token_ids: Sequence[int]) -> Floats:
    """Return (V,) scores, tokens already in the text weakened: divided if positive, else multiplied."""
    seen = np.unique(np.asarray(previous_token_ids, dtype=np.intp))
    changed = scores.copy()
    changed[seen] = np.where(scores[seen] < 0, scores[seen] * penalty, scores[seen] / penalty)
    return changed


def entropy_bits(probabilities: Floats) -> float:
    """Return the Shannon entropy in bits; zeros count as zero."""
    positive = probabilities[probabilities > 0]
    # A sum, not a dot product: numpy's BLAS threads spin on after it and halve the speed of the model.
    return float(max(0.0, -np.sum(positive * np.log2(positive))))


def leading(values: NDArray[np.floating], k: int) -> Ids:
    """Return the ids of exactly k largest values, largest first, the lower id first where values tie."""
    smallest_kept = np.partition(values, len(values) - k)[len(values) - k]
    above = np.flatnonzero(values > smallest_kept)
    tied = np.flatnonzero(values == smallest_kept)[: k - len(above)]
    ids = np.concatenate([above, tied])
    return ids[np.lexsort((ids, -values[ids]))]


def descending(values: NDArray[np.floating]) -> Ids:
    """Return all ids, largest value first, the lower id first where values tie.

    A stable sort would do; an unstable one and a repair of the few ties is several times faster.
    """
    order = np.argsort(-values)
    ranked = values[order]
    tied = ranked[1:] == ranked[:-1]
    if tied.any():
        group = np.concatenate([[0], np.cumsum(~tied)])
        members = np.flatnonzero(np.append(tied, False) | np.append(False, tied))
        order[members] = order[members][np.lexsort((order[members], group[members]))]
    return order


def _softmax(scores: Floats) -> Floats:
    return _softmax_and_log_partition(scores)[0]


def _softmax_and_log_partition(scores: Floats) -> tuple[Floats, float]:
    largest = float(scores.max())
    if not np.isfinite(largest):
        raise ValueError("the model returned logits that are not numbers; try --dtype float32")
    powers = np.exp(scores - largest)
    total = float(powers.sum())
    return powers / total, largest + float(np.log(total))


def _keep(name: str, before: Stage, count: int) -> Stage:
    survivors = before.probabilities[:count]
    mass = float(survivors.sum())
    return Stage(name, before.token_ids[:count], survivors / mass, mass)
