"""The training that a room shows: what begins and ends it, how far it is, and what it has learned by now."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import gradio as gr

from model.training.line import Standing
from model.training.progress import Progress
from model.training.settings import TrainingSettings
from viz.components.heading import heading
from viz.figures.head_births import head_births_figure, leading
from viz.figures.loss_curves import loss_curves_figure, optimisation_figure
from viz.figures.theme import Theme
from viz.pages import room_head
from viz.pages.controls import Controls
from viz.pages.looking import Looking
from viz.pages.plot import plot
from viz.pages.quiet import QUIET
from viz.pages.visitor import Visitor
from viz.server.failing import one_or_why_not
from viz.server.limits import LOOKING
from viz.training.desk import Desk
from viz.training.samples_html import samples_html
from viz.training.state import TrainingState
from viz.words.lines import problem, status_line
from viz.words.strings import say

TICK_SECONDS = 1.5
"""Between two looks at a training that runs."""
BORN = 0.5
"""Share of a head's weight from which it is said what it does."""

SettingsOf = Callable[..., tuple[TrainingSettings, str | None]]
"""From a visitor and the values of a room's fields to what is asked for, and a text of the person's own."""


class JobScreen(NamedTuple):
    """What an event changes of it."""

    line: Any = gr.skip()
    begin: Any = gr.skip()
    pause: Any = gr.skip()
    stop: Any = gr.skip()
    more: Any = gr.skip()
    curves: Any = gr.skip()
    remarks: Any = gr.skip()
    samples: Any = gr.skip()
    births: Any = gr.skip()
    born: Any = gr.skip()
    optimisation: Any = gr.skip()
    timer: Any = gr.skip()


@dataclass(frozen=True)
class JobLaid:
    """Its components."""

    screen: JobScreen
    more_steps: gr.Slider


def lay_out_buttons(room: str) -> dict[str, Any]:
    """Create the buttons of a training and its line, in the head of a room."""
    found: dict[str, Any] = {}
    ids = room.replace("_", "-")
    with room_head.presses():
        found["begin"] = room_head.action(say("train.begin"), f"{ids}-begin")
        for name in ("pause", "stop", "more"):
            found[name] = gr.Button(
                say(f"train.{name}"), size="sm", min_width=60, interactive=False, elem_id=f"{ids}-{name}"
            )
        room_head.unfolds(room)
        found["line"] = room_head.line(say(f"train.{room}.invitation"), f"{ids}-line")
    return found


def lay_out_results(room: str) -> dict[str, Any]:
    """Create what shows what was learned, beneath the head of a room."""
    found: dict[str, Any] = {}
    ids = room.replace("_", "-")
    with gr.Row(elem_classes=["pair"]):
        with gr.Column(elem_classes=["card"], min_width=320):
            heading("train.curves")
            found["curves"] = plot(None, f"{ids}-curves")
            found["remarks"] = _html(f"{ids}-remarks")
        with gr.Column(elem_classes=["card"], min_width=320):
            heading("train.births")
            found["births"] = plot(None, f"{ids}-births")
            found["born"] = _html(f"{ids}-born")
    with gr.Column(elem_classes=["card"]):
        heading("train.samples")
        found["samples"] = _html(f"{ids}-samples")
    with gr.Accordion(say("train.optimisation.title"), open=False, elem_classes=["card"]):
        found["optimisation"] = plot(None, f"{ids}-optimisation")
    found["timer"] = gr.Timer(TICK_SECONDS, active=False)
    return found


def lay_out_job(parts: Mapping[str, Any], more_steps: gr.Slider) -> JobLaid:
    """Return the job of a room from what `lay_out_buttons` and `lay_out_results` have made."""
    return JobLaid(JobScreen(**parts), more_steps)


