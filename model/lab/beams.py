"""The beams of a search: hypotheses that it goes on with, those that have ended, and how a step chooses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from model.sampler.distribution import Softmax

Fate = Literal["kept", "pruned", "finished"]
"""What became of a candidate in its own step: gone on with, dropped, or ended with an end of text."""


@dataclass(frozen=True)
class Node:
    """One candidate: a token behind a hypothesis. All candidates of a search form a tree."""

    id: int
    """Its index in `BeamSearch.nodes`."""
    parent: int | None
    """The node before it; None if it follows the prompt."""
    token_id: int
    logprob: float
    """Natural log of the model's own probability of the token."""
    logprob_sum: float
    """Of all new tokens up to this one."""
    penalty: float
    """What was taken off in this step because earlier groups had chosen the token; 0 in plain beam search."""
    score: float
    """What the candidates were ranked by: `logprob_sum` less all penalties so far."""
    step: int
    """Counted from 0: how many new tokens stand before it."""
    fate: Fate
    """Kept in the last step means: cut there by the limit. A kept one may still have no future."""
    group: int = 0


@dataclass(frozen=True)
class Hypothesis:
    """A continuation that a search proposes."""

    token_ids: tuple[int, ...]
    """The new ones, the end of text included."""
    score: float
    """Sum of its logprobs, less the penalties, over its length to the power of the length penalty."""
    logprob_sum: float
    """Natural log of the probability that the model itself writes it."""
    finished: bool
    """Whether it has come to its end of text; if not, it goes on or was cut."""
    node: int
    """Its last token's, in the tree."""
    group: int = 0


class Beam(NamedTuple):
    """A hypothesis that the search goes on with."""

    token_ids: tuple[int, ...]
    score: float
    logprob_sum: float
    node: int | None


class _Candidate(NamedTuple):
    beam: Beam
    token_id: int
    logprob: float
    penalty: float

    @property
    def score(self) -> float:
        return self.beam.score + self.logprob - self.penalty


class Beams:
    """So many hypotheses side by side, one group of a search. Grows by one token in every step."""

    def __init__(self, width: int, ends: frozenset[int], length_penalty: float, group: int = 0) -> None:
        """Begin with the bare prompt.

        Args:
            width: hypotheses to go on with, and to return.
            ends: the end-of-text tokens.
            length_penalty: above 0 it favours long hypotheses, below 0 short ones.
            group: its number among the groups of the search.
        """
        self.width = width
        self.group = group
        self.running: list[Beam] = [Beam((), 0.0, 0.0, None)]
        """Best first."""
        self._finished: list[Hypothesis] = []
        self._ends = ends
        self._length_penalty = length_penalty

    @property
    def candidates(self) -> int:
        """How many candidates a step looks at: enough for `width` that go on, if the others end."""
        return max(2, 1 + len(self._ends)) * self.width

    @property
    def hypotheses(self) -> list[Hypothesis]:
        """The best so far, best first: those that have ended, and those that would go on."""
        going_on = [
            self._hypothesis(beam, beam.node, finished=False)
            for beam in self.running
            if beam.node is not None
        ]
        return _best([*self._finished, *going_on], self.width)

    @property
    def done(self) -> bool:
        """Whether the best that goes on is, as it stands, no better than the worst of enough that have ended.

        A guess if the length penalty is above 0, when a hypothesis may improve as it grows: that of
        Transformers' `early_stopping=False`.
        """
        if not self.running:
            return True
        if len(self._finished) < self.width:
            return False
        leader = self.running[0]
        return self._scored(leader.score, len(leader.token_ids)) <= self._finished[-1].score

    def advance(
        self, softmaxes: Sequence[Softmax], penalties: Mapping[int, float], first_id: int, *, last: bool
    ) -> list[Node]:
        """Choose the hypotheses of the next step.

        Args:
            softmaxes: the model's own distribution after each of `running`.
            penalties: what to take off the logprob of some tokens, at least 0.
            first_id: of the first new node.
            last: whether no step comes after this one: then only the `width` best candidates count.

        Returns:
            The candidates of this step, best first.

        Raises:
            ValueError: the logits are not numbers.
        """
        nodes: list[Node] = []
        running: list[Beam] = []
        for rank, candidate in enumerate(self._candidates(softmaxes, penalties)):
            before = candidate.beam
            beam = Beam(
                (*before.token_ids, candidate.token_id),
                candidate.score,
                before.logprob_sum + candidate.logprob,
                first_id + rank,
            )
            fate: Fate = "pruned"
            if candidate.token_id in self._ends:
                # The others beyond the width are there so that enough go on, not to be proposed.
                if rank < self.width:
                    fate = "finished"
                    self._finished.append(self._hypothesis(beam, first_id + rank, finished=True))
            elif len(running) < self.width and (rank < self.width or not last):
                fate = "kept"
                running.append(beam)
            nodes.append(
                Node(
                    id=first_id + rank,
                    parent=before.node,
                    token_id=candidate.token_id,
                    logprob=candidate.logprob,
                    logprob_sum=beam.logprob_sum,
                    penalty=candidate.penalty,
                    score=beam.score,
                    step=len(before.token_ids),
                    fate=fate,
                    group=self.group,
                )
            )
        self.running = running
        self._finished = _best(self._finished, self.width)
        return nodes

    def _candidates(self, softmaxes: Sequence[Softmax], penalties: Mapping[int, float]) -> list[_Candidate]:
        """Return the best continuations of all running hypotheses together, best first."""
        found: list[_Candidate] = []
        for beam, softmax in zip(self.running, softmaxes, strict=True):
            if not np.isfinite(softmax.largest):
                raise ValueError("the model returned logits that are not numbers; try --precision exact")
            # A penalty only moves its tokens back, so that as many more are sure to hold the best.
            token_ids = softmax.leading(self.candidates + len(penalties))
            logprobs = softmax.exponents(token_ids) - np.log(softmax.total)
            found += [
                _Candidate(beam, token_id, logprob, penalties.get(token_id, 0.0))
                for token_id, logprob in zip(token_ids.tolist(), logprobs.tolist(), strict=True)
                if np.isfinite(logprob)
            ]
        return sorted(found, key=lambda candidate: -candidate.score)[: self.candidates]

    def _hypothesis(self, beam: Beam, node: int, *, finished: bool) -> Hypothesis:
        score = self._scored(beam.score, len(beam.token_ids))
        return Hypothesis(beam.token_ids, score, beam.logprob_sum, finished, node, self.group)

    def _scored(self, total: float, length: int) -> float:
        return float(total / length**self._length_penalty)


def _best(hypotheses: Sequence[Hypothesis], count: int) -> list[Hypothesis]:
    return sorted(hypotheses, key=lambda hypothesis: -hypothesis.score)[:count]
