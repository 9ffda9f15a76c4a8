"""A text read with some of its tokens hidden: what a set of them is worth to a prediction."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from model.interventions.target import Target
from model.network.changes import Masked, Variant

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.network.hooked_model import CleanPass, HookedModel
    from model.network.language_model import LanguageModel

Hidden = frozenset[int]
"""Positions of tokens at which no other looks, in any layer."""


class Hiding:
    """The readings of one text, none of which is done twice.

    A hidden token is masked out of the attention of all others, everywhere. It still sees itself, so to hide
    the last one changes nothing: the next token is read off it.
    """

    def __init__(self, model: "LanguageModel", clean: "CleanPass", target: Target) -> None:
        self._model, self._clean, self._target = model, clean, target
        self.values: dict[Hidden, float] = {frozenset(): float(target.of(clean.logits[None])[0])}
        """What is explained, nats, by what was hidden."""

    @property
    def count(self) -> int:
        """Tokens that can be hidden: all but the last."""
        return len(self._clean.token_ids) - 1

    @property
    def all(self) -> Hidden:
        """All tokens that can be hidden."""
        return frozenset(range(self.count))

    def missing(self, wanted: Iterable[Hidden]) -> list[Hidden]:
        """Return those of some sets with which the text was not read yet, in an order that saves work."""
        return sorted({*wanted} - self.values.keys(), key=lambda hidden: (min(hidden), sorted(hidden)))

    def read(self, wanted: Iterable[Hidden]) -> Iterator[int]:
        """Read the text with each of some sets hidden, and yield after every batch how many that were.

        Others who change activations come between two batches.
        """
        sets = self.missing(wanted)
        variants: list[Variant] = [tuple(map(Masked, sorted(hidden))) for hidden in sets]
        length = len(self._clean.token_ids)
        batches = self._model.intervene(lambda hooked: list(hooked.batches(length, variants)))
        first = 0
        for batch in batches:
            values = self._model.intervene(partial(self._read, batch))
            self.values.update(zip(sets[first : first + len(batch)], values, strict=True))
            first += len(batch)
            yield len(batch)

    def _read(self, batch: Sequence[Variant], hooked: "HookedModel") -> list[float]:
        values: list[float] = self._target.of(hooked.logits(self._clean, batch)).tolist()
        return values