class JobPanel:
    """Handlers of one room."""

    def __init__(self, desk: Desk, room: str) -> None:
        self.desk, self.room = desk, room

    def begin(self, settings_of: SettingsOf) -> Callable[..., JobScreen]:
        """Return the handler of the button that begins a training."""

        def handle(visitor: Visitor, *values: Any) -> JobScreen:
            *fields, controls = values
            visitor.controls = controls

            def begun() -> JobScreen:
                settings, text = settings_of(visitor, *fields)
                self.desk.begin(visitor, self.room, settings, text)
                return self._shown(visitor, controls.theme)

            return one_or_why_not(begun, lambda why: JobScreen(line=problem(why)))

        return handle

    def pause(self, visitor: Visitor, controls: Controls) -> JobScreen:
        """Let the training rest behind a checkpoint."""
        return self._changed(visitor, controls, lambda: self.desk.end(visitor, self.room, for_good=False))

    def stop(self, visitor: Visitor, controls: Controls) -> JobScreen:
        """Let the training end behind a checkpoint."""
        return self._changed(visitor, controls, lambda: self.desk.end(visitor, self.room, for_good=True))

    def more(self, visitor: Visitor, steps: object, controls: Controls) -> JobScreen:
        """Let the training go on: where it was paused or cut short, or for more steps if it was done."""
        more = int(steps) if isinstance(steps, int | float) and math.isfinite(steps) else 0

        def go_on() -> None:
            name = self.desk.require(visitor, self.room)
            finished = self.desk.progress(name).reason in ("done", "patience")
            self.desk.resume(visitor, self.room, max(0, more) if finished else 0)

        return self._changed(visitor, controls, go_on)

    def redraw(self, visitor: Visitor, controls: Controls) -> JobScreen:
        """Return everything as it is."""
        visitor.controls = controls
        return one_or_why_not(
            lambda: self._shown(visitor, controls.theme), lambda why: JobScreen(line=problem(why))
        )

    def tick(self, visitor: Visitor, controls: Controls) -> JobScreen:
        """Return everything that is new, if somebody sees it: figures only where the training went on."""
        if visitor.room != self.room:
            return JobScreen()
        name, state = self.desk.name(visitor, self.room), visitor.kept.of(TrainingState)
        if name is None or state.shown.get(self.room) != self._moment(name):
            return self.redraw(visitor, controls)
        return JobScreen()

    def _changed(self, visitor: Visitor, controls: Controls, change: Callable[[], None]) -> JobScreen:
        def changed() -> JobScreen:
            change()
            return self._shown(visitor, controls.theme)

        return one_or_why_not(changed, lambda why: JobScreen(line=problem(why)))

    def _shown(self, visitor: Visitor, theme: Theme) -> JobScreen:
        name = self.desk.name(visitor, self.room)
        if name is None:
            return empty(theme)
        state, moment = visitor.kept.of(TrainingState), self._moment(name)
        state.shown = {**state.shown, self.room: moment}
        settings, progress = self.desk.settings(name), self.desk.progress(name)
        standing = self.desk.line.standing(name)
        busy = standing in ("waiting", "running")
        return JobScreen(
            line=status_line(*self._told(name, standing, settings, progress)),
            begin=gr.update(interactive=not busy),
            pause=gr.update(interactive=busy),
            stop=gr.update(interactive=busy),
            more=gr.update(interactive=not busy),
            curves=loss_curves_figure(
                progress.points,
                progress.validations,
                chance=chance_of(progress),
                steps=settings.optimisation.steps,
                theme=theme,
            ),
            remarks=_remarks(progress),
            samples=samples_html(progress.looks),
            births=head_births_figure(progress.heads, steps=settings.optimisation.steps, theme=theme),
            born=_born(progress),
            optimisation=optimisation_figure(progress.points, theme=theme),
            timer=gr.Timer(active=busy),
        )

    def _moment(self, name: str) -> tuple[str, int, str]:
        """Return what a training is shown by: where none of it changes, nothing of the page does."""
        return name, self.desk.progress(name).lines, self.desk.line.standing(name)

    def _told(
        self, name: str, standing: Standing, settings: TrainingSettings, progress: Progress
    ) -> list[str]:
        """Return what stands in the line."""
        steps = settings.optimisation.steps
        if standing == "waiting":
            return [say("train.waiting", ahead=self.desk.line.ahead(name))]
        if standing == "interrupted":
            return [say("train.interrupted", step=f"{progress.step:,}")]
        if standing == "ended":
            return [progress.ending]
        if not progress.points:
            return [say("train.preparing")]
        left, last = progress.seconds_left(steps), progress.points[-1]
        told = [
            say("train.running", step=f"{progress.step:,}", steps=f"{steps:,}"),
            say("train.loss_now", loss=f"{last.loss:.2f}"),
            say("train.speed", tokens=f"{last.tokens_per_second:,.0f}"),
        ]
        return told if left is None else [*told, say("train.left", seconds=duration(left))]


