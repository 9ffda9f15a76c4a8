"""Contrastive search: take the likely token that makes the text least like what it has already said.

Greedy decoding runs into repetition, where the hidden states of new tokens are nearly those of old ones. Su
et al. 2022 (arXiv:2202.06417) let the model read each of the k most likely tokens and choose by

    (1 - alpha) * probability - alpha * penalty,

where the penalty is the largest cosine similarity of the candidate's hidden state with that of any token
before it. Hidden states are those after the final norm, as in Transformers while it had this search
(`hidden_states[-1]`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.engine.internals import Internals, softmaxes_after
from model.lab.beam_search import MOST_BEAMS, Room, room_for
from model.numbers import within
from model.sampler.distribution import Softmax
from model.texts.run import FinishReason

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.engine.engine import Engine

MOST_CANDIDATES = MOST_BEAMS
"""Texts that one step reads side by side."""


@dataclass(frozen=True)
class Candidate:
    """A token that could come next."""

    token_id: int
    probability: float
    """The model's own, over the whole vocabulary."""
    penalty: float
    """Largest cosine similarity of its hidden state with an earlier one, -1 to 1."""
    alike: int
    """Position in the whole text of the token that it is so similar to."""
    score: float
    """What the candidates are ranked by."""


@dataclass(frozen=True)
class ContrastiveStep:
    """The choice of one token."""

    position: int
    """Of the chosen token in the whole text."""
    candidates: tuple[Candidate, ...]
    """Most likely first."""
    chosen: Candidate
    """The one with the highest score; the more likely one where scores tie."""


@dataclass(frozen=True)
class ContrastiveSearch:
    """A text that is being searched for, after one of its steps."""

    steps: tuple[ContrastiveStep, ...]
    finish_reason: FinishReason | None
    """None while it goes on."""

    @property
    def token_ids(self) -> tuple[int, ...]:
        """The new tokens, the end of text included."""
        return tuple(step.chosen.token_id for step in self.steps)


def contrastive_search(
    engine: "Engine",
    token_ids: Sequence[int],
    max_new_tokens: int,
    top_k: int = 4,
    alpha: float = 0.6,
    *,
    precision: str | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[ContrastiveSearch]:
    """Continue a text; yields after every step, at last with a `finish_reason`.

    Args:
        engine: computes.
        token_ids: the prompt, at least one token.
        max_new_tokens: most tokens to add; times `top_k` at most `beam_search.MOST_SEARCHED`.
        top_k: tokens to choose from, 1 to `MOST_CANDIDATES`.
        alpha: weight of the penalty, 0 to 1; 0 is greedy decoding.
        precision: the number format; the model's usual one by default.
        stop: asked before every step whether to end.

    Raises:
        OutOfRange: an argument outside its range.
        ValueError: there is no token to go on from.
        UnknownPrecision: the model was not loaded in this number format.
    """
    top_k = int(within("top_k", top_k, 1, MOST_CANDIDATES, whole=True))
    alpha = within("alpha", alpha, 0.0, 1.0)
    room = room_for(engine, token_ids, top_k, max_new_tokens)
    return _searched(engine, tuple(token_ids), engine.precision(precision), room, top_k, alpha, stop)


def _searched(
    engine: "Engine",
    text: tuple[int, ...],
    precision: str,
    room: Room,
    top_k: int,
    alpha: float,
    stop: Callable[[], bool],
) -> Iterator[ContrastiveSearch]:
    steps: list[ContrastiveStep] = []
    if room.tokens > 0:
        internals = engine.read(text, precision)
        softmax = softmaxes_after([internals], len(text) - 1)[0]
        directions = _directions(internals.hidden(len(text)))
    for left in reversed(range(room.tokens)):
        if stop():
            yield ContrastiveSearch(tuple(steps), "stop")
            return
        likely = softmax.leading(top_k)
        texts = [(*text, token_id) for token_id in likely.tolist()]
        read = engine.read_all(texts, precision)
        hidden = np.concatenate([_last_hidden(one, len(text) + 1) for one in read])
        step, index = _chosen(softmax, likely, directions, _directions(hidden), alpha)
        steps.append(step)
        engine.forget((other for other in texts if other != texts[index]), precision)
        text = texts[index]
        ended = step.chosen.token_id in engine.model.eos_token_ids
        reason: FinishReason | None = "eos" if ended else None if left else room.reason
        yield ContrastiveSearch(tuple(steps), reason)
        if reason is not None:
            return
        directions = np.concatenate([directions, _directions(hidden[index : index + 1])])
        softmax = softmaxes_after([read[index]], len(text) - 1)[0]
    yield ContrastiveSearch(tuple(steps), room.reason)


def _last_hidden(internals: Internals, length: int) -> NDArray[np.float32]:
    """Return (1, d) the hidden state of the last of `length` tokens."""
    return internals.hidden(length, first=length - 1)


def _directions(hidden: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (n, d) hidden states of length 1: their products are cosine similarities."""
    lengths = np.sqrt(np.sum(hidden * hidden, axis=1, keepdims=True))
    scaled: NDArray[np.float32] = hidden / np.maximum(lengths, np.finfo(np.float32).tiny)
    return scaled


def _chosen(
    softmax: Softmax,
    token_ids: NDArray[np.intp],
    before: NDArray[np.float32],
    here: NDArray[np.float32],
    alpha: float,
) -> tuple[ContrastiveStep, int]:
    """Return a step and the number of the chosen candidate.

    Args:
        softmax: the model's own distribution.
        token_ids: (k,) the candidates, most likely first.
        before: (T, d) directions of the hidden states of the text so far.
        here: (k, d) those of the candidates.
        alpha: weight of the penalty.
    """
    similarities = np.einsum("td,kd->kt", before, here, optimize=False)
    alike = similarities.argmax(axis=1)
    penalties = similarities.max(axis=1)
    candidates = tuple(
        Candidate(token_id, probability, penalty, position, (1 - alpha) * probability - alpha * penalty)
        for token_id, probability, penalty, position in zip(
            token_ids.tolist(),
            softmax.of(token_ids).tolist(),
            penalties.tolist(),
            alike.tolist(),
            strict=True,
        )
    )
    index = max(range(len(candidates)), key=lambda number: candidates[number].score)
    return ContrastiveStep(len(before), candidates, candidates[index]), index
