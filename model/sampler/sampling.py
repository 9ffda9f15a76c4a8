"""The sampler: from full-vocabulary logits to one token. The generator draws from it, the figures draw it.

Plain numpy, float64 inside. The stages are in `stages`, their values and order in `sampler_settings`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from model.sampler.circumstances import Circumstances
from model.sampler.distribution import Floats, Ids, Softmax, Stage
from model.sampler.landmarks import NO_LANDMARKS, Landmarks
from model.sampler.settings import SamplerSettings
from model.sampler.stage_records import XTC
from model.sampler.stages import acted


@dataclass(frozen=True, eq=False)
class ShapedDistribution:
    """The model's own next-token distribution and what the sampler made of it."""

    logits: NDArray[np.floating]
    """(V,) as the model gave them. They must not change while this is in use."""
    model: Stage
    """The model's own distribution, before any stage."""
    uncut: Stage
    """What all stages that change logits make of it, without the cuts; one token at temperature 0."""
    left: Stage
    """What the sampler draws from."""
    stages: tuple[Stage, ...]
    """One for every stage that acted, in the order in which they did; see `stages.acted`."""
    settings: SamplerSettings
    """The sampler."""
    at: Circumstances
    """The step."""

    @property
    def coin(self) -> float | None:
        """The number in [0, 1) that the coin of XTC showed; None where none was thrown."""
        return self.at.coin if self.settings.throws_coin else None

    @property
    def excluded(self) -> int:
        """Number of leading tokens that XTC removed."""
        found = [stage for stage in self.stages if stage.name == XTC and stage.before is not None]
        return sum(stage.before.kept - stage.kept for stage in found if stage.before is not None)

    def again(self, settings: SamplerSettings) -> "ShapedDistribution":
        """Return the same step, with the same coin, under other settings."""
        return _shaped(self.model.softmax, settings, self.at)

    def with_coin(self, coin: float) -> "ShapedDistribution":
        """Return the same step with another number on its coin."""
        return _shaped(self.model.softmax, self.settings, replace(self.at, coin=coin))

    @property
    def probabilities(self) -> Floats:
        """(V,) softmax of `logits`: the model's own probabilities."""
        return self.model.softmax.probabilities

    @cached_property
    def log_partition(self) -> float:
        """Log of the sum of the exponentials of `logits`: a logit less this is a natural log-probability."""
        return self.model.softmax.log_partition

    @property
    def scaled(self) -> Floats:
        """(V,) probabilities of `uncut`."""
        return self.uncut.over_vocabulary

    @property
    def unheated(self) -> NDArray[np.floating]:
        """(V,) the logits that the temperature divides, or would divide at the end of the chain."""
        for stage in self.stages:
            if stage.name == "temperature" and stage.before is not None:
                return stage.before.softmax.scores
        return self.left.softmax.scores

    @property
    def token_ids(self) -> Ids:
        """(kept,) tokens that survived, most likely first."""
        return self.left.leading(self.left.kept)

    @cached_property
    def kept_probabilities(self) -> Floats:
        """(kept,) their final probabilities; they sum to 1."""
        return self.left.leading_probabilities

    @property
    def kept(self) -> int:
        """Number of tokens left to choose from."""
        return self.left.kept

    @property
    def kept_mass(self) -> float:
        """The model's own probability of the tokens that survived, together."""
        if self.kept == len(self.logits):
            return 1.0
        return float(self.model.softmax.of(self.token_ids).sum())

    @property
    def entropy_bits(self) -> float:
        """Entropy of the model's own distribution."""
        return self.model.entropy_bits

    @property
    def shaped_entropy_bits(self) -> float:
        """Entropy of the shaped distribution."""
        return self.left.entropy_bits

    @property
    def mass(self) -> float:
        """Product of the shares that the stages kept, each of what came into it; 1 where none cut."""
        return math.prod(stage.mass for stage in self.stages)

    @property
    def shaped(self) -> Floats:
        """(V,) shaped probability of every token, 0 where it was cut."""
        return self.left.over_vocabulary

    @property
    def ranking(self) -> Ids:
        """(V,) all token ids by the model's own logits, most likely first."""
        # A temperature leaves the order as it is: then one sort serves both.
        same = self.left.softmax.scores is self.logits
        return (self.left if same else self.model).softmax.ranking

    def most_likely(self, count: int) -> Ids:
        """Return (count,) the beginning of `ranking`, without sorting the rest."""
        return self.model.softmax.leading(count)

    def rank(self, token_id: int) -> int:
        """Return the rank of a token among the model's own logits, 1 the most likely."""
        return self.model.softmax.rank(token_id)

    def logprob(self, token_id: int) -> float:
        """Return the natural log of the model's own probability of a token."""
        return float(self.logits[token_id]) - self.log_partition

    def probability(self, token_id: int) -> float:
        """Return the shaped probability of a token, 0 where it was cut."""
        if self.left.survivors is None:
            return float(self.left.softmax.of(np.array([token_id]))[0])
        found = np.flatnonzero(self.left.survivors == token_id)
        return float(self.left.probabilities[found[0]]) if len(found) else 0.0

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
    logits: NDArray[np.floating],
    settings: SamplerSettings,
    previous_token_ids: Sequence[int] = (),
    *,
    coin: float | None = None,
    landmarks: Landmarks = NO_LANDMARKS,
) -> ShapedDistribution:
    """Apply the sampler to the (V,) logits of one step, which are not changed; see `shaped`."""
    return shaped(Softmax(logits), settings, previous_token_ids, coin=coin, landmarks=landmarks)