def wire_job(
    laid: JobLaid, looking: Looking, panel: JobPanel, settings_of: SettingsOf, fields: list[Any]
) -> None:
    """Let the buttons of a training do what they say, and the page follow it.

    Args:
        laid: its components.
        looking: of the page.
        panel: its handlers.
        settings_of: what the fields ask for.
        fields: components whose values it takes.
    """
    page, screen = looking.page, laid.screen
    outputs, how = list(screen), {**QUIET, **LOOKING}

    def on(triggers: list[Any], handler: Callable[..., JobScreen], inputs: list[Any], mode: str) -> Any:
        return gr.on(
            triggers,
            page.taking(handler),
            [looking.visitor, *inputs, *page.inputs],
            outputs,
            trigger_mode=mode,
            **how,
        )

    begun = on([screen.begin.click], panel.begin(settings_of), fields, "once")
    begun.then(panel.desk.names, looking.visitor, page.trainings, queue=False, **QUIET)
    on([screen.pause.click], panel.pause, [], "once")
    on([screen.stop.click], panel.stop, [], "once")
    on([screen.more.click], panel.more, [laid.more_steps], "once")
    on([page.rooms[panel.room].select, page.controls["appearance"].change], panel.redraw, [], "always_last")
    on([screen.timer.tick], panel.tick, [], "always_last")


def empty(theme: Theme) -> JobScreen:
    """Return what stands there before anything was begun."""
    return JobScreen(
        curves=loss_curves_figure([], [], chance=None, theme=theme),
        samples=samples_html([]),
        births=head_births_figure([], theme=theme),
        optimisation=optimisation_figure([], theme=theme),
        timer=gr.Timer(active=False),
    )


def chance_of(progress: Progress) -> float | None:
    """Return the loss of a model that finds all tokens equally likely, nats; None before they are counted."""
    return None if progress.vocabulary is None else math.log(progress.vocabulary)


def duration(seconds: float) -> str:
    """Return a time for people."""
    if seconds < 90:
        return say("train.seconds", count=round(seconds))
    if seconds < 5400:
        return say("train.minutes", count=round(seconds / 60))
    return say("train.hours", count=f"{seconds / 3600:.1f}")


def _remarks(progress: Progress) -> str:
    told = [say("train.at_step", step=f"{step:,}", text=text) for step, _, text in progress.remarks[-3:]]
    return "".join(status_line(one) for one in told)


def _born(progress: Progress) -> str:
    """Return what the leading heads do by now, as sentences."""
    if not progress.heads:
        return ""
    _, scores = progress.heads[-1]
    told = []
    for measure in ("previous_token", "induction"):
        layer, head = leading(scores[measure])
        value = float(scores[measure][layer, head])
        if value >= BORN:
            told.append(say(f"train.born.{measure}", layer=layer, head=head, share=f"{value:.0%}"))
    return status_line(*told) if told else status_line(say("train.born.none"))


def _html(elem_id: str) -> gr.HTML:
    return gr.HTML(elem_id=elem_id, apply_default_css=False)
