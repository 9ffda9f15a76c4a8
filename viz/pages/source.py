"""Where the numbers of a scene come from: the engine, or the stored example."""

from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from model.engine.internals import MEAN_HEAD, Internals
from model.interior.journey import ModelSizes, model_sizes
from model.interior.scoring import ScoredText, ratios_of, scored_run
from model.numbers import within
from model.sampler.distribution import Floats
from model.texts.run import Run
from model.tokenizer.pieces import Matches, TokenText
from viz.pages.example import Example
from viz.server.service import Service, Trouble

Heads = NDArray[np.floating]


class Source(Protocol):
    """What can be asked about one text. What is not known raises a sentence for the page."""

    @property
    def length(self) -> int:
        """T, the number of tokens that the model has read."""

    @property
    def vocab_size(self) -> int:
        """Tokens of the vocabulary."""

    @property
    def sizes(self) -> ModelSizes:
        """Of the model that wrote it."""

    def token_of(self, token_id: int) -> str:
        """Return the text of a token."""

    def find(self, query: str) -> Matches:
        """Return which tokens match a search."""

    def split(self, query: str) -> Sequence[str]:
        """Return the tokens of a text that is searched for, those alone that were typed."""

    def attention(self, layer: int, head: int) -> Heads:
        """Return (T, T) weights of a layer and head, over the tokens that the model has read."""

    def attention_row(self, layer: int, head: int, position: int) -> Heads:
        """Return (position + 1,) weights of the query at one position."""

    def attention_heads(self, layer: int) -> Heads:
        """Return (heads, T, T) weights of a layer."""

    def read(self, length: int) -> Internals:
        """Return what is recorded of so many tokens of the text, or of more."""

    def score(self) -> ScoredText:
        """Return how likely the model finds the text; without leaders."""

    def ratios(self) -> Floats:
        """Return (n,) the probability of every step's token over that of the most likely one."""


class EngineSource:
    """The model that is here; nothing is read before it is asked for."""

    def __init__(self, service: Service, run: Run, length: int) -> None:
        """Take a text.

        Args:
            service: whose model reads it.
            run: the text.
            length: tokens of it that are looked at.
        """
        self._service, self._run, self._model = service, run, service.model
        self.length = length

    @property
    def vocab_size(self) -> int:
        """See `Source`; so are the others."""
        return self._model.info.vocab_size

    @property
    def sizes(self) -> ModelSizes:  # noqa: D102 - see `Source`
        return model_sizes(self._internals)

    def token_of(self, token_id: int) -> str:  # noqa: D102
        return self._model.text.token(token_id)

    def find(self, query: str) -> Matches:  # noqa: D102
        return self._model.text.matches(query)

    def split(self, query: str) -> Sequence[str]:  # noqa: D102
        return self._service.parts(query, "search")

    def attention(self, layer: int, head: int) -> Heads:  # noqa: D102
        return self._internals.attention(self._layer(layer), self._head(head), self.length)

    def attention_row(self, layer: int, head: int, position: int) -> Heads:  # noqa: D102
        return self._internals.attention_row(self._layer(layer), self._head(head), position)

    def attention_heads(self, layer: int) -> Heads:  # noqa: D102
        return self._internals.attention_heads(self._layer(layer), self.length)

    def read(self, length: int) -> Internals:  # noqa: D102
        return self._service.read(self._run.token_ids[:length], self._run.precision)

    def score(self) -> ScoredText:  # noqa: D102
        return scored_run(self._run, self._model.text)

    def ratios(self) -> Floats:  # noqa: D102
        return ratios_of(self._service.engine, self._run)

    @cached_property
    def _internals(self) -> Internals:
        return self.read(self.length)

    def _head(self, head: int) -> int:
        return int(within("head", head, MEAN_HEAD, self._model.info.heads - 1, whole=True))

    def _layer(self, layer: int) -> int:
        return int(within("layer", layer, 0, self._model.info.layers - 1, whole=True))


class StoredSource:
    """The example, for which no model is needed."""

    def __init__(self, example: Example, missing: str) -> None:
        """Take the example, and the sentence for what is not stored of it."""
        self._example, self._missing = example, missing
        self.length = len(example.attention)
        self.vocab_size = len(example.logits)
        self.sizes = example.sizes

    def token_of(self, token_id: int) -> str:  # noqa: D102 - see `Source`
        return self._example.token(token_id)

    def find(self, query: str) -> Matches:  # noqa: D102
        raise Trouble(self._missing)

    def split(self, query: str) -> Sequence[str]:  # noqa: D102
        raise Trouble(self._missing)

    def attention(self, layer: int, head: int) -> Heads:  # noqa: D102
        if (layer, head) != (self._example.layer, self._example.head):
            raise Trouble(self._missing)
        return self._example.attention

    def attention_row(self, layer: int, head: int, position: int) -> Heads:  # noqa: D102
        return self.attention(layer, head)[position, : position + 1]

    def attention_heads(self, layer: int) -> Heads:  # noqa: D102
        raise Trouble(self._missing)

    def read(self, length: int) -> Internals:  # noqa: D102
        raise Trouble(self._missing)

    def score(self) -> ScoredText:  # noqa: D102
        run = self._example.run
        return ScoredText(run, run.token_ids, scored_bytes=self._example.scored_bytes)

    def ratios(self) -> Floats:  # noqa: D102
        raise Trouble(self._missing)


class WrittenSource:
    """A text whose model cannot be asked: its words, and the numbers that stand in its steps."""

    vocab_size = 0

    def __init__(self, run: Run, words: TokenText, missing: str) -> None:
        """Take the text, the words of its model, and the sentence for what it does not say itself."""
        self._run, self._words, self._missing = run, words, missing
        self.length = len(run.token_ids)

    @property
    def sizes(self) -> ModelSizes:  # noqa: D102 - see `Source`
        raise Trouble(self._missing)

    def token_of(self, token_id: int) -> str:  # noqa: D102
        return self._words.token(token_id)

    def find(self, query: str) -> Matches:  # noqa: D102
        raise Trouble(self._missing)

    def split(self, query: str) -> Sequence[str]:  # noqa: D102
        raise Trouble(self._missing)

    def attention(self, layer: int, head: int) -> Heads:  # noqa: D102
        raise Trouble(self._missing)

    def attention_row(self, layer: int, head: int, position: int) -> Heads:  # noqa: D102
        raise Trouble(self._missing)

    def attention_heads(self, layer: int) -> Heads:  # noqa: D102
        raise Trouble(self._missing)

    def read(self, length: int) -> Internals:  # noqa: D102
        raise Trouble(self._missing)

    def score(self) -> ScoredText:  # noqa: D102
        return scored_run(self._run, self._words)

    def ratios(self) -> Floats:  # noqa: D102
        raise Trouble(self._missing)
