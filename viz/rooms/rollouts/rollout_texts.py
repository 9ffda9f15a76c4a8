"""The continuations themselves, one under the other, each with a button that opens it on the page."""

from collections.abc import Sequence
from typing import Any, TypedDict

from viz.components.drawn import Drawn
from viz.words.percent import signed
from viz.words.strings import say
from viz.words.tokens import display_text


class RolloutText(TypedDict):
    """One continuation."""

    index: int
    text: str
    logprob: str
    name: str
    """Of its button."""


class RolloutTextsValue(TypedDict):
    """The value of a `RolloutTexts`."""

    texts: list[RolloutText]


def rollout_texts_value(entries: Sequence[tuple[int, str, float | None]]) -> RolloutTextsValue:
    """Return what the list shows.

    Args:
        entries: of each its number from 0, its text, and the mean natural log of the probabilities of its
            tokens, None without one.
    """
    return {
        "texts": [
            {
                "index": index,
                "text": display_text(text) or say("components.rollouts.no_text"),
                "logprob": _mean(logprob),
                "name": say("components.rollouts.open_name", number=index + 1),
            }
            for index, text, logprob in entries
        ]
    }


def _mean(logprob: float | None) -> str:
    return "–" if logprob is None else say("components.rollouts.mean_nats", mean=signed(logprob))


class RolloutTexts(Drawn):
    """The list. A press of a button is told to the `Selection` that follows its id."""

    def __init__(
        self, value: RolloutTextsValue | None = None, *, elem_id: str = "rollout-texts", **kwargs: Any
    ) -> None:
        super().__init__(
            "rollout_texts",
            '<ol class="rollout-texts"></ol>',
            value,
            words={
                "id": elem_id,
                **{key: say(f"components.rollouts.{key}") for key in ("texts", "open", "mean")},
            },
            elem_id=elem_id,
            **kwargs,
        )
