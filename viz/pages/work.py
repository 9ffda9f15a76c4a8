"""What a room computes that takes a while: begun on a button, seen as far as it is, ended on another."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import gradio as gr

from viz.components.drawn import Drawn
from viz.pages.looking import Looking
from viz.pages.quiet import QUIET
from viz.pages.stopping import Stopping
from viz.pages.visitor import Visitor

Step = TypeVar("Step")

UPDATE_SECONDS = 0.3
"""Between two updates of a page; pages that share the core take longer."""
Begins = Mapping[gr.Button | Drawn, tuple[Callable[..., Any], Sequence[Any]]]
"""Handlers by the button that each begins on, or by what asks itself, and their inputs beside the visitor."""


def watched(
    visitor: Visitor, work: str, steps: Iterable[Step], stop: Callable[[], None]
) -> Iterator[Step | None]:
    """Let something be computed, and yield whenever a page is to show how far it is; at first None.

    Args:
        visitor: for whom it is computed; nothing else is for the same work meanwhile.
        work: what it is called among what can be stopped.
        steps: computes it.
        stop: lets it end soon; called at the end in any case.

    Raises:
        Trouble: this work is under way already, or was cancelled while it waited.
        Exception: what went wrong while it was computed.
    """
    pace = visitor.service.pace
    with visitor.at_work(work, stop), pace.page():
        yield None
        yield from now_and_then(steps, lambda: max(UPDATE_SECONDS, pace.interval))


def now_and_then(steps: Iterable[Step], seconds: Callable[[], float]) -> Iterator[Step]:
    """Yield the first step, the last, and of the others those that come so many seconds after one shown."""
    shown = -math.inf
    left: list[Step] = []
    for step in steps:
        left = [step]
        if time.monotonic() - shown >= seconds():
            left = []
            yield step
            shown = time.monotonic()
    yield from left


def wire_work(
    looking: Looking, work: str, cancel: gr.Button, begins: Begins, outputs: Sequence[Any], **how: Any
) -> None:
    """Let buttons begin something that takes a while, and another one end it from their press on.

    Args:
        looking: of the page.
        work: what it is called among what can be stopped.
        cancel: the button that ends it.
        begins: what the others begin.
        outputs: what these change.
        how: more on the events that they are.
    """

    def end(visitor: Visitor) -> None:
        visitor.cancel(work)

    def begin(one: gr.Button | Drawn, handler: Callable[..., Any], inputs: Sequence[Any]) -> Any:
        begun, mode = _begun_by(one)
        return begun(handler, [looking.visitor, *inputs], list(outputs), trigger_mode=mode, **QUIET | how)

    stopping = Stopping(cancel, looking.visitor, work)
    stopping.lit_by([_begun_by(one)[0] for one in begins])
    stopping.unlit_if_refused(*(begin(one, *done) for one, done in begins.items()))
    cancel.click(end, looking.visitor, None, queue=False, **QUIET)


def _begun_by(one: gr.Button | Drawn) -> tuple[Any, str]:
    """Return the event that begins something, and what becomes of one that comes meanwhile.

    A second press is one too many; what asks by itself asks for something else then.
    """
    return (one.click, "once") if isinstance(one, gr.Button) else (one.select, "always_last")
