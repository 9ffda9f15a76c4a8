"""The same prompt once more, under other settings or by a search: several texts that grow side by side."""

import math
import sys
from collections.abc import Generator, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from model.lab.beam_search import MOST_SEARCHED, beam_search
from model.lab.branching import forced_run
from model.lab.contrastive_search import contrastive_search
from model.lab.replay import Divergence, Replaying
from model.sampler.settings import SamplerSettings
from model.texts.comparison import Comparison, WrittenToken, written_tokens
from model.texts.run import Run

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.engine.engine import Engine

SEARCHES = ("beam", "contrastive")
"""Variants that throw no dice."""
WIDTH = 4
"""Beams of the one, candidates of the other."""


@dataclass(frozen=True)
class Variant:
    """How to write the text again."""

    key: str
    """One of `SEARCHES`, or a name of the settings."""
    settings: SamplerSettings | None = None
    """None for a search."""


@dataclass(frozen=True)
class VariantText:
    """A text as far as it has got."""

    variant: Variant
    comparison: Comparison
    divergence: Divergence | None = None
    """Of texts under the dice."""
    run: Run | None = None
    """Of texts under the dice."""
    done: bool = False


class Variants:
    """Drives several variants in turn, token by token, so that the engine computes them together.

    Whoever iterates, once, drives them; any thread may stop them.
    """

    def __init__(
        self, engine: "Engine", original: Run, variants: Sequence[Variant], owner: Hashable = None
    ) -> None:
        self.original = original
        self.texts = [VariantText(variant, Comparison(original, ())) for variant in variants]
        """In the order of the variants."""
        self._engine = engine
        self._stopped = False
        self._replaying = {
            index: Replaying(engine, original, variant.settings, owner)
            for index, variant in enumerate(variants)
            if variant.settings is not None
        }

    def stop(self) -> None:
        """Let all end before their next token; once they have ended it means nothing."""
        if all(text.done for text in self.texts):
            return
        self._stopped = True
        for replaying in self._replaying.values():
            replaying.stop()

    @property
    def stopped(self) -> bool:
        """Whether they were stopped before they had all ended."""
        return self._stopped

    def __iter__(self) -> Iterator[None]:
        """Yield after every turn. Whoever stops listening stops them.

        Raises:
            Exception: what went wrong while they were computed.
        """
        growing = {index: self._texts(index) for index in range(len(self.texts))}
        try:
            while growing:
                for index, texts in list(growing.items()):
                    text = next(texts, None)
                    if text is None:
                        del growing[index]
                        self.texts[index] = replace(self.texts[index], done=True)
                    else:
                        self.texts[index] = text
                yield
        finally:
            if growing:
                self.stop()
            for texts in growing.values():
                texts.close()

    def run(self, index: int) -> Run:
        """Return a text as a run; the tokens of a search are forced ones."""
        text = self.texts[index]
        if text.run is not None:
            return text.run
        token_ids = [token.token_id for token in text.comparison.tokens]
        return forced_run(self._engine, replace(self.original, steps=(), finish_reason=None), token_ids)

    def _texts(self, index: int) -> Generator[VariantText]:
        key = self.texts[index].variant.key
        if index in self._replaying:
            return self._replays(index)
        found = self._beams() if key == "beam" else self._contrasts()
        return (replace(self.texts[index], comparison=Comparison(self.original, tokens)) for tokens in found)

    def _replays(self, index: int) -> Generator[VariantText]:
        for replay in self._replaying[index]:
            comparison = Comparison(self.original, written_tokens(replay.run))
            yield replace(
                self.texts[index], comparison=comparison, divergence=replay.divergence, run=replay.run
            )

    def _beams(self) -> Iterator[tuple[WrittenToken, ...]]:
        """Yield the best hypothesis after every step."""
        original = self.original
        for search in beam_search(
            self._engine,
            original.prompt_token_ids,
            WIDTH,
            self._length,
            precision=original.precision,
            stop=lambda: self._stopped,
        ):
            path = search.path(search.hypotheses[0].node) if search.hypotheses else []
            yield tuple(self._token(node.token_id, node.logprob) for node in path)

    def _contrasts(self) -> Iterator[tuple[WrittenToken, ...]]:
        original = self.original
        for search in contrastive_search(
            self._engine,
            original.prompt_token_ids,
            self._length,
            WIDTH,
            precision=original.precision,
            stop=lambda: self._stopped,
        ):
            chosen = [step.chosen for step in search.steps]
            yield tuple(
                self._token(one.token_id, math.log(max(one.probability, sys.float_info.min)))
                for one in chosen
            )

    @property
    def _length(self) -> int:
        """Tokens that a search may add: as many as the original has, if that is not too much to search."""
        return min(len(self.original.steps), MOST_SEARCHED // WIDTH)

    def _token(self, token_id: int, logprob: float) -> WrittenToken:
        return WrittenToken(token_id, self._engine.model.text.token(token_id), logprob)
