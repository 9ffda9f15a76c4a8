"""Two models on one text: both read it, and go on from it with the same dice."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from threading import Event
from typing import Any, NamedTuple

import gradio as gr

from model.interior.two_models import NextTokenRow, TwoReadings, next_tokens, reading, two_readings
from model.numbers import MAX_SEED, within
from model.texts.run import Run
from viz.pages.controls import Controls
from viz.pages.kept import RoomState
from viz.pages.looking import Looking
from viz.pages.visitor import Visitor
from viz.pages.work import watched
from viz.rooms.comparison.tables import next_html, strip_of, texts_html, totals_html
from viz.server.failing import or_why_not
from viz.server.service import OWN, Service, Trouble
from viz.words.lines import problem, status_line
from viz.words.strings import say

WORK = "comparison"
MOST_CHARACTERS = 4_000
MOST_NEW = 40
"""Tokens that either model writes."""
LOADING_SECONDS = 0.5
UPDATE_SECONDS = 0.25
ROWS = 12
"""Of the most likely next tokens that come from either model."""


class ComparisonState(RoomState):
    """What the room remembers of a visitor."""

    def __init__(self) -> None:
        self.compared: Compared | None = None
        """As far as it has got."""


@dataclass(frozen=True)
class Compared:
    """What two models made of one text."""

    keys: tuple[str, str]
    """What the models are asked for by."""
    names: tuple[str, str]
    tokens: tuple[int, int]
    """Of the text, in either model's."""
    readings: TwoReadings
    next: tuple[NextTokenRow, ...]
    runs: tuple[Run, Run]
    """How either goes on."""

    def rows(self) -> list[list[Any]]:
        """Return the stretches of the text as a table, the names of its columns first."""
        head = [
            *(say("train.comparison.csv.start"), say("train.comparison.csv.text")),
            *(say("train.comparison.csv.tokens", name=name) for name in self.names),
            *(say("train.comparison.csv.bits", name=name) for name in self.names),
        ]
        body = [
            [one.start, one.text, *one.tokens, *(one.bits or ("", ""))] for one in self.readings.stretches
        ]
        return [head, *body]


class ComparisonScreen(NamedTuple):
    """What an event changes in the room."""

    line: Any = gr.skip()
    cancel: Any = gr.skip()
    totals: Any = gr.skip()
    strip: Any = gr.skip()
    next: Any = gr.skip()
    texts: Any = gr.skip()
    save: Any = gr.skip()


class Comparing:
    """Handlers of the events, for every visitor."""

    def __init__(self, looking: Looking) -> None:
        self.models = looking.showing.models

    def offer(self, visitor: Visitor, *chosen: object) -> list[Any]:
        """Return the updates of the two lists: the page's model first, and another one beside it."""
        own = self.models.own
        choices = [(own.info.name if own.ready else say("page.models.own"), OWN)]
        choices += [(one.title, one.key) for one in self.models.choices(visitor.models.owner)]
        keys = [key for _, key in choices]
        first, second = (one if one in keys else None for one in chosen)
        here = visitor.service.key
        if first is None and here in keys:
            first = here
        if second is None:
            second = next((key for key in reversed(keys) if key != first), None)
        return [gr.update(choices=choices, value=value) for value in (first, second)]

    def compare_models(
        self, visitor: Visitor, first: object, second: object, text: object, controls: Controls
    ) -> Iterator[ComparisonScreen]:
        """Let two models read a text and go on from it."""
        visitor.controls = controls

        def explained(why: str) -> ComparisonScreen:
            return ComparisonScreen(line=problem(why), cancel=gr.update(interactive=WORK in visitor.working))

        yield from or_why_not(self._compare(visitor, (first, second), text, controls), explained)

    def saved(self, visitor: Visitor) -> Any:
        """Return the stretches with their bits as a file for the browser to make."""
        compared = visitor.kept.of(ComparisonState).compared
        if compared is None:
            return gr.skip()
        return {"stem": "two-models", "text": "", "rows": compared.rows(), "at": time.time()}

    def _compare(
        self, visitor: Visitor, keys: tuple[object, object], text: object, controls: Controls
    ) -> Iterator[ComparisonScreen]:
        typed = _checked(keys, text)
        stopped, ended = Event(), Event()  # the first is set at the end in any case
        with ExitStack() as stack:

            def steps() -> Iterator[str | Compared]:
                services = []
                for key in keys:
                    service = self.models.open(visitor.models.owner, key)
                    stack.enter_context(service.in_use())
                    while not stopped.is_set() and not service.wait(LOADING_SECONDS):
                        yield service.progress
                    services.append(service)
                if not stopped.is_set():
                    yield from _compared(visitor, (services[0], services[1]), typed, controls, stopped)
                if not stopped.is_set():
                    ended.set()

            done = None
            for step in watched(visitor, WORK, steps(), stopped.set):
                if isinstance(step, Compared):
                    visitor.kept.of(ComparisonState).compared = done = step
                    yield shown(step)._replace(line=status_line(say("train.comparison.writing")))
                else:
                    line = status_line(step or say("train.comparison.reading"))
                    yield ComparisonScreen(line=line, cancel=gr.update(interactive=True))
        told = "" if ended.is_set() else say("lab.stopped")
        line = status_line(told) if done is None else status_line(told, told_of(done))
        yield ComparisonScreen(
            line=line,
            cancel=gr.update(interactive=False),
            save=gr.skip() if done is None else gr.update(interactive=True),
        )


