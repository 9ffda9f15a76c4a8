"""A prompt, asked of every checkpoint of a training; a slider goes through what they said."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple

import gradio as gr

from model.numbers import within
from viz.figures.attention import attention_heatmap
from viz.figures.loss_curves import text_losses_figure
from viz.figures.theme import Theme, placeholder
from viz.pages.controls import Controls
from viz.pages.kept import RoomState
from viz.pages.looking import Looking
from viz.pages.visitor import Visitor
from viz.pages.work import watched
from viz.rooms.timelapse.tables import guesses_html, layers_html, take_html, written_html
from viz.server.failing import one_or_why_not, or_why_not
from viz.server.service import Trouble
from viz.training.choice import chosen_training
from viz.training.desk import Desk, understood
from viz.words.lines import problem, status_line
from viz.words.strings import say

if TYPE_CHECKING:  # written with Transformers, which the page does not wait for
    from model.training.moment import Moment, Moments

WORK = "timelapse"
MOST_PROMPT = 400
"""Characters."""


class TimelapseState(RoomState):
    """What the room remembers of a visitor."""

    def __init__(self) -> None:
        self.film: Film | None = None


@dataclass(frozen=True)
class Film:
    """What the checkpoints of one training said to one prompt, as far as they were asked."""

    training: str
    prompt: str
    moments: "tuple[Moment, ...]"


class TimelapseScreen(NamedTuple):
    """What an event changes in the room."""

    line: Any = gr.skip()
    cancel: Any = gr.skip()
    at: Any = gr.skip()
    written: Any = gr.skip()
    next: Any = gr.skip()
    layers: Any = gr.skip()
    attention: Any = gr.skip()
    losses: Any = gr.skip()
    take: Any = gr.skip()


class Watching:
    """Handlers of the events, for every visitor."""

    def __init__(self, looking: Looking) -> None:
        self.desk = Desk(looking.trainings)
        self._moments: Moments | None = None

    def watch(
        self,
        visitor: Visitor,
        chosen: object,
        prompt: object,
        layer: object,
        head: object,
        controls: Controls,
    ) -> Iterator[TimelapseScreen]:
        """Ask every checkpoint, and show the latest that has answered."""
        visitor.controls = controls

        def explained(why: str) -> TimelapseScreen:
            return TimelapseScreen(line=problem(why), cancel=gr.update(interactive=WORK in visitor.working))

        yield from or_why_not(self._watch(visitor, chosen, prompt, layer, head, controls.theme), explained)

    def show_checkpoint(
        self, visitor: Visitor, at: object, layer: object, head: object, controls: Controls
    ) -> TimelapseScreen:
        """Show the checkpoint that the slider stands at."""
        visitor.controls = controls
        film = visitor.kept.of(TimelapseState).film
        if film is None or not film.moments:
            empty = placeholder(say("train.timelapse.not_asked"), theme=controls.theme)
            return TimelapseScreen(attention=empty, losses=empty)

        def looked() -> TimelapseScreen:
            number = _number(at, len(film.moments))
            visitor.models.owner.checkpoint = f"{film.training}/{film.moments[number].step}"
            return shown(film, number, layer, head, controls.theme)

        return one_or_why_not(looked, lambda why: TimelapseScreen(line=problem(why)))

    def _watch(
        self, visitor: Visitor, chosen: object, prompt: object, layer: object, head: object, theme: Theme
    ) -> Iterator[TimelapseScreen]:
        name = chosen_training(self.desk, visitor, chosen)
        if not isinstance(prompt, str) or not prompt.strip() or len(prompt) > MOST_PROMPT:
            raise Trouble(say("train.timelapse.prompt_needed", most=MOST_PROMPT))
        checkpoints = self.desk.checkpoints(name)
        if not checkpoints:
            raise Trouble(say("train.timelapse.no_checkpoint"))
        seed = self.desk.settings(name).optimisation.seed
        state, stopped = visitor.kept.of(TimelapseState), Event()

        def asked() -> Iterator[Film]:
            film = Film(name, prompt, ())
            for step, folder in checkpoints:
                if stopped.is_set():
                    return
                moment = understood(partial(self._all.moment, folder, step, prompt, seed))
                film = state.film = Film(name, prompt, (*film.moments, moment))
                yield film

        for film in watched(visitor, WORK, asked(), stopped.set):
            done = 0 if film is None else len(film.moments)
            line = status_line(say("train.timelapse.asking", done=done, count=len(checkpoints)))
            if film is None:
                yield TimelapseScreen(line=line, cancel=gr.update(interactive=True))
            else:
                yield shown(film, done - 1, layer, head, theme)._replace(line=line)
        film = state.film
        if film is not None and film.moments:
            visitor.models.owner.checkpoint = f"{film.training}/{film.moments[-1].step}"
            last = shown(film, len(film.moments) - 1, layer, head, theme)
            told = status_line(say("train.timelapse.asked", count=len(film.moments)))
            yield last._replace(line=told, cancel=gr.update(interactive=False))

    @property
    def _all(self) -> "Moments":
        if self._moments is None:
            from model.training.moment import Moments  # noqa: PLC0415 - imports torch

            self._moments = Moments()
        return self._moments


def shown(film: Film, at: int, layer: object, head: object, theme: Theme) -> TimelapseScreen:
    """Return what one checkpoint said."""
    moment = film.moments[at]
    layers, heads = moment.attention.shape[:2]
    chosen = int(within("layer", layer, 0, 511, whole=True)), int(within("head", head, 0, 511, whole=True))
    which = min(chosen[0], layers - 1), min(chosen[1], heads - 1)
    losses = [(one.step, one.loss) for one in film.moments if one.loss is not None]
    return TimelapseScreen(
        at=gr.update(
            maximum=max(1, len(film.moments) - 1),
            value=at,
            info=say("train.timelapse.step", step=f"{moment.step:,}"),
        ),
        written=written_html(film.moments, at, film.prompt),
        next=guesses_html(moment),
        layers=layers_html(moment),
        attention=attention_heatmap(
            moment.attention[which], tokens=moment.tokens, selected_row=len(moment.tokens) - 1, theme=theme
        ),
        losses=text_losses_figure(losses, marked=moment.step, theme=theme),
        take=take_html(film.training, moment.step),
    )


def _number(at: object, count: int) -> int:
    return min(int(within("checkpoint", at, 0, 511, whole=True)), count - 1)
