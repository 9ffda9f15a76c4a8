"""A distribution over the vocabulary, and what a stage of the sampler leaves of it.

A token is chosen in a fraction of a millisecond of a vocabulary of 50,000, and a figure asks the same
objects for more. So everything is computed when it is first asked for, and the vocabulary is sorted
only as far as it has to be: the tokens that matter are nearly always among the leading few hundred.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from model.numbers import LN2

Floats = NDArray[np.float64]
Ids = NDArray[np.intp]

PARTS = (256, 2048, 16_384)
"""How many leading tokens are sorted, if these are not enough, until all of them are."""
SUMMARISED = PARTS[0]
"""Leading tokens of a summary."""


@dataclass(frozen=True, eq=False)
class Summary:
    """What every step asks of its scores. Computed beforehand where that is faster: see `compiled_pass`."""

    largest: float
    total: float
    """Sum of e^x over the vocabulary, x a score less the largest."""
    weighted: float
    """Sum of x e^x."""
    leading: Ids
    """The most likely tokens, as `leading` orders them."""


@dataclass(frozen=True, eq=False)
class Softmax:
    """The softmax of scores over a temperature, worked out only as far as somebody asks."""

    scores: NDArray[np.floating]
    """(V,) one for every token; they must not change afterwards."""
    temperature: float = 1.0
    """Above 0."""
    summary: Summary | None = None
    """Of the scores, if it is known."""

    @cached_property
    def largest(self) -> float:
        """The largest score: not finite if any score is NaN, or if none is finite."""
        return float(self.scores.max()) if self.summary is None else self.summary.largest

    def leading(self, count: int) -> Ids:
        """Return (count,) the most likely tokens, or all of them if there are not so many."""
        if self.summary is not None and count <= len(self.summary.leading):
            return self.summary.leading[:count]
        return leading(self.scores, count) if count < len(self.scores) else self.ranking

    def rank(self, token_id: int) -> int:
        """Return the rank of a token, 1 the most likely; of equals the lower id comes first."""
        if self.summary is not None:
            found = np.flatnonzero(self.summary.leading == token_id)
            if len(found):
                return 1 + int(found[0])
        value = self.scores[token_id]
        ahead = np.count_nonzero(self.scores > value) + np.count_nonzero(self.scores[:token_id] == value)
        return 1 + int(ahead)

    def exponents(self, token_ids: Ids | None = None, level: float | None = None) -> Floats:
        """Return (n,) how far the scores of tokens, or of all, lie below a level, over the temperature.

        From the largest down: a temperature next to 0 sends the others to -inf, and none to inf.

        Args:
            token_ids: (n,) of the tokens; None for all.
            level: the largest of the scores asked for; None for the largest of all.
        """
        scores = self.scores if token_ids is None else self.scores[token_ids]
        below: Floats = np.subtract(scores, self.largest if level is None else level, dtype=np.float64)
        if self.temperature != 1.0:
            with np.errstate(over="ignore"):
                below /= self.temperature
        return below

    def powers(self, token_ids: Ids | None = None, level: float | None = None) -> Floats:
        """Return (n,) the exponentials of `exponents`: unnormalised probabilities, at most 1."""
        powers: Floats = np.exp(self.exponents(token_ids, level))
        return powers

    def of(self, token_ids: Ids) -> Floats:
        """Return (n,) the probabilities of some tokens."""
        return self.powers(token_ids) / self.total

    @cached_property
    def probabilities(self) -> Floats:
        """(V,) the probabilities of all tokens."""
        return self.powers() / self.total

    @cached_property
    def possible(self) -> int:
        """Number of tokens that are not ruled out by a score of -inf."""
        return int(np.count_nonzero(self.scores > -np.inf))

    @cached_property
    def ranking(self) -> Ids:
        """(V,) all token ids, most likely first. By score: where it is cold most probabilities are 0."""
        return descending(self.scores)

    @property
    def total(self) -> float:
        """Sum of the powers of all tokens."""
        return self._sums[0]

    @property
    def log_partition(self) -> float:
        """Log of the sum of the exponentials of the scores (at temperature 1)."""
        return self.largest + float(np.log(self.total))

    @property
    def entropy_bits(self) -> float:
        """Entropy, from the exponents x: H = log sum e^x - sum p x. No logarithm for every token."""
        total, weighted = self._sums
        return max(0.0, (float(np.log(total)) - weighted / total) / LN2)

    @cached_property
    def _sums(self) -> tuple[float, float]:
        """Sums over the vocabulary of e^x and of x e^x: the one pass of exponentials that every step takes.

        Sums, not dot products: numpy's BLAS threads spin on after one and halve the speed of the model.
        """
        if self.summary is not None and self.temperature == 1.0:
            return self.summary.total, self.summary.weighted
        exponents = self.exponents()
        powers = np.exp(exponents)
        with np.errstate(invalid="ignore"):
            exponents *= powers
        weighted = float(exponents.sum())
        if np.isnan(weighted):  # 0 times the -inf of a token that is ruled out, which adds nothing
            weighted = float(np.nansum(exponents))
        return float(powers.sum()), weighted


@dataclass(frozen=True, eq=False)
class Stage:
    """What one stage left over."""

    name: str
    softmax: Softmax
    """The distribution that it made, or cut."""
    survivors: Ids | None = None
    """(kept,) the tokens left by a cut, most likely first; None if all are."""
    before: "Stage | None" = None
    """What it acted on."""

    @property
    def kept(self) -> int:
        """Number of tokens left."""
        return self.softmax.possible if self.survivors is None else len(self.survivors)

    @cached_property
    def token_ids(self) -> Ids:
        """(kept,) the tokens left, most likely first once a cut has been made, by id before."""
        return np.flatnonzero(self.softmax.scores > -np.inf) if self.survivors is None else self.survivors

    def leading(self, count: int) -> Ids:
        """Return (count,) the most likely tokens left, or all of them if there are not so many."""
        if self.survivors is not None:
            return self.survivors[:count]
        return self.softmax.leading(min(count, self.kept))

    @property
    def leading_probabilities(self) -> Floats:
        """(kept,) the probabilities of all tokens left, most likely first."""
        if self.survivors is not None:
            return self.probabilities
        in_order: Floats = self.softmax.probabilities[self.leading(self.kept)]
        return in_order

    @cached_property
    def probabilities(self) -> Floats:
        """(kept,) their probabilities, renormalised: they sum to 1."""
        if self.survivors is None:
            everything = self.softmax.probabilities
            return everything if self.kept == len(everything) else everything[self.token_ids]
        powers = self.powers(self.survivors)
        among_themselves: Floats = powers / powers.sum()
        return among_themselves

    @cached_property
    def over_vocabulary(self) -> Floats:
        """(V,) their probabilities, each at its token's id; 0 where a token was cut."""
        if self.survivors is None:
            return self.softmax.probabilities
        full: Floats = np.zeros(len(self.softmax.scores))
        full[self.survivors] = self.probabilities
        return full

    @cached_property
    def _level(self) -> float | None:
        """The largest score of the tokens left by a cut; None if all are.

        Where a stage removed the most likely ones, the others, seen from those, would vanish in the cold.
        """
        return None if self.survivors is None else float(self.softmax.scores[self.survivors[0]])

    def powers(self, token_ids: Ids) -> Floats:
        """Return (n,) unnormalised probabilities of some of the tokens left, of which the largest is 1."""
        return self.softmax.powers(token_ids, self._level)

    @property
    def total(self) -> float:
        """Sum of the powers of the tokens left."""
        if self.survivors is None:
            return self.softmax.total
        return float(self.powers(self.survivors).sum())

    @cached_property
    def mass(self) -> float:
        """Share of the probability before this stage that its tokens held."""
        if self.before is None or self.kept == self.before.kept:
            return 1.0
        return float(self.before.powers(self.token_ids).sum()) / self.before.total

    @cached_property
    def entropy_bits(self) -> float:
        """Entropy of what is left."""
        return self.softmax.entropy_bits if self.survivors is None else entropy_bits(self.probabilities)

    def until(self, enough: Callable[[Floats], bool]) -> tuple[Ids, Floats]:
        """Return leading tokens and their probabilities, most likely first, until they are enough, or all.

        Args:
            enough: whether tokens of these probabilities are; more tokens must not change it back.
        """
        if self.survivors is not None:
            return self.survivors, self.probabilities
        for count in PARTS:
            if count < self.kept:
                token_ids = self.softmax.leading(count)
                probabilities = self.softmax.of(token_ids)
                if enough(probabilities):
                    return token_ids, probabilities
        return self.leading(self.kept), self.leading_probabilities

    def cut(self, name: str, token_ids: Ids) -> "Stage":
        """Return what a stage leaves that keeps only these tokens, most likely first."""
        return Stage(name, self.softmax, token_ids, self)


