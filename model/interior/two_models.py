"""Two models on one text and on one next token, whatever tokens each of them has.

Tokens of two tokenizers end at other places. They are compared over the shortest stretches that both cut
out: each is made of whole tokens of either model, so that its bits are sums and nothing is divided.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from model.interior.scoring import ScoredText
from model.numbers import LN2
from model.tokenizer.typed import TypedText

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reading:
    """What one model makes of a text."""

    ends: NDArray[np.int64]
    """(N,) where in the characters of the text each token ends; they never fall, and the last is the end."""
    bits: Floats
    """(N,) surprisal of each token; NaN where it has none, as the first one."""


@dataclass(frozen=True)
class Stretch:
    """The shortest piece of a text that both models have cut out."""

    start: int
    """Characters before it."""
    text: str
    tokens: tuple[int, int]
    """How many tokens it is to either model."""
    bits: tuple[float, float] | None
    """Its surprisal to either; None where one of them had nothing to foresee it from."""

    @property
    def difference(self) -> float | None:
        """Bits that the second saves: above 0 where it foresaw the text better than the first."""
        return None if self.bits is None else self.bits[0] - self.bits[1]


@dataclass(frozen=True, eq=False)
class TwoReadings:
    """A text as two models read it."""

    stretches: tuple[Stretch, ...]
    """Together they are the text."""

    @cached_property
    def total_bits(self) -> tuple[float, float]:
        """Surprisal of all stretches that both have scored."""
        told = [stretch.bits for stretch in self.stretches if stretch.bits is not None]
        return sum(one for one, _ in told), sum(other for _, other in told)

    @cached_property
    def bits_per_byte(self) -> tuple[float, float] | None:
        """The same over the UTF-8 bytes of these stretches; None without any."""
        size = sum(len(stretch.text.encode()) for stretch in self.stretches if stretch.bits is not None)
        return (self.total_bits[0] / size, self.total_bits[1] / size) if size else None


@dataclass(frozen=True)
class NextTokenRow:
    """A token that one of two models, or both, may write next."""

    text: str
    """Of the token by itself."""
    probabilities: tuple[float | None, float | None]
    """Of either model; None where no token of its vocabulary reads so."""
    ranks: tuple[int | None, int | None]
    """1 the most likely text."""


def two_readings(text: str, one: Reading, other: Reading) -> TwoReadings:
    """Return a text in the stretches that both models have cut out, with the bits of each.

    Args:
        text: not empty.
        one: of the first model.
        other: of the second.
    """
    common = np.intersect1d(one.ends, other.ends)
    common = common[common > 0]  # a token that writes nothing before the text belongs to what follows it
    parts = [_summed(reading, common) for reading in (one, other)]
    stretches = []
    start = 0
    for place, end in enumerate(common.tolist()):
        (tokens, bits), (other_tokens, other_bits) = ((part[0][place], part[1][place]) for part in parts)
        told = not np.isnan(bits + other_bits)
        both = (float(bits), float(other_bits)) if told else None
        stretches.append(Stretch(start, text[start:end], (int(tokens), int(other_tokens)), both))
        start = end
    return TwoReadings(tuple(stretches))


def reading(typed: TypedText, scored: ScoredText) -> Reading:
    """Return what a model makes of a text that it has scored.

    Args:
        typed: the tokens of the text, as the model has them.
        scored: the same, whole; the first token has no surprisal.
    """
    return reading_of_slices(typed.slices, [np.nan, *(-step.logprob / LN2 for step in scored.run.steps)])


def reading_of_slices(slices: Sequence[str], bits: Sequence[float]) -> Reading:
    """Return a reading from what stands for each token.

    Args:
        slices: (N,) the text, token by token, as in `TypedText`; empty where a token completes no character,
            and then it belongs to the character that a later one completes.
        bits: (N,) surprisal of each, NaN where there is none.
    """
    sizes = np.array([len(piece) for piece in slices], dtype=np.int64)
    ends = np.cumsum(sizes)
    completed = np.where(sizes > 0, ends, ends[-1])
    completed = np.minimum.accumulate(completed[::-1])[::-1]
    return Reading(completed, np.array(bits, dtype=np.float64))


def next_tokens(
    one: tuple[Sequence[str], Floats], other: tuple[Sequence[str], Floats], top: int = 20
) -> list[NextTokenRow]:
    """Return what either model may write next, by text: the `top` of the first and those of the second.

    Tokens of a model that read alike count together. The rows are in the order of the mean probability.

    Args:
        one: the (V,) texts of the first model's vocabulary, and their (V,) probabilities.
        other: those of the second.
        top: rows that come from either, at least 1.
    """
    tables = [_by_text(*given) for given in (one, other)]
    ranks = [{text: place for place, text in enumerate(table, start=1)} for table in tables]
    chosen = dict.fromkeys(text for table in tables for text in list(table)[:top])
    rows = [
        NextTokenRow(
            text,
            (tables[0].get(text), tables[1].get(text)),
            (ranks[0].get(text), ranks[1].get(text)),
        )
        for text in chosen
    ]
    return sorted(rows, key=lambda row: -sum(value or 0.0 for value in row.probabilities))


def _summed(reading: Reading, common: NDArray[np.int64]) -> tuple[NDArray[np.int64], Floats]:
    """Return how many tokens end in each stretch, and their bits together; NaN where one has none."""
    place = np.searchsorted(common, reading.ends)
    bits = np.zeros(len(common))
    np.add.at(bits, place, reading.bits)
    return np.bincount(place, minlength=len(common)), bits


def _by_text(vocabulary: Sequence[str], probabilities: Floats) -> dict[str, float]:
    """Return the probability of every text that a token has, the most likely first."""
    summed: dict[str, float] = {}
    for text, probability in zip(vocabulary, probabilities.tolist(), strict=True):
        summed[text] = summed.get(text, 0.0) + probability
    return dict(sorted(summed.items(), key=lambda item: -item[1]))
