"""What the buttons of the room of probes do."""

from collections.abc import Iterator
from threading import Event
from typing import Any, NamedTuple

import gradio as gr

from model.lab.contrast_sets import MOST_TOKENS, Probe, UnmeasurableText, measuring
from model.tokenizer.pieces import UnreadableText
from viz.figures.contrast import contrast_figure
from viz.figures.theme import Theme
from viz.pages.controls import Controls
from viz.pages.kept import RoomState
from viz.pages.visitor import Visitor
from viz.pages.work import watched
from viz.rooms.probes.probe_table import findings_html, shown, table_html
from viz.rooms.probes.typed_set import SETS, TypedSet, ready_set, reference_of, typed_set
from viz.server.failing import or_why_not
from viz.server.service import Service, Trouble
from viz.words.lines import problem, status_line
from viz.words.strings import say
from viz.words.tokens import display_text, isolated

WORK = "probes"
TAIL = 40
"""Characters of a prompt that are told."""


class ProbesState(RoomState):
    """What the room remembers of a visitor."""

    def __init__(self) -> None:
        self.probe: Probe | None = None
        """The one that was measured last, as far as it has got."""


class ProbesScreen(NamedTuple):
    """What an event changes in the room."""

    table: Any = gr.skip()
    findings: Any = gr.skip()
    chart: Any = gr.skip()
    line: Any = gr.skip()
    cancel: Any = gr.skip()


def offered(name: object) -> list[Any]:
    """Return template, fillers and continuations of a ready set, and that a space belongs before these."""
    return [*ready_set(str(name)), True] if name in SETS else [gr.skip()] * 4


class Probes:
    """Handlers of the events, for every visitor."""

    def measure_set(
        self,
        visitor: Visitor,
        template: object,
        fillers: object,
        continuations: object,
        spaced: object,
        reference: object,
        controls: Controls,
    ) -> Iterator[ProbesScreen]:
        """Measure what was typed, and show it filler by filler."""
        visitor.controls = controls

        def explained(why: str) -> ProbesScreen:
            return ProbesScreen(line=problem(why), cancel=gr.update(interactive=WORK in visitor.working))

        def measured() -> Iterator[ProbesScreen]:
            typed = typed_set(template, fillers, continuations, spaced)
            yield from self._measure(visitor, typed, reference, controls)

        yield from or_why_not(measured(), explained)

    def redraw(self, visitor: Visitor, reference: object, controls: Controls) -> ProbesScreen:
        """Return what was measured as it is, compared with what is asked for now, in the page's colours."""
        visitor.controls = controls
        probe = visitor.kept.of(ProbesState).probe
        if probe is None:
            return ProbesScreen()
        try:
            index = _measured_reference(probe, reference)
        except Trouble as trouble:
            return ProbesScreen(line=problem(str(trouble)))
        return self._screen(visitor, probe, index, controls.theme)

    def _measure(
        self, visitor: Visitor, typed: TypedSet, reference: object, controls: Controls
    ) -> Iterator[ProbesScreen]:
        contrast, state = typed.contrast, visitor.kept.of(ProbesState)
        index = reference_of(contrast, reference)
        engine, form = visitor.service.engine, visitor.service.precision(controls.precision)
        visitor.service.require_room_in_line()
        stopped = Event()
        steps = _explained(measuring(engine, contrast, form, stopped.is_set), visitor.service)
        last: Probe | None = None

        def taken() -> Iterator[Probe]:
            nonlocal last
            for last in steps:
                if last.rows:  # not before: a set that cannot be measured leaves what was
                    state.probe = last
                yield last

        total = len(contrast.fillers)
        for probe in watched(visitor, WORK, taken(), stopped.set):
            done = 0 if probe is None else len(probe.rows)
            line = status_line(say("why.probes.running", done=done, count=total))
            if not done:
                yield ProbesScreen(line=line, cancel=gr.update(interactive=True))
            elif probe is not None:
                yield self._screen(visitor, probe, _if_there(probe, index), controls.theme)._replace(
                    line=line
                )
        assert last is not None
        ended = say("lab.stopped") if last.stopped else say("why.probes.done", count=total)
        left_out = say("why.probes.left_out", count=typed.left_out) if typed.left_out else ""
        screen = (
            self._screen(visitor, last, _if_there(last, index), controls.theme)
            if last.rows
            else ProbesScreen()
        )
        yield screen._replace(line=status_line(ended, left_out), cancel=gr.update(interactive=False))

    def _screen(self, visitor: Visitor, probe: Probe, reference: int | None, theme: Theme) -> ProbesScreen:
        names = [shown(one) for one in probe.contrast.continuations]
        return ProbesScreen(
            table_html(probe, reference, visitor.service.text.token),
            findings_html(probe, reference),
            contrast_figure(probe.logprobs, [shown(one) for one in probe.fillers], names, theme=theme),
        )


def _measured_reference(probe: Probe, typed: object) -> int | None:
    return _if_there(probe, reference_of(probe.contrast, typed))


def _if_there(probe: Probe, reference: int | None) -> int | None:
    """Return a reference once it has been measured; until then the others are compared with their mean."""
    return reference if reference is not None and reference < len(probe.rows) else None


def _explained(steps: Iterator[Probe], service: Service) -> Iterator[Probe]:
    """Yield what is measured.

    Raises:
        Trouble: what was typed cannot be measured; says why.
    """
    try:
        yield from steps
    except UnreadableText as error:
        raise Trouble(say("page.unreadable", name=say("why.probes.name"), problem=str(error))) from error
    except UnmeasurableText as error:
        most = min(MOST_TOKENS, service.info.context_length)
        raise Trouble(
            say(
                f"why.probes.unmeasurable.{error.why}",
                prompt=isolated(display_text(error.prompt[-TAIL:])),
                continuation=isolated(display_text(error.continuation)),
                tokens=error.tokens,
                limit=most,
            )
        ) from error
