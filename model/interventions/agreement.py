"""Whether two methods put the tokens of a context into the same order."""

import numpy as np

from model.interventions.rank_agreement import RankAgreement, rank_agreement
from model.interventions.token_scores import UNSIGNED, TokenScores


def agreement(one: TokenScores, other: TokenScores) -> RankAgreement | None:
    """Return how alike two methods rank the tokens that have a number by both; None if that says nothing."""
    both = ~np.isnan(one.values) & ~np.isnan(other.values)
    first, second = one.values[both], other.values[both]
    if by_size(one, other):
        first, second = np.abs(first), np.abs(second)
    return rank_agreement(first, second)


def by_size(one: TokenScores, other: TokenScores) -> bool:
    """Return whether sizes are compared, whatever their signs: so where one of the methods knows none."""
    return (one.method in UNSIGNED) != (other.method in UNSIGNED)
