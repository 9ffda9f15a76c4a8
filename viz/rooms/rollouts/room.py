"""The room of many short continuations of one text."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from viz.components.dial import Dial
from viz.components.heading import heading
from viz.components.selection import Selection
from viz.pages import room_head
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.plot import plot
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.pages.work import wire_work
from viz.rooms.rollouts.choices import COUNTS, MOST_LENGTH, STARTS, SWEPT
from viz.rooms.rollouts.guess import MOST_GUESS
from viz.rooms.rollouts.rolling import WORK, Rolling, offered_values
from viz.rooms.rollouts.rollout_texts import RolloutTexts
from viz.rooms.rollouts.rollout_tree import RolloutTree
from viz.rooms.rollouts.screen import RolloutScreen
from viz.server.limits import LOOKING, WRITING
from viz.words.strings import say


@dataclass(frozen=True, kw_only=True)
class RolloutsLaid(Laid):
    """What the room is made of."""

    start: gr.Radio
    count: gr.Radio
    length: gr.Slider
    token: gr.Textbox
    """The guessed one."""
    share: gr.Textbox
    """The guessed one, in percent."""
    setting: gr.Radio
    values: gr.Textbox
    each: gr.Slider
    chosen: Selection
    """The text that is to be opened on the page."""
    screen: RolloutScreen
    """What its events change."""


def lay_out(plan: Plan) -> RolloutsLaid:
    """Create the room."""
    outputs: dict[str, Any] = {}
    with gr.Column(elem_classes=["rollouts"]):
        with room_head.head():
            with gr.Row(elem_classes=["tools", "guess"]):
                start = _starts()
                token, share = _guess()
            with room_head.presses():
                outputs["roll"] = room_head.action(say("lab.rollouts.roll"), "roll")
                outputs["cancel"] = room_head.cancel("rollout-cancel")
                room_head.unfolds("rollouts")
                outputs["state"] = room_head.line(say("lab.rollouts.empty"), "rollout-state")
            with room_head.options():
                with gr.Row(elem_classes=["tools"]):
                    count = _counts()
                    length = Dial(
                        1, MOST_LENGTH, 24, step=1, label=say("lab.rollouts.length"), elem_id="rollout-length"
                    )
                with gr.Row(elem_classes=["tools", "second"]):
                    setting, values = _setting(), _values()
                    each = Dial(4, 32, 16, step=1, label=say("lab.rollouts.each"), elem_id="rollout-each")
                    with gr.Row(elem_classes=["presses"]):
                        outputs["sweep"] = gr.Button(say("lab.rollouts.sweep"), size="sm", elem_id="sweep")
        outputs |= _results()
        chosen = Selection(elem_id="rollout-chosen", strip_id="rollout-texts")
    return RolloutsLaid(
        start=start,
        count=count,
        length=length,
        token=token,
        share=share,
        setting=setting,
        values=values,
        each=each,
        chosen=chosen,
        screen=RolloutScreen(**outputs),
    )


def wire(laid: RolloutsLaid, looking: Looking) -> None:
    """Let the buttons of the room do what they say."""
    page, screen, handlers = looking.page, laid.screen, Rolling(looking.showing)
    roll = [laid.start, laid.count, laid.length, laid.token, laid.share]
    sweep = [laid.start, laid.setting, laid.values, laid.each, laid.length]
    wire_work(
        looking,
        WORK,
        screen.cancel,
        {
            screen.roll: (page.taking(handlers.roll), [*roll, *page.inputs]),
            screen.sweep: (page.taking(handlers.sweep), [*sweep, *page.inputs]),
        },
        screen,
        # The engine has a line of its own, in which a person sees how many are ahead.
        concurrency_id=WRITING,
        concurrency_limit=looking.showing.models.limits.writers,
    )
    laid.setting.input(offered_values, [laid.setting, laid.values], laid.values, queue=False, **QUIET)
    gr.on(
        [page.rooms[ROLLOUTS.name].select, page.controls["appearance"].change],
        page.taking(handlers.redraw),
        [looking.visitor, *page.inputs],
        list(screen),
        trigger_mode="always_last",
        **QUIET,
        **LOOKING,
    )
    looking.opens([laid.chosen.select], handlers.open, laid.chosen)


def _results() -> dict[str, Any]:
    """Return the outputs under the controls, by the field of `RolloutScreen`."""
    outputs: dict[str, Any] = {}
    with gr.Row(equal_height=True, elem_classes=["pair", "of-rolls"]):
        with gr.Column(scale=5, min_width=340, elem_classes=["card"]):
            heading("lab.rollouts.first")
            outputs["guessed"] = _html("", "rollout-guessed")
            outputs["first"] = plot(None, "first-tokens")
            outputs["verdict"] = _html("", "rollout-verdict")
        with gr.Column(scale=6, min_width=340, elem_classes=["card"]):
            heading("lab.rollouts.tree")
            outputs["tree"] = RolloutTree()
    with gr.Row(equal_height=True, elem_classes=["pair"]):
        with gr.Column(scale=6, min_width=340, elem_classes=["card", "of-rolls"]):
            heading("lab.rollouts.texts")
            outputs["texts"] = RolloutTexts()
            outputs["facts"] = _html("", "rollout-facts")
        with gr.Column(scale=5, min_width=340, elem_classes=["card", "of-sweep"]):
            heading("lab.rollouts.diversity")
            outputs["diversity"] = plot(None, "diversity")
            outputs["swept"] = _html("", "rollout-swept")
    return outputs


def _html(value: str, elem_id: str) -> gr.HTML:
    return gr.HTML(value, elem_id=elem_id, apply_default_css=False)


def _guess() -> tuple[gr.Textbox, gr.Textbox]:
    """Return the two fields of a guess, which may stay empty."""
    token = gr.Textbox(
        label=say("lab.rollouts.guess.token"),
        placeholder=say("lab.rollouts.guess.hint"),
        max_lines=1,
        max_length=MOST_GUESS,
        elem_id="rollout-guess",
    )
    share = gr.Textbox(  # a number field that is empty holds 0, which would be a guess
        label=say("lab.rollouts.guess.share"),
        placeholder=say("lab.rollouts.guess.hint"),
        max_lines=1,
        max_length=MOST_GUESS,
        elem_id="rollout-guess-share",
    )
    return token, share


def _starts() -> gr.Radio:
    return gr.Radio(
        [(say(f"lab.rollouts.from.{name}"), name) for name in STARTS],
        value=STARTS[0],
        label=say("lab.rollouts.start"),
        elem_classes=["chips"],
        elem_id="rollout-start",
    )


def _counts() -> gr.Radio:
    return gr.Radio(
        [(str(count), count) for count in COUNTS],
        value=64,
        label=say("lab.rollouts.count"),
        elem_classes=["chips"],
        elem_id="rollout-count",
    )


def _setting() -> gr.Radio:
    return gr.Radio(
        [(say(f"lab.rollouts.of.{name}"), name) for name in SWEPT],
        value="temperature",
        label=say("lab.rollouts.setting"),
        elem_classes=["chips"],
        elem_id="rollout-setting",
    )


def _values() -> gr.Textbox:
    return gr.Textbox(
        SWEPT["temperature"],
        label=say("lab.rollouts.values"),
        max_lines=1,
        max_length=200,
        elem_id="rollout-values",
    )


ROLLOUTS = Room("rollouts", "lab", lay_out, wire=wire)
