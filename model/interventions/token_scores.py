"""How much each token of a context did for a prediction, as one method tells it."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

Method: TypeAlias = Literal[
    "integrated_gradients", "gradient_x_input", "occlusion", "lime", "kernel_shap", "rollout"
]
METHODS: tuple[Method, ...] = get_args(Method)
HIDING: tuple[Method, ...] = ("occlusion", "lime", "kernel_shap")
"""They hide tokens: the last one, at which the model reads off what comes next, gets no number."""
SAMPLING: tuple[Method, ...] = ("lime", "kernel_shap")
"""They draw which tokens are hidden together."""
UNSIGNED: tuple[Method, ...] = ("rollout",)
"""Their numbers say how much, and not whether for or against."""


@dataclass(frozen=True)
class Progress:
    """How far something is that takes a while."""

    done: int
    total: int
    """Readings of the text; more than was thought at first where a method needs more."""


@dataclass(frozen=True)
class Completeness:
    """Whether integrated gradients add up, as they must (Sundararajan et al. 2017, axiom of completeness)."""

    steps: int
    """Points of the path at which gradients were taken."""
    change: float
    """What the text has more than its baseline, nats."""
    gap: float
    """What the scores add up to less that; 0 but for the finite number of steps."""


@dataclass(frozen=True)
class Sampled:
    """What a method that samples has looked at."""

    samples: int
    distinct: int
    """Different sets of hidden tokens among them: of few tokens there are no more."""
    seed: int


@dataclass(frozen=True, eq=False)
class TokenScores:
    """The scores of one method."""

    method: Method
    values: NDArray[np.float64]
    """(T,) of the tokens of the context: nats, positive for what speaks for the token; NaN where the method
    has no number. Of attention rollout shares instead, which add up to 1."""
    checked: Completeness | Sampled | None = None
    """What the method tells about itself."""

    @property
    def scored(self) -> NDArray[np.intp]:
        """Positions that have a number."""
        return np.flatnonzero(~np.isnan(self.values))


Scoring: TypeAlias = Generator[Progress, None, TokenScores]
"""Tells how far it is and returns the scores; whoever stops listening stops it."""