def _checked(keys: tuple[object, object], text: object) -> str:
    """Return the text that two models are to read.

    Raises:
        Trouble: there are no two of them, or no text.
    """
    if keys[1] is None:
        raise Trouble(say("train.comparison.alone"))
    if keys[0] == keys[1]:
        raise Trouble(say("train.comparison.same"))
    if not isinstance(text, str) or not text.strip() or len(text) > MOST_CHARACTERS:
        raise Trouble(say("train.comparison.text_needed", most=f"{MOST_CHARACTERS:,}"))
    return text


def _compared(
    visitor: Visitor, services: tuple[Service, Service], text: str, controls: Controls, stopped: Event
) -> Iterator[Compared]:
    """Yield what is known of the two models on a text, as they go on from it."""
    from model.interior.scoring import scored  # noqa: PLC0415 - imports torch

    # A ban names a token by its number, which is another one's in another vocabulary.
    settings = replace(controls.settings, logit_bias=())
    seed = int(within("seed", controls.seed, 0, MAX_SEED, whole=True))
    read, following, runs = [], [], []
    for service in services:
        service.require_room_in_line()
        form = service.precision(controls.precision)
        try:
            typed = service.typed(text, say("train.comparison.text_name"))
        except Trouble as trouble:
            named = say("train.comparison.of_model", name=service.info.name, problem=str(trouble))
            raise Trouble(named) from trouble
        read.append((reading(typed, scored(service.engine, typed, form)), len(typed.token_ids)))
        softmax = service.read(typed.token_ids, form).softmax(len(typed.token_ids) - 1)
        following.append((service.text.vocabulary, softmax.probabilities))
        runs.append(service.new_run(text, settings, seed, controls.precision))
    names = tuple(service.info.name for service in services)
    keys = tuple(service.key for service in services)
    compared = Compared(
        keys=(keys[0], keys[1]),
        names=(names[0], names[1]),
        tokens=(read[0][1], read[1][1]),
        readings=two_readings(text, read[0][0], read[1][0]),
        next=tuple(next_tokens(following[0], following[1], ROWS)),
        runs=(runs[0], runs[1]),
    )
    yield compared
    room = min(MOST_NEW, *(service.room(run) for service, run in zip(services, runs, strict=True)))
    if room < 1:
        return  # the text fills the context of one of them
    written = [
        service.write(run, room, settings, seed, visitor) for service, run in zip(services, runs, strict=True)
    ]
    try:
        ended = False
        while not ended and not stopped.is_set():
            ended = all(one.wait(UPDATE_SECONDS) for one in written)
            yield replace(compared, runs=(written[0].latest(), written[1].latest()))
    finally:
        for one in written:
            one.stop()


def shown(compared: Compared) -> ComparisonScreen:
    """Return what two models made of a text."""
    return ComparisonScreen(
        totals=totals_html(compared.keys, compared.names, compared.tokens, compared.readings),
        strip=strip_of(compared.readings, compared.names),
        next=next_html(compared.next, compared.names),
        texts=texts_html(compared.names, compared.runs),
    )


def told_of(compared: Compared) -> str:
    """Return which of two models foresaw the text better, as a sentence."""
    first, second = compared.readings.total_bits
    if compared.readings.bits_per_byte is None:
        return say("train.comparison.nothing_scored")
    if round(first, 1) == round(second, 1):
        return say("train.comparison.equal", bits=f"{first:,.1f}")
    better = int(second < first)
    return say(
        "train.comparison.better",
        better=compared.names[better],
        other=compared.names[1 - better],
        bits=f"{abs(first - second):,.1f}",
    )
