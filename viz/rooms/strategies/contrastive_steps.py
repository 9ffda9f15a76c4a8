"""Contrastive search step by step: the candidates of each, what they were ranked by, and which was taken."""

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from model.lab.contrastive_search import Candidate, ContrastiveStep
from viz.components.drawn import Drawn
from viz.words.percent import percent, signed
from viz.words.strings import say
from viz.words.tokens import display_token, told_token

LONGEST_TOKEN = 16


class CandidateRow(TypedDict):
    """One candidate. `_text` is how a number reads."""

    token: str
    probability_text: str
    penalty: float
    penalty_text: str
    alike: str
    """The earlier token that it is most alike, and where that stands."""
    score: float
    score_text: str
    chosen: bool


class StepRows(TypedDict):
    """One step."""

    position: int
    candidates: list[CandidateRow]


class ContrastiveStepsValue(TypedDict):
    """The value of a `ContrastiveSteps`."""

    steps: list[StepRows]


def contrastive_steps_value(
    steps: Sequence[ContrastiveStep], text: Sequence[int], token_of: Callable[[int], str]
) -> ContrastiveStepsValue:
    """Return the steps of a search.

    Args:
        steps: so far.
        text: the token ids that it went on from.
        token_of: the text of a token id.
    """
    whole = [*text, *(step.chosen.token_id for step in steps)]

    def row(one: Candidate, chosen: bool) -> CandidateRow:
        return {
            "token": display_token(token_of(one.token_id), LONGEST_TOKEN),
            "probability_text": percent(one.probability),
            "penalty": one.penalty,
            "penalty_text": signed(one.penalty, 3),
            "alike": say(
                "components.contrast.alike",
                token=told_token(token_of(whole[one.alike]), LONGEST_TOKEN),
                position=one.alike,
            ),
            "score": one.score,
            "score_text": signed(one.score, 3),
            "chosen": chosen,
        }

    return {
        "steps": [
            {
                "position": step.position,
                "candidates": [row(one, one.token_id == step.chosen.token_id) for one in step.candidates],
            }
            for step in steps
        ]
    }


class ContrastiveSteps(Drawn):
    """The table. Without a value it draws nothing."""

    def __init__(
        self,
        value: ContrastiveStepsValue | None = None,
        *,
        elem_id: str = "contrastive-steps",
        **kwargs: Any,
    ) -> None:
        keys = ("group", "caption", "position", "token", "probability", "penalty", "alike", "score", "chosen")
        words = {key: say(f"components.contrast.words.{key}") for key in keys}
        super().__init__(
            "contrastive_steps",
            '<div class="contrastive"></div>',
            value,
            words=words,
            elem_id=elem_id,
            **kwargs,
        )
