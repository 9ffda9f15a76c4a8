"""How a text goes wrong: loops, repetition of itself, and a model that no longer doubts.

What is measured are token ids and entropies alone. Sources: Welleck et al. 2019, "Neural Text Generation with
Unlikelihood Training" (arXiv:1908.04319: rep and seq-rep-n); Li et al. 2016, "A Diversity-Promoting Objective
Function for Neural Conversation Models" (arXiv:1510.03055: distinct-n); Holtzman et al. 2020, "The Curious
Case of Neural Text Degeneration" (arXiv:1904.09751: a repeated phrase becomes more likely with each time that
it is repeated). How alike parts of one text are is told by the n-grams that they share, which is what
self-BLEU counts between texts (Zhu et al. 2018, "Texygen", arXiv:1802.01886).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model.sampler.distribution import Floats

REP_WINDOW = 32
"""Tokens before one among which `repeated_tokens` looks for it; the paper tries 16 to 512."""
LEAST_TIMES = 3
"""How often something stands at the end of a text in a row to be called a loop."""
LEAST_LOOP = 6
"""Tokens that a loop has at least, all of its turns together: three dots are none."""
NGRAM = 3
"""Tokens of the n-grams that are looked for in what came before."""
WINDOW = 16
"""Tokens over which shares and entropies are averaged."""
LOW_BITS = 0.5
"""Mean entropy below which the model is said to be all but sure, bits. Half a bit is that of one token with
89 % and another with 11 %. The bound is ours."""
HIGH_SHARE = 0.9
"""Share of n-grams said before from which a window is said to repeat. The bound is ours."""


@dataclass(frozen=True)
class Loop:
    """The same tokens, over and over, at the end of a text."""

    start: int
    """Position at which the first turn begins."""
    period: int
    """Tokens of one turn."""
    length: int
    """Tokens of all turns; the last may be cut off."""

    @property
    def times(self) -> int:
        """Whole turns."""
        return self.length // self.period


@dataclass(frozen=True)
class Repeat:
    """A stretch that stands in a text twice, the two not overlapping."""

    first: int
    """Where it begins."""
    again: int
    """Where it begins the second time."""
    length: int
    """Tokens."""


def loop(token_ids: Sequence[int]) -> Loop | None:
    """Return the loop at the end of a text: the one of the most tokens, with the shortest turn of several.

    It has `LEAST_TIMES` whole turns and `LEAST_LOOP` tokens at least; None where there is none.
    """
    ids = np.asarray(token_ids)
    best: Loop | None = None
    for period in range(1, len(ids) // LEAST_TIMES + 1):
        same = ids[period:] == ids[:-period]
        differing = np.flatnonzero(~same)
        length = period + (len(same) if not len(differing) else len(same) - 1 - int(differing[-1]))
        if length >= max(LEAST_TIMES * period, LEAST_LOOP) and (best is None or length > best.length):
            best = Loop(len(ids) - length, period, length)
    return best


def longest_repeat(token_ids: Sequence[int]) -> Repeat | None:
    """Return the longest stretch that stands in a text twice without overlapping; the first of several.

    None where no token stands there twice. Takes time with the square of the length.
    """
    ids = np.asarray(token_ids)
    best: Repeat | None = None
    alike = np.zeros(len(ids) + 1, dtype=np.intp)  # of the stretches that end before i and before each j
    for end in range(1, len(ids) + 1):
        grown = np.zeros_like(alike)
        grown[1:end] = np.where(ids[: end - 1] == ids[end - 1], alike[: end - 1] + 1, 0)
        lengths = np.minimum(
            grown[:end], end - np.arange(end)
        )  # no overlap: the first ends before the second
        found = int(lengths.argmax())
        length = int(lengths[found])
        if length and (best is None or length > best.length):
            best = Repeat(found - length, end - length, length)
        alike = grown
    return best


def seq_rep(token_ids: Sequence[int], n: int = 4) -> float | None:
    """Return seq-rep-n: the share of n-grams that are not the first of their kind, 1 - distinct / all.

    None where the text has no n-gram.
    """
    grams = _ngrams(token_ids, n)
    return 1 - len(set(grams)) / len(grams) if grams else None


def repeated_tokens(token_ids: Sequence[int], window: int = REP_WINDOW) -> float | None:
    """Return rep: the share of tokens that stand among the `window` tokens before them.

    The paper counts the tokens that a model finds most likely; these are the ones that stand in the text. The
    first has none before it and does not count. None where there is no other.
    """
    if len(token_ids) < 2:
        return None
    seen = [token_ids[at] in token_ids[max(0, at - window) : at] for at in range(1, len(token_ids))]
    return sum(seen) / len(seen)


def distinct(token_ids: Sequence[int], n: int = 2) -> float | None:
    """Return distinct-n: different n-grams over tokens. None for no tokens."""
    return len(set(_ngrams(token_ids, n))) / len(token_ids) if token_ids else None


def said_before(token_ids: Sequence[int], n: int = NGRAM, window: int = WINDOW) -> Floats:
    """Return (T,) for each position the share of n-grams that were said before, of the last few.

    Those are the n-grams that end at the position and at the `window` - 1 before it. NaN where not all of
    them are there yet: at the first n + window - 2 positions.
    """
    met: set[tuple[int, ...]] = set()
    again = []
    for gram in _ngrams(token_ids, n):
        again.append(gram in met)
        met.add(gram)
    return _sliding(np.concatenate([np.full(min(n - 1, len(token_ids)), np.nan), again]), window)


def sliding_entropy(entropies: Sequence[float], window: int = WINDOW) -> Floats:
    """Return (n,) the mean of the last `window` entropies there, bits; NaN until there are so many."""
    return _sliding(np.asarray(entropies, dtype=np.float64), window)


def held(values: Floats, low: float | None = None, high: float | None = None) -> int | None:
    """Return from which index on values stay within bounds to the end; None if the last is not.

    Args:
        values: NaN where there is none.
        low: the bound that they stay below; None for none.
        high: the bound that they reach or stay above; None for none.
    """
    with np.errstate(invalid="ignore"):
        inside = np.isfinite(values)
        inside &= values < low if low is not None else True
        inside &= values >= high if high is not None else True
    outside = np.flatnonzero(~inside)
    start = int(outside[-1]) + 1 if len(outside) else 0
    return start if start < len(values) else None


def _sliding(values: Floats, window: int) -> Floats:
    """Return the mean of the last few values at each of them, NaN until there are so many."""
    means: Floats = np.full(len(values), np.nan)
    if len(values) >= window:
        means[window - 1 :] = np.lib.stride_tricks.sliding_window_view(values, window).mean(axis=1)
    return means


def _ngrams(token_ids: Sequence[int], n: int) -> list[tuple[int, ...]]:
    return [tuple(token_ids[at : at + n]) for at in range(len(token_ids) - n + 1)]


@dataclass(frozen=True, eq=False)
class Symptoms:
    """What is measured of one text. Positions are those in the whole text."""

    tokens: int
    """Of the whole text, the prompt included: on these repetition is measured."""
    loop: Loop | None
    repeat: Repeat | None
    seq_rep: float | None
    """seq-rep-4."""
    rep: float | None
    distinct: float | None
    """distinct-2."""
    said_before: Floats
    """(tokens,), see the function."""
    entropy: Floats
    """(steps,) sliding, see `sliding_entropy`."""
    first: int
    """Position of the first of those."""

    @property
    def repeats_from(self) -> int | None:
        """Where the stretch begins from which on nearly all n-grams were said before, or None."""
        at = held(self.said_before, high=HIGH_SHARE)
        return None if at is None else at - WINDOW - NGRAM + 2

    @property
    def sure_from(self) -> int | None:
        """Where the stretch begins from which on the mean entropy is low to the end, or None."""
        at = held(self.entropy, low=LOW_BITS)
        return None if at is None else self.first + at - WINDOW + 1


def symptoms(token_ids: Sequence[int], entropies: Sequence[float]) -> Symptoms:
    """Return what is measured of a text.

    Args:
        token_ids: of the whole text.
        entropies: of the model's own distribution before each of the last tokens, bits.
    """
    return Symptoms(
        len(token_ids),
        loop(token_ids),
        longest_repeat(token_ids),
        seq_rep(token_ids),
        repeated_tokens(token_ids),
        distinct(token_ids),
        said_before(token_ids),
        sliding_entropy(entropies),
        len(token_ids) - len(entropies),
    )
