"""How likely a model finds a stretch of text that stands there."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from model.texts.run import Step

LARGEST = 700.0
"""Above it the exponential leaves the range of floats."""


@dataclass(frozen=True)
class Likelihood:
    """The model's own probability of some tokens, each given all those before it."""

    tokens: int
    logprob: float
    """Natural log of the probability of all of them: the sum of their logprobs."""

    @classmethod
    def of(cls, steps: Iterable[Step]) -> Self:
        """Return the likelihood of the tokens of some steps."""
        logprobs = [step.logprob for step in steps]
        return cls(len(logprobs), math.fsum(logprobs))

    @property
    def mean_logprob(self) -> float | None:
        """Mean over the tokens, in nats; None for none."""
        return self.logprob / self.tokens if self.tokens else None

    @property
    def perplexity(self) -> float | None:
        """exp(-mean logprob) (Jelinek et al. 1977): the model was as undecided as among so many equals."""
        mean = self.mean_logprob
        if mean is None:
            return None
        return math.exp(-mean) if -mean < LARGEST else math.inf
