"""How close what a model writes comes to what people wrote: BLEU and chrF, as papers report them.

Both by sacrebleu (Post 2018, arXiv:1804.08771), so that they can be compared with what others report: BLEU
(Papineni et al. 2002) counts words and rows of them that both have, chrF (Popović 2015) rows of characters.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from model.training.intervals import FEWEST, RESAMPLES, Interval
from model.training.pairs import Pair
from model.training.settings import SettingsError

AFTER = "\t"
"""What stands between a source and what is to be written of it."""
END = "\n"
"""Where what was written of it ends."""

Write = Callable[[str], str]
"""Return how a model goes on after a text, greedily or with dice."""


@dataclass(frozen=True)
class Written:
    """A pair, and what the model wrote for its source."""

    pair: Pair
    hypothesis: str


@dataclass(frozen=True)
class Closeness:
    """How close a corpus comes to its references, each from 0 to 100, with the bootstrap's interval."""

    pairs: int
    bleu: Interval
    chrf: Interval
    signatures: tuple[str, str]
    """What sacrebleu did, to be reported with the numbers: tokenization, smoothing, version."""

    def to_row(self) -> dict[str, str | int | float | None]:
        """Return one row of a table; None where nothing can be told."""
        return {
            "pairs": self.pairs,
            "bleu": self.bleu.value,
            "bleu_low": self.bleu.low,
            "bleu_high": self.bleu.high,
            "chrf": self.chrf.value,
            "chrf_low": self.chrf.low,
            "chrf_high": self.chrf.high,
            "bleu_signature": self.signatures[0],
            "chrf_signature": self.signatures[1],
        }


@dataclass(frozen=True)
class Translations:
    """What has been written so far of a task."""

    written: tuple[Written, ...]
    pairs: int
    """Of the whole task."""

    @property
    def done(self) -> float:
        """Share of the pairs, 0 to 1."""
        return len(self.written) / self.pairs


def translating(
    pairs: Sequence[Pair], write: Write, after: str = AFTER, end: str = END
) -> Iterator[Translations]:
    """Yield the task as a model does it, pair by pair; whoever stops listening stops it.

    The model reads the source and `after`, and what it writes up to the first `end` is taken.

    Args:
        pairs: one at least.
        write: see there.
        after: what the model has learned to stand between the two.
        end: what it has learned to end with.
    """
    yield from _writing(pairs, lambda pair: write(pair.source + after).partition(end)[0])


def continuing(pairs: Sequence[Pair], write: Write) -> Iterator[Translations]:
    """Yield passages of a text as a model goes on with them; whoever stops listening stops it.

    As many words of it are taken as the reference has, so that the length decides nothing.
    """

    def cut(pair: Pair) -> str:
        words = write(pair.source).split()
        return " ".join(words[: len(pair.reference.split())])

    yield from _writing(pairs, cut)


def closeness(written: Sequence[Written]) -> Closeness:
    """Return BLEU and chrF of all that was written together, against one reference each.

    Raises:
        SettingsError: nothing was written.
    """
    if not written:
        raise SettingsError("Nothing has been written yet that could be compared.")
    from sacrebleu.metrics.bleu import BLEU  # noqa: PLC0415 - wanted for this alone
    from sacrebleu.metrics.chrf import CHRF  # noqa: PLC0415

    hypotheses = [one.hypothesis for one in written]
    references = [[one.pair.reference for one in written]]
    metrics: tuple[Any, Any] = (BLEU(), CHRF())
    bleu, chrf = (_measured(metric, hypotheses, references) for metric in metrics)
    signatures = (str(metrics[0].get_signature()), str(metrics[1].get_signature()))
    return Closeness(len(written), bleu, chrf, signatures)


def _writing(pairs: Sequence[Pair], write: Callable[[Pair], str]) -> Iterator[Translations]:
    written: list[Written] = []
    for pair in pairs:
        written.append(Written(pair, " ".join(write(pair).split())))
        yield Translations(tuple(written), len(pairs))


def _measured(metric: Any, hypotheses: list[str], references: list[list[str]]) -> Interval:
    """Return sacrebleu's number, and the ends of its interval around the bootstrap's mean.

    Its draw has a seed of its own (12345), so that the same texts have the same interval.
    """
    resamples = RESAMPLES if len(hypotheses) >= FEWEST else 1
    score = metric.corpus_score(hypotheses, references, n_bootstrap=resamples)
    if resamples == 1:
        return Interval(float(score.score))
    middle, half = float(score._mean), float(score._ci)
    return Interval(float(score.score), middle - half, middle + half)
