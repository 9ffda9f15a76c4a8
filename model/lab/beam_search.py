"""Beam search: of all continuations, look for a likely one as a whole, not token by token.

Sampling and greedy decoding never take a token back. Beam search (Graves 2012, arXiv:1211.3711; Sutskever
et al. 2014, arXiv:1409.3215) goes on with the B most likely hypotheses side by side. Sums of logprobs
favour short texts, so hypotheses of different lengths are compared by sum / length ** penalty, as
Transformers does; Wu et al. 2016 (arXiv:1609.08144) divide by ((5 + length) / 6) ** penalty, which is gentler
on short ones. Candidates, ends of text and the time to stop are those of Transformers'
`GenerationMixin._beam_search` with `early_stopping=False`, and so are sequences and scores.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.engine.internals import softmaxes_after
from model.lab.beams import Beams, Hypothesis, Node
from model.numbers import within
from model.sampler.distribution import Softmax
from model.texts.run import FinishReason

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.engine.engine import Engine

MOST_BEAMS = 16
"""Texts that one search reads side by side."""
MOST_SEARCHED = 1024
"""Texts side by side times new tokens: what one search may cost."""
LENGTH_PENALTIES = (-5.0, 5.0)


@dataclass(frozen=True)
class BeamSearch:
    """A search after one of its steps."""

    nodes: tuple[Node, ...]
    """Every candidate that was looked at, a parent before its children."""
    hypotheses: tuple[Hypothesis, ...]
    """The best so far, best first, at most as many as there are beams."""
    finish_reason: FinishReason | None
    """None while it goes on; `eos`: what has ended can hardly be bettered; else length, context or stop."""

    def path(self, node: int) -> list[Node]:
        """Return the nodes from the prompt to a node, itself included."""
        here: int | None = node
        found: list[Node] = []
        while here is not None:
            found.append(self.nodes[here])
            here = self.nodes[here].parent
        return found[::-1]


def beam_search(
    engine: "Engine",
    token_ids: Sequence[int],
    beams: int,
    max_new_tokens: int,
    length_penalty: float = 1.0,
    *,
    precision: str | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[BeamSearch]:
    """Search for likely continuations of a text; yields after every step, at last with a `finish_reason`.

    Args:
        engine: computes.
        token_ids: the prompt, at least one token.
        beams: hypotheses side by side, 1 to `MOST_BEAMS`; one alone is greedy decoding.
        max_new_tokens: most tokens to add; times `beams` at most `MOST_SEARCHED`.
        length_penalty: exponent of the length that sums of logprobs are divided by.
        precision: the number format; the model's usual one by default.
        stop: asked before every step whether to end.

    Raises:
        OutOfRange: an argument outside its range.
        ValueError: there is no token to go on from.
        UnknownPrecision: the model was not loaded in this number format.
    """
    beams = int(within("beams", beams, 1, MOST_BEAMS, whole=True))
    group = Beams(beams, engine.model.eos_token_ids, checked_length_penalty(length_penalty))
    room = room_for(engine, token_ids, beams, max_new_tokens)
    return searched([group], Reader(engine, token_ids, precision), room, stop=stop)


def checked_length_penalty(value: float) -> float:
    """Return a length penalty as a number.

    Raises:
        OutOfRange: it is none, or outside `LENGTH_PENALTIES`.
    """
    return within("length_penalty", value, *LENGTH_PENALTIES)


@dataclass(frozen=True)
class Room:
    """How many tokens a search may add."""

    tokens: int
    reason: FinishReason
    """Why it ends there: `length` as asked, or `context`."""


def room_for(engine: "Engine", token_ids: Sequence[int], width: int, max_new_tokens: int) -> Room:
    """Return how many tokens may follow a text that is searched `width` texts wide.

    Raises:
        OutOfRange: more than `MOST_SEARCHED` allows are asked for, or not even one.
        ValueError: the text has no token.
    """
    asked = int(within("max_new_tokens", max_new_tokens, 1, MOST_SEARCHED // width, whole=True))
    if not token_ids:
        raise ValueError("a text with no token cannot be continued")
    left = max(0, engine.model.info.context_length - len(token_ids))
    return Room(asked, "length") if asked <= left else Room(left, "context")


class Reader:
    """Reads the texts of a search, those of a step together, and leaves little of them behind."""

    def __init__(self, engine: "Engine", token_ids: Sequence[int], precision: str | None) -> None:
        self._engine = engine
        self._prompt = tuple(token_ids)
        self._precision = engine.precision(precision)

    def softmaxes(self, continuations: Sequence[tuple[int, ...]]) -> dict[tuple[int, ...], Softmax]:
        """Return the distribution after each of several continuations of one length."""
        different = list(dict.fromkeys(continuations))
        texts = [self._prompt + one for one in different]
        internals = self._engine.read_all(texts, self._precision)
        return dict(zip(different, softmaxes_after(internals, len(texts[0]) - 1), strict=True))

    def forget(self, continuations: Iterable[tuple[int, ...]]) -> None:
        """Free the memory of continuations that the search has given up; the prompt stays."""
        self._engine.forget([self._prompt + one for one in continuations if one], self._precision)


def searched(
    groups: Sequence[Beams],
    reader: Reader,
    room: Room,
    *,
    diversity_penalty: float = 0.0,
    stop: Callable[[], bool],
) -> Iterator[BeamSearch]:
    """Let groups of beams grow token by token, a later one away from what the earlier ones choose.

    Args:
        groups: at their beginning.
        reader: of the prompt's continuations.
        room: for how many tokens there is.
        diversity_penalty: taken off a logprob for every beam of an earlier group with the same token.
        stop: asked before every step whether to end.
    """
    nodes: list[Node] = []

    def so_far(reason: FinishReason | None) -> BeamSearch:
        found = [hypothesis for group in groups for hypothesis in group.hypotheses]
        return BeamSearch(tuple(nodes), tuple(sorted(found, key=lambda one: -one.score)), reason)

    for step in range(room.tokens):
        if stop():
            yield so_far("stop")
            return
        last = step + 1 == room.tokens
        searching = [group for group in groups if not group.done]
        after = reader.softmaxes([beam.token_ids for group in searching for beam in group.running])
        chosen: Counter[int] = Counter()
        for group in searching:
            penalties = {token_id: diversity_penalty * count for token_id, count in chosen.items()}
            here = [after[beam.token_ids] for beam in group.running]
            nodes += group.advance(here, penalties, len(nodes), last=last)
            chosen.update(beam.token_ids[-1] for beam in group.running)
        followed = {beam.token_ids[:-1] for group in searching for beam in group.running}
        reader.forget(continuation for continuation in after if continuation not in followed)
        ended = all(group.done for group in groups)
        reason: FinishReason | None = "eos" if ended else room.reason if last else None
        yield so_far(reason)
        if reason is not None:
            return
    yield so_far(room.reason)