def entropy_bits(probabilities: Floats) -> float:
    """Return the Shannon entropy in bits; zeros count as zero."""
    positive = probabilities[probabilities > 0]
    # A sum, not a dot product: numpy's BLAS threads spin on after it and halve the speed of the model.
    return float(max(0.0, -np.sum(positive * np.log2(positive))))


def leading(values: NDArray[np.floating], k: int) -> Ids:
    """Return the ids of exactly k largest values, largest first, the lower id first where values tie.

    With the values in rows, one under the other, the k-th largest maximum of a column is a bound: at least
    k values reach it, and with four columns for each of the k not many more do. Only those are sorted.
    """
    columns = 4 * k
    rows = len(values) // columns
    maxima = values[: rows * columns].reshape(rows, columns).max(axis=0) if rows > 1 else values
    bound = np.partition(maxima, len(maxima) - k)[len(maxima) - k]
    candidates = np.flatnonzero(values >= bound)
    return candidates[descending(values[candidates])[:k]]


def descending(values: NDArray[np.floating]) -> Ids:
    """Return all ids, largest value first, the lower id first where values tie.

    A stable sort would do; an unstable one and a repair of the few ties is several times faster.
    """
    order = np.argsort(-values)
    ranked = values[order]
    tied = ranked[1:] == ranked[:-1]
    if tied.any():
        members = np.flatnonzero(np.append(tied, False) | np.append(False, tied))
        order[members] = order[members][np.lexsort((order[members], -ranked[members]))]
    return order
