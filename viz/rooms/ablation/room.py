"""The room of what is taken away: a head, a layer's attention or MLP, or a token of the context."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from model.interventions.ablation import INSTEADS, PARTS, SCOPES
from viz.components.dial import Dial
from viz.components.heading import heading
from viz.pages import room_head
from viz.pages.controls import Controls
from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.panel import On, Panel, Panels
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.pages.scene import Scene
from viz.pages.work import wire_work
from viz.rooms.ablation.taking import MOST_WRITTEN, WORK, Taking, TakingScreen, effect_of, taken_of, texts_of
from viz.server.limits import SEARCHING
from viz.words.prose import prose
from viz.words.strings import say

LONGEST_TEXT = 511
"""The last position of the dial of tokens; the text may be shorter, which is said then."""
FIRST_LAYER, FIRST_HEAD = 22, 8
"""Of the embedded model the head that does most at the selected step of the stored example."""
ONLY = {"layer": ("head", "attention", "mlp"), "head": ("head",), "position": ("token",)}
"""The parts to which a dial belongs."""


@dataclass(frozen=True, kw_only=True)
class AblationLaid(Laid):
    """What the room is made of."""

    choices: Mapping[str, Any]
    """By the fields of `Ablation`, in their order."""
    length: gr.Slider
    take: gr.Button
    write: gr.Button
    screen: TakingScreen
    """What its presses change."""


def lay_out(plan: Plan) -> AblationLaid:
    """Create the room."""
    with gr.Column(elem_classes=["ablation"]):
        with room_head.head():
            part = room_head.chips(
                say("why.ablation.part.label"),
                {key: say(f"why.ablation.part.{key}") for key in PARTS},
                "ablate-part",
            )
            with gr.Row(elem_classes=["tools"]):
                dials = _dials(plan)
            with room_head.presses():
                take = room_head.action(say("why.ablation.take"), "ablate")
                write = gr.Button(say("why.ablation.write"), size="sm", elem_id="ablate-write", min_width=60)
                cancel = room_head.cancel("ablate-cancel")
                room_head.unfolds("ablation")
                line = room_head.line(say("why.ablation.invitation"), "ablate-line")
            with room_head.options():
                instead = room_head.chips(
                    say("why.ablation.instead.label"),
                    {key: say(f"why.ablation.instead.{key}") for key in INSTEADS},
                    "ablate-instead",
                )
                scope = room_head.chips(
                    say("why.ablation.scope.label"),
                    {key: say(f"why.ablation.scope.{key}") for key in SCOPES},
                    "ablate-scope",
                    "text",
                )
                with gr.Row(elem_classes=["tools"]):
                    length = Dial(
                        1, MOST_WRITTEN, 24, step=1, label=say("why.ablation.length"), elem_id="ablate-length"
                    )
        with gr.Column(elem_classes=["card"]):
            heading("why.ablation")
            effect = gr.HTML(elem_id="ablation-effect", apply_default_css=False)
            texts = gr.HTML(elem_id="ablation-texts", apply_default_css=False)
            put = gr.Button(say("why.put"), size="sm", elem_id="ablate-put", visible=False)
    choices = {"part": part, **dials, "instead": instead, "scope": scope}
    return AblationLaid(
        outputs={"ablation_effect": effect, "ablation_texts": texts},
        layer_dials=[dials["layer"]],
        choices=choices,
        length=length,
        take=take,
        write=write,
        screen=TakingScreen(effect, texts, line, cancel, put),
    )


def wire(laid: AblationLaid, looking: Looking) -> None:
    """Let the buttons of the room do what they say."""
    handlers, choices = Taking(looking.showing), list(laid.choices.values())
    wire_work(
        looking,
        WORK,
        laid.screen.cancel,
        {
            laid.take: (handlers.take_away, choices),
            laid.write: (handlers.write_without, [laid.length, *choices]),
        },
        laid.screen,
        show_progress="minimal",
        show_progress_on=laid.screen.line,
        **SEARCHING,
    )
    dials = [laid.choices[name] for name in ONLY]
    laid.choices["part"].change(shown_dials, laid.choices["part"], dials, queue=False, **QUIET)
    looking.opens([laid.screen.put.click], handlers.put)


def shown_dials(part: str) -> list[dict[str, Any]]:
    """Return which of the dials are shown for a part."""
    return [gr.update(visible=part in parts) for parts in ONLY.values()]


def effect(scene: Scene, controls: Controls) -> str:
    """Return what was taken away at this step and what that did, as escaped HTML."""
    taken = taken_of(scene)
    if taken is None:
        return f'<p class="say">{prose(say("why.ablation.empty"))}</p>'
    tokens = [scene.source.token_of(token_id) for token_id in taken.asked.before]
    return effect_of(taken, tokens, scene.source.token_of)


def texts(scene: Scene, controls: Controls) -> str:
    """Return how the text goes on with and without, as escaped HTML."""
    taken = taken_of(scene)
    return "" if taken is None else texts_of(taken)


def _dials(plan: Plan) -> dict[str, gr.Slider]:
    def dial(name: str, most: int, start: int) -> gr.Slider:
        return Dial(
            0,
            most,
            start,
            step=1,
            label=say(f"why.ablation.dial.{name}"),
            min_width=160,
            elem_id=f"ablate-{name}",
            visible=PARTS[0] in ONLY[name],
        )

    layer = dial("layer", plan.layers - 1, min(FIRST_LAYER, plan.layers - 1))
    head = dial("head", plan.heads - 1, min(FIRST_HEAD, plan.heads - 1))
    return {"layer": layer, "head": head, "position": dial("position", LONGEST_TEXT, 0)}


PANELS: Panels = {
    "ablation_effect": Panel(effect, On.SELECTION),
    "ablation_texts": Panel(texts, On.SELECTION),
}
ABLATION = Room("ablation", "why", lay_out, PANELS, wire)
"""The room."""
