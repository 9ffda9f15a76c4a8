"""Where rollouts begin, and how long they may become."""

from dataclasses import replace

from model.numbers import within
from model.texts.run import Run
from model.tokenizer.pieces import UnreadableText
from viz.pages.scene import why_not
from viz.pages.visitor import Visitor
from viz.rooms.rollouts.choices import MOST_LENGTH
from viz.server.service import Service, Trouble
from viz.words.strings import say


def beginning(visitor: Visitor, start: object) -> Run:
    """Return the text that rollouts continue.

    Args:
        visitor: on whose page it stands.
        start: one of `STARTS`, as a browser sent it. Before the selected token means that the first token
            of each rollout is drawn from the distribution that the page shows for the selected place.

    Raises:
        Trouble: there is none to go on from.
    """
    missing = why_not(visitor)
    if missing:
        raise Trouble(missing)
    run = visitor.run
    end = {
        "prompt": len(run.prompt_token_ids),
        "selected": min(visitor.selected, len(run.token_ids)),
        "whole": len(run.token_ids),
    }.get(str(start))
    if end is None:
        raise Trouble(say("lab.rollouts.unknown"))
    if end == 0:
        raise Trouble(say("lab.rollouts.nothing_before"))
    if end == len(run.token_ids) and run.finish_reason == "eos":
        raise Trouble(say("lab.rollouts.ended"))
    if end < len(run.prompt_token_ids):
        before = _typed_up_to(visitor.service, run, end)
        return replace(
            run, prompt=before, prompt_token_ids=run.prompt_token_ids[:end], steps=(), finish_reason=None
        )
    return run.cut_at(end)


def _typed_up_to(service: Service, run: Run, end: int) -> str:
    """Return what was typed for the first tokens of a prompt."""
    try:
        typed = service.model.typed(run.prompt)
    except UnreadableText:
        typed = None
    if typed is None or typed.token_ids != run.prompt_token_ids:  # from a file that says so
        return service.model.written(run.prompt_token_ids[:end])
    return "".join(typed.slices[:end])


def granted_length(service: Service, run: Run, count: int, length: object) -> int:
    """Return how many tokens each rollout may have.

    Args:
        service: whose limits hold.
        run: the text that they continue.
        count: rollouts of one press.
        length: tokens asked for, as a browser sent it.

    Raises:
        Trouble: too many tokens at one press, or none fits.
        OutOfRange: no length.
    """
    wanted = int(within("tokens each", length, 1, MOST_LENGTH, whole=True))
    most = service.limits.rollout_tokens
    if wanted * count > most:
        raise Trouble(
            say(
                "lab.rollouts.too_many",
                count=count,
                length=wanted,
                total=wanted * count,
                most=most,
            )
        )
    fits = min(wanted, service.room(run))
    if fits < 1:
        raise Trouble(say("page.full", limit=len(run.token_ids)))
    return fits
