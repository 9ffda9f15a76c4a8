"""The step that a room of causes is asked about: which text, and which token after it."""

from dataclasses import dataclass, replace

from model.interventions.limits import MOST_TOKENS
from model.texts.run import Run
from viz.pages.scene import readable
from viz.pages.visitor import Visitor
from viz.server.service import Service, Trouble
from viz.words.strings import say


@dataclass(frozen=True)
class Asked:
    """One step of one text."""

    run: Run
    """The whole text, as it was."""
    position: int
    """Of the token, 1 to the length of the text, where it is the one that would come next."""

    @property
    def before(self) -> tuple[int, ...]:
        """The tokens that stand before it."""
        return self.run.token_ids[: self.position]

    @property
    def token_id(self) -> int | None:
        """The token that stands there; None past the end of the text."""
        ids = self.run.token_ids
        return ids[self.position] if self.position < len(ids) else None

    @property
    def place(self) -> tuple[str, tuple[int, ...], int | None]:
        """What other numbers are of another step by."""
        return self.run.model, self.before, self.token_id


def asked(visitor: Visitor) -> Asked:
    """Return the selected step of a visitor's text.

    Raises:
        Trouble: there is none, it stands too far back in the text, or the text cannot be explained now.
    """
    run = readable(visitor)
    position = min(visitor.selected, len(run.token_ids))
    require_askable(position)
    return Asked(run, position)


def require_askable(position: int) -> None:
    """Refuse a step before which there is nothing, or too much to be read again and again.

    Raises:
        Trouble: says what to select instead.
    """
    if position < 1:
        raise Trouble(say("page.first_token"))
    if position > MOST_TOKENS:
        raise Trouble(say("why.too_long", most=MOST_TOKENS, tokens=position))


def text_before(service: Service, step: Asked) -> Run:
    """Return the text before a step, also where that stands in the midst of the prompt."""
    run, end = step.run, step.position
    if end >= len(run.prompt_token_ids):
        return run.cut_at(end)
    before = run.prompt_token_ids[:end]
    typed = service.model.written(before)
    return replace(run, prompt=typed, prompt_token_ids=before, steps=(), finish_reason=None)
