"""Two texts side by side, position by position: how much of the one stands in the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from model.texts.run import Run


def shared(known: Sequence[int], wanted: Sequence[int]) -> int:
    """Return how many leading tokens two texts share."""
    pairs = enumerate(zip(known, wanted, strict=False))
    return next((index for index, (ours, theirs) in pairs if ours != theirs), min(len(known), len(wanted)))


def agreement(original: Sequence[int], other: Sequence[int]) -> float:
    """Return the share of the original's tokens that the other has at the same place; 1 for no tokens."""
    same = sum(ours == theirs for ours, theirs in zip(original, other, strict=False))
    return same / len(original) if original else 1.0


@dataclass(frozen=True)
class WrittenToken:
    """A token of a continuation."""

    token_id: int
    token: str
    """By itself, as in `Step`."""
    logprob: float
    """Natural log of the model's own probability where it stands."""


@dataclass(frozen=True)
class Comparison:
    """Another continuation of the original's prompt, whoever chose it, as far as it has got."""

    original: Run
    tokens: tuple[WrittenToken, ...]

    @property
    def agreement(self) -> float:
        """Share of the original's steps whose token stands here at the same position."""
        return agreement(
            [step.token_id for step in self.original.steps], [token.token_id for token in self.tokens]
        )

    @property
    def first_difference(self) -> int | None:
        """Index of the first step with another token, from 0; None as long as there is none."""
        pairs = enumerate(zip(self.original.steps, self.tokens, strict=False))
        return next((index for index, (ours, theirs) in pairs if ours.token_id != theirs.token_id), None)

    @property
    def mean_logprob(self) -> float | None:
        """Mean of the logprobs, in nats; None for no tokens."""
        return sum(token.logprob for token in self.tokens) / len(self.tokens) if self.tokens else None


def written_tokens(run: Run) -> tuple[WrittenToken, ...]:
    """Return the tokens of a run's steps."""
    return tuple(WrittenToken(step.token_id, step.token, step.logprob) for step in run.steps)