def shaped(
    softmax: Softmax,
    settings: SamplerSettings,
    previous_token_ids: Sequence[int] = (),
    *,
    coin: float | None = None,
    landmarks: Landmarks = NO_LANDMARKS,
) -> ShapedDistribution:
    """Apply the sampler to the model's own distribution.

    Args:
        softmax: of the logits of the whole vocabulary, at temperature 1.
        settings: the sampler.
        previous_token_ids: the text so far, which the repetition penalty looks at.
        coin: the number in [0, 1) that decides whether XTC acts; None shows it at work.
        landmarks: of the vocabulary: which of its tokens XTC must leave.

    Raises:
        OutOfRange: a token is biased that there is not, or all that could come are banned.
        ValueError: the logits hold NaN or nothing finite.
    """
    return _shaped(softmax, settings, Circumstances(previous_token_ids, coin, landmarks))


def _shaped(softmax: Softmax, settings: SamplerSettings, at: Circumstances) -> ShapedDistribution:
    logits = softmax.scores
    model = Stage("", softmax)
    if not np.isfinite(model.softmax.largest):
        raise ValueError("the model returned logits that are not numbers; try --precision exact")
    left = acted(model, settings, at)
    uncut = next(
        (stage for stage in left if stage.name == "temperature" and settings.temperature == 0.0),
        Stage("", left[-1].softmax),
    )
    return ShapedDistribution(logits, model, uncut, left[-1], tuple(left[1:]), settings, at)


def draw(shaped: ShapedDistribution, u: float) -> int:
    """Return the token on which u in [0, 1) falls: the cumulative runs from the most likely down."""
    token_ids, probabilities = shaped.left.until(lambda some: bool(np.cumsum(some)[-1] > u))
    cumulative = np.cumsum(probabilities)
    # Where rounding ends it just below 1, the last token that has any probability takes the rest.
    end = np.nextafter(cumulative[-1], 0.0)
    return int(token_ids[np.searchsorted(cumulative, min(u, end), side="right")])


DICE, COIN = 0, 1
"""Streams of `uniform`: the draw of a step, and the coin of XTC."""


def uniform(seed: int, position: int, stream: int = DICE) -> float:
    """Return the draw in [0, 1) for the token at `position`: Philox keyed by the seed, counted by position.

    Counter-based (Salmon et al. 2011), so that the draw of any step is had without those before it. The
    streams count in a word of the counter that no position reaches, so that none has a number of another.
    """
    counter = position + (stream << 64)
    return float(np.random.Generator(np.random.Philox(key=seed, counter=counter)).random())
