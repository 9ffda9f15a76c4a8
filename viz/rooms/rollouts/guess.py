"""What a person guesses before a roll, and how the guess did: it may be left out, nothing depends on it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from model.texts.run import Run
from viz.words.percent import percent
from viz.words.strings import say
from viz.words.tokens import display_text, isolated, told_token

MOST_GUESS = 60
"""Characters of a guessed token."""


@dataclass(frozen=True)
class Guess:
    """What was guessed; each part may be missing."""

    token: str = ""
    """The first token that will come most often, as it was typed."""
    share: float | None = None
    """Of the rollouts, from 0 to 1, that the one which comes most often will have."""
    unread: str = ""
    """What was typed for the share, where it is none."""

    @classmethod
    def typed(cls, token: object, percents: object) -> "Guess":
        """Return what was typed, whatever a browser sends."""
        word, typed = (one.strip()[:MOST_GUESS] if isinstance(one, str) else "" for one in (token, percents))
        share = _share(typed)
        return cls(word, share, "" if share is not None else typed)


def _share(percents: str) -> float | None:
    """Return a share from 0 to 1; None where it is no number, or more than all of them or less than none."""
    try:
        number = float(percents.removesuffix("%").replace(",", "."))
    except ValueError:
        return None
    return number / 100 if 0 <= number <= 100 else None


@dataclass(frozen=True)
class Outcome:
    """A guess beside the first tokens of all rollouts."""

    guess: Guess
    leader: str
    """The token that came most often; of several the one of the lowest id."""
    most: int
    """Rollouts that begin with it."""
    met: int
    """Rollouts that begin with the guessed one, whatever its case and the spaces around it."""
    right: bool
    """Whether none came more often than it."""
    count: int
    """Rollouts."""


def outcome(guess: Guess, begun: Sequence[Run]) -> Outcome:
    """Return how a guess did.

    Args:
        guess: as it stood when Roll was pressed.
        begun: all rollouts, each with its first token at least; at least one.
    """
    firsts = [run.steps[0] for run in begun]
    steps = {step.token_id: step for step in firsts}
    counts = Counter(step.token_id for step in firsts)
    leader, most = min(counts.items(), key=lambda one: (-one[1], one[0]))
    wanted = guess.token.casefold()
    met = {token_id: n for token_id, n in counts.items() if steps[token_id].text.strip().casefold() == wanted}
    return Outcome(guess, steps[leader].token, most, sum(met.values()), most in met.values(), len(firsts))


def told(outcome: Outcome) -> str:
    """Return how a guess did, in a sentence or two; empty where nothing was guessed."""
    return " ".join(part for part in (_token_told(outcome), _share_told(outcome)) if part)


def _token_told(outcome: Outcome) -> str:
    if not outcome.guess.token:
        return ""
    return say(
        f"lab.rollouts.guess.{'right' if outcome.right else 'wrong'}",
        guess=isolated(display_text(outcome.guess.token)),
        met=outcome.met,
        count=outcome.count,
        leader=told_token(outcome.leader),
        most=outcome.most,
    )


def _share_told(outcome: Outcome) -> str:
    if outcome.guess.unread:
        return say("lab.rollouts.guess.unread", guess=isolated(display_text(outcome.guess.unread)))
    if outcome.guess.share is None:
        return ""
    share = outcome.most / outcome.count
    return say(
        "lab.rollouts.guess.off",
        guess=percent(outcome.guess.share),
        share=percent(share),
        points=f"{100 * abs(share - outcome.guess.share):.0f}",
    )
