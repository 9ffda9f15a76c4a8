"""What a visitor asks of a search, the search itself, and what it has found so far."""

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from model.lab.beam_search import BeamSearch, beam_search
from model.lab.contrastive_search import ContrastiveSearch, contrastive_search
from model.lab.diverse_beam_search import diverse_beam_search
from model.numbers import within
from model.texts.run import Run
from viz.server.limits import Limits
from viz.server.service import Trouble
from viz.words.percent import signed
from viz.words.strings import say

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.engine.engine import Engine

METHODS = ("beam", "diverse", "contrastive")
STARTS = ("prompt", "selected")
MOST_BEAMS = 8
"""On the page: a tree of more is hard to read."""

_AS_LONG, _LONGER = "lab.strategies.compared", "lab.strategies.compared_longer"

Result = BeamSearch | ContrastiveSearch


@dataclass(frozen=True)
class SearchChoice:
    """The controls of the room, in the order of the inputs; as a browser sent them."""

    method: str = "beam"
    start: str = "prompt"
    max_new_tokens: int = 12
    beams: int = 4
    length_penalty: float = 1.0
    groups: int = 2
    diversity_penalty: float = 0.5
    top_k: int = 4
    alpha: float = 0.6

    def checked(self, limits: Limits) -> None:
        """Look at what the model layer does not check.

        Raises:
            Trouble: no such method or start.
            OutOfRange: more beams or tokens than a page may ask for.
        """
        if self.method not in METHODS or self.start not in STARTS:
            raise Trouble(say("lab.strategies.unknown"))
        within("max_new_tokens", self.max_new_tokens, 1, limits.max_new_tokens, whole=True)
        if self.method != "contrastive":
            within("beams", self.beams, 1, MOST_BEAMS, whole=True)


@dataclass
class Search:
    """One search of one visitor. Whoever iterates, once, drives it; any thread may stop it."""

    base: Run
    """The text that it goes on from."""
    choice: SearchChoice
    found: Result | None = None
    """As far as it has got."""
    stopped: bool = field(default=False, init=False)

    def stop(self) -> None:
        """Let it end before its next step."""
        self.stopped = True

    def results(self, engine: "Engine", room: int) -> Iterator[Result]:
        """Yield what is found after every step.

        Args:
            engine: computes.
            room: tokens that the text may grow by.

        Raises:
            OutOfRange: a control outside the range that the search takes.
            Exception: what went wrong while it was computed.
        """
        for found in self._begun(engine, min(self.choice.max_new_tokens, room)):
            self.found = found
            yield found

    @property
    def groups(self) -> int:
        """How many groups its beams are divided into."""
        return int(self.choice.groups) if self.choice.method == "diverse" else 1

    @property
    def sequences(self) -> list[tuple[int, ...]]:
        """The new tokens of everything that was found, best first."""
        if isinstance(self.found, BeamSearch):
            return [one.token_ids for one in self.found.hypotheses]
        return [self.found.token_ids] if self.found is not None and self.found.steps else []

    @property
    def best_logprob_sum(self) -> float:
        """Sum of the logprobs of the first of the `sequences`, in nats."""
        if isinstance(self.found, BeamSearch):
            return self.found.hypotheses[0].logprob_sum
        chosen = [] if self.found is None else [step.chosen for step in self.found.steps]
        return sum(math.log(max(one.probability, sys.float_info.min)) for one in chosen)

    def _begun(self, engine: "Engine", length: int) -> Iterator[BeamSearch] | Iterator[ContrastiveSearch]:
        choice, text, form = self.choice, self.base.token_ids, self.base.precision

        def stop() -> bool:
            return self.stopped

        if choice.method == "contrastive":
            return contrastive_search(
                engine, text, length, choice.top_k, choice.alpha, precision=form, stop=stop
            )
        if choice.method == "diverse":
            return diverse_beam_search(
                engine,
                text,
                choice.beams,
                choice.groups,
                length,
                choice.diversity_penalty,
                choice.length_penalty,
                precision=form,
                stop=stop,
            )
        return beam_search(
            engine, text, choice.beams, length, choice.length_penalty, precision=form, stop=stop
        )


def compared(run: Run, search: Search) -> str:
    """Return a sentence that holds the best sequence against the text on the page; empty without one.

    Args:
        run: the text on the page.
        search: from a place in it.
    """
    sampled = [step.logprob for step in run.steps[len(search.base.steps) :]]
    if not search.sequences or not sampled:
        return ""
    length = len(search.sequences[0])
    values = {
        "sum": _sum(sampled),
        "length": len(sampled),
        "best": say(f"lab.strategies.best.{search.choice.method}"),
        "best_sum": signed(search.best_logprob_sum),
        "best_length": length,
    }
    if length < len(sampled):
        return say(_LONGER, **values, first_sum=_sum(sampled[:length]))
    return say(_AS_LONG, **values)


def _sum(logprobs: Sequence[float]) -> str:
    return signed(sum(logprobs))
