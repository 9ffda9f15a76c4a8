"""What the buttons of the room of MLPs and neurons do."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from threading import Event
from typing import Any, NamedTuple

import gradio as gr

from model.interventions.effect import Effect, read_clean
from model.interventions.neuron_effects import NeuronEffects, mlp_effects, neuron_effects
from viz.figures.neuron_effects import mlp_effects_figure, neuron_effects_figure
from viz.figures.theme import Theme
from viz.pages.asked import asked
from viz.pages.controls import Controls
from viz.pages.kept import RoomState
from viz.pages.visitor import Visitor
from viz.pages.work import watched
from viz.server.failing import or_why_not
from viz.server.service import Trouble
from viz.words.lines import problem, status_line
from viz.words.percent import percent, signed
from viz.words.prose import prose
from viz.words.strings import say
from viz.words.tokens import told_token

WORK = "neuron_effects"
WHERE = ("step", "text")
"""Where something is taken away: at the last token before the one asked about, or at every one before it."""


@dataclass(frozen=True, eq=False)
class TakenAway:
    """What has been taken away, as far as it has been."""

    text: tuple[int, ...]
    token_id: int
    where: str
    logprob: float
    """Of the token, nothing taken away; nats."""
    mlps: tuple[Effect, ...] = ()
    neurons: NeuronEffects | None = None


class NeuronEffectsState(RoomState):
    """What the room remembers of a visitor."""

    def __init__(self) -> None:
        self.found: TakenAway | None = None


class NeuronEffectsScreen(NamedTuple):
    """What an event changes in the room."""

    mlps: Any = gr.skip()
    neurons: Any = gr.skip()
    told: Any = gr.skip()
    line: Any = gr.skip()
    cancel: Any = gr.skip()


class TakingAway:
    """Handlers of the events, for every visitor."""

    def measure_neurons(
        self, visitor: Visitor, where: object, layer: object, controls: Controls
    ) -> Iterator[NeuronEffectsScreen]:
        """Take away each MLP, and the neurons of one layer, and show what that does to the selected token."""
        visitor.controls = controls

        def explained(why: str) -> NeuronEffectsScreen:
            busy = gr.update(interactive=WORK in visitor.working)
            return NeuronEffectsScreen(line=problem(why), cancel=busy)

        yield from or_why_not(self._take_away(visitor, where, layer, controls), explained)

    def redraw(self, visitor: Visitor, controls: Controls) -> NeuronEffectsScreen:
        """Return what was found, in the colours of the page."""
        visitor.controls = controls
        found = visitor.kept.of(NeuronEffectsState).found
        return NeuronEffectsScreen() if found is None else self._screen(visitor, found, controls.theme)

    def _take_away(
        self, visitor: Visitor, where: object, layer: object, controls: Controls
    ) -> Iterator[NeuronEffectsScreen]:
        text, asked = self._asked(visitor)
        if where not in WHERE:
            raise Trouble(say("why.neuron_effects.unknown"))
        stopped, state = Event(), visitor.kept.of(NeuronEffectsState)
        layers = visitor.service.info.layers

        def taken() -> Iterator[TakenAway]:
            for found in self._found(visitor, text, asked, str(where), layer, stopped):
                state.found = found
                yield found

        for found in watched(visitor, WORK, taken(), stopped.set):
            done = 0 if found is None else len(found.mlps)
            line = status_line(say("why.neuron_effects.running", done=done, count=layers))
            if found is None:
                yield NeuronEffectsScreen(line=line, cancel=gr.update(interactive=True))
            else:
                yield self._screen(visitor, found, controls.theme)._replace(line=line)
        assert state.found is not None
        whole = state.found.neurons is not None
        ended = say("why.neuron_effects.done" if whole else "lab.stopped")
        screen = self._screen(visitor, state.found, controls.theme)
        yield screen._replace(line=status_line(ended), cancel=gr.update(interactive=False))

    def _found(
        self,
        visitor: Visitor,
        text: tuple[int, ...],
        asked: int | None,
        where: str,
        layer: object,
        stopped: Event,
    ) -> Iterator[TakenAway]:
        """Yield what is found, the MLPs first; it ends between two batches once it is stopped."""
        model = visitor.service.model
        clean = read_clean(model, text)
        logprobs = clean.logits.log_softmax(-1)
        token_id = int(logprobs.argmax()) if asked is None else asked
        start = len(text) - 1 if where == "step" else 0
        found = TakenAway(text, token_id, where, float(logprobs[token_id]))
        yield found
        for mlps in mlp_effects(model, clean, token_id, start):
            found = replace(found, mlps=mlps)
            yield found
            if stopped.is_set():
                return
        neurons = neuron_effects(model, clean, layer, token_id, start)  # type: ignore[arg-type]
        yield replace(found, neurons=neurons)

    def _asked(self, visitor: Visitor) -> tuple[tuple[int, ...], int | None]:
        """Return the text before the selected place, and the token there; None for the most likely one.

        Raises:
            Trouble: nothing stands before it, too much does, or the text cannot be read now.
        """
        step = asked(visitor)
        return step.before, step.token_id

    def _screen(self, visitor: Visitor, found: TakenAway, theme: Theme) -> NeuronEffectsScreen:
        token = visitor.service.text.token(found.token_id)
        return NeuronEffectsScreen(
            mlp_effects_figure([one.change for one in found.mlps], token=token, theme=theme),
            None if found.neurons is None else neuron_effects_figure(found.neurons, token=token, theme=theme),
            _told(found, token),
        )


def _told(found: TakenAway, token: str) -> str:
    """Return what was measured, in words, as escaped HTML."""
    sentences = [
        say(
            f"why.neuron_effects.asked.{found.where}",
            token=told_token(token),
            position=len(found.text),
            share=percent(math.exp(found.logprob)),
        )
    ]
    if found.mlps:
        most = max(range(len(found.mlps)), key=lambda layer: abs(found.mlps[layer].change))
        sentences.append(say("why.neuron_effects.most", layer=most, change=signed(found.mlps[most].change)))
    if found.neurons is not None:
        sentences.append(
            say(
                "why.neuron_effects.judged",
                count=len(found.neurons.leading),
                layer=found.neurons.layer,
                error=f"{found.neurons.error:.3f}",
            )
        )
    return "".join(f'<p class="say">{prose(one)}</p>' for one in sentences)
