"""The road of one token through the stages of the sampler: its rank and probability, and where it was cut."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from model.sampler.distribution import Floats, Stage
from model.sampler.sampling import ShapedDistribution


@dataclass(frozen=True, eq=False)
class Passage:
    """One stage as one token meets it, which was there before the stage."""

    stage: Stage
    before: Stage
    token_id: int

    @property
    def name(self) -> str:
        """The stage."""
        return self.stage.name

    @cached_property
    def rank(self) -> int:
        """Rank among the tokens left before the stage, 1 the most likely."""
        if self.before.survivors is not None:
            return 1 + int(np.flatnonzero(self.before.survivors == self.token_id)[0])
        return self.before.softmax.rank(self.token_id)

    @cached_property
    def probability_before(self) -> float:
        """Probability of the token before the stage."""
        return probability_after(self.before, self.token_id)

    @cached_property
    def probability(self) -> float:
        """Probability of the token after the stage; 0 where it was cut."""
        return probability_after(self.stage, self.token_id)

    @cached_property
    def cut(self) -> bool:
        """Whether the stage removed the token."""
        return not _holds(self.stage, self.token_id)

    @property
    def leading(self) -> float:
        """Probability of the most likely token before the stage."""
        return probability_after(self.before, int(self.before.leading(1)[0]))

    @property
    def least(self) -> float:
        """Probability, before the stage, of the least likely token that it kept."""
        kept = self.stage.token_ids
        return float(self.before.powers(kept).min()) / self.before.total

    @property
    def behind(self) -> float:
        """How far the logit of the token lies below the largest."""
        return self._behind(np.array([self.token_id]))

    @property
    def most_behind(self) -> float:
        """How far the lowest logit that was kept lies below the largest."""
        return self._behind(self.stage.token_ids)

    @property
    def surprise(self) -> float:
        """Distance of the token's surprisal from the entropy, in bits."""
        return float(self._distances(np.array([self.probability_before]))[0])

    @property
    def most_surprise(self) -> float:
        """Largest distance of the surprisal of a kept token from the entropy, in bits."""
        kept = self.before.powers(self.stage.token_ids) / self.before.total
        return float(self._distances(kept).max())

    def _behind(self, token_ids: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> float:
        scores = self.before.softmax.scores
        return float(scores[self.before.leading(1)[0]]) - float(scores[token_ids].min())

    def _distances(self, probabilities: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            distances: Floats = np.abs(-np.log2(probabilities) - self.before.entropy_bits)
        return distances


def road(shaped: ShapedDistribution, token_id: int) -> list[Passage]:
    """Return the stages that a token met, in order: all of them, or those up to the one that cut it."""
    passages: list[Passage] = []
    before = shaped.model
    for stage in shaped.stages:
        passages.append(Passage(stage, before, token_id))
        if passages[-1].cut:
            break
        before = stage
    return passages


def probability_after(stage: Stage, token_id: int) -> float:
    """Return the probability of a token after a stage, 0 where it was cut."""
    if not _holds(stage, token_id):
        return 0.0
    return float(stage.powers(np.array([token_id]))[0]) / stage.total


def _holds(stage: Stage, token_id: int) -> bool:
    if stage.survivors is not None:
        return bool((stage.survivors == token_id).any())
    return bool(stage.softmax.scores[token_id] > -np.inf)
