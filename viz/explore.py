"""The Explore page: a GPT writes, and every panel explains the selected token."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import gradio as gr

from model.weights.background import BackgroundModel
from viz.api.explore import add_api
from viz.api.interior import add_interior_api
from viz.api.lab import add_lab_api
from viz.components.chain import DIALLED
from viz.components.selection import SelectionValue
from viz.pages.controls import PRESETS, SAMPLER_NAMES, Controls
from viz.pages.door import Door, wire_door
from viz.pages.example import Example, load_example
from viz.pages.layout import Layout, lay_out
from viz.pages.looking import Looking
from viz.pages.masthead import describe
from viz.pages.notices import notice, other_numbers
from viz.pages.panels import Screen, bars, strip
from viz.pages.scene import Scene, stored_scene
from viz.pages.scoring import AT_WORK, Scoring
from viz.pages.screens import (
    after_head,
    after_pick,
    after_search,
    after_selection,
    after_settings,
    everything,
    figures,
    room,
)
from viz.pages.stopping import Stopping
from viz.pages.trying import Trying
from viz.pages.visitor import TEXT, Visitor
from viz.pages.writing import Writing
from viz.rooms.branches.walking import Walking, wire_branches
from viz.rooms.chain import room as chain
from viz.rooms.heads import room as heads
from viz.rooms.lens import room as lens
from viz.rooms.replay import room as replay
from viz.rooms.rollouts import rolling
from viz.rooms.strategies import room as strategies
from viz.server.blocks import Blocks
from viz.server.limits import LOOKING, Limits
from viz.server.service import EXACT, Service
from viz.words.strings import say

SET_DIALS = f"(wanted, ...now) => {json.dumps(DIALLED)}.map((name, at) => wanted[name] ?? now[at])"
"""Sets the sliders as the table of the chain wants them."""
USUAL_CHAIN = """(preset) => {
  const detail = { order: null, values: {}, logit_bias: {} };
  document.dispatchEvent(new CustomEvent("chain-change", { detail }));
  return preset;
}"""
"""A preset is a whole sampler: nothing of another chain stays."""


def build_app(background: BackgroundModel, limits: Limits) -> gr.Blocks:
    """Return the app: its pages and its API, with the stored example on them until a model writes."""
    service, example = Service(background, limits), load_example()
    app = Blocks(title=say("page.title"), analytics_enabled=False, fill_width=True)
    with app:
        start = start_of(example, limits)
        first = everything(stored_scene(example, start, ""), start)
        page = lay_out(first, start, limits, layers=example.layers, heads=example.heads)
        visitor = gr.State(
            Visitor(example.run, example.pieces, example.selected),
            delete_callback=lambda gone: gone.stop(),
        )
        add_api(service)  # first: an event of the page would take the name of an endpoint
        add_lab_api(service)
        add_interior_api(service)
        writing = Writing(service, example)
        wire_writing(page, visitor, writing, limits)
        rolling.wire(page.rollouts, page, visitor, writing)
        wire_looking(page, Looking(page, visitor, service, example))
        wire_branches(page, visitor, Walking(service, example))
        replay.wire(page.replay, page, visitor, writing)
        strategies.wire(page.strategies, page, visitor, writing)
        wire_switches(page)
        wire_masthead(app, page, service)
        wire_door(app, page, visitor, Door(service, example))
    app.queue(max_size=limits.events)
    return app


def start_of(example: Example, limits: Limits) -> Controls:
    """Return where the controls stand at first: where they stood when the example was written."""
    return Controls(seed=example.run.seed, max_new_tokens=min(Controls.max_new_tokens, limits.max_new_tokens))


def wire_writing(page: Layout, visitor: gr.State, writing: Writing, limits: Limits) -> None:
    """Let the buttons change the text."""
    shared: dict[str, Any] = {
        "inputs": [visitor, page.prompt, *page.inputs],
        "outputs": page.outputs,
        "show_progress": "minimal",
        "show_progress_on": page.screen.status,
        "concurrency_id": "writing",
        # The engine has a line of its own, in which a person sees how many are ahead.
        "concurrency_limit": limits.writers,
        "trigger_mode": "once",
        "api_visibility": "private",
    }
    begin = [page.buttons[name].click for name in ("generate", "score", "more", "dice")]
    begin += [button.click for button in page.examples.values()]
    stopping = Stopping(page.buttons["stop"], visitor, TEXT, AT_WORK)
    stopping.lit_by([*begin, page.prompt.submit, page.branch.submit])
    stopping.forgotten_by([page.buttons["step"].click])  # over before one could press Stop
    trying = Trying(writing.service, writing.example)
    branch = {"inputs": [visitor, page.prompt, page.branch, *page.inputs]}
    stopping.unlit_if_refused(
        gr.on([page.buttons["generate"].click, page.prompt.submit], writing.generate, **shared),
        page.buttons["step"].click(writing.step, **shared),
        page.buttons["dice"].click(trying.throw, **shared),
        *(button.click(trying.beginning(prompt), **shared) for prompt, button in page.examples.items()),
        page.buttons["score"].click(Scoring(writing.service, writing.example).score_text, **shared),
        page.buttons["more"].click(writing.more, **shared),
        page.branch.submit(writing.go_on, **shared | branch),
    )
    page.buttons["stop"].click(
        writing.stop, visitor, None, queue=False, show_progress="hidden", api_visibility="private"
    )
    for name, handler in (("cut", writing.cut), ("undo", writing.undo), ("redo", writing.redo)):
        page.buttons[name].click(
            handler,
            [visitor, page.prompt, *page.inputs],
            page.outputs,
            show_progress="hidden",
            api_visibility="private",
            **LOOKING,
        )


def wire_looking(page: Layout, looking: Looking) -> None:
    """Let clicks, sliders and choices redraw the panels that depend on them; the text stays."""

    def select(visitor: Visitor, selection: SelectionValue | None, *values: object) -> Screen:
        index = selection.get("index") if selection else None
        if index is None:
            return Screen()
        visitor.following = False
        visitor.selected = max(0, min(int(index), len(visitor.pieces)))
        return looking.handler(after_selection)(visitor, *values)

    def set_head_view(is_open: bool, visitor: Visitor) -> None:
        visitor.head_view = is_open

    def enter(name: str, visitor: Visitor) -> None:
        visitor.room = name

    def numbers(scene: Scene, now: Controls) -> Screen:
        if not looking.service.ready:
            return Screen()
        return Screen(
            notice=other_numbers(scene, looking.service.precision(now.precision)) or notice(scene, now)
        )

    controls, on, draws = page.controls, looking.on, looking.handler
    on([page.selection.select], select, page.selection)
    on([controls[name].change for name in (*SAMPLER_NAMES, "chain")], draws(after_settings))
    on([controls["colour_by"].change], draws(lambda scene, now: Screen(strip=strip(scene, now))))
    on([controls["rows"].change], draws(lambda scene, now: Screen(bars=bars(scene, now))))
    on([controls["seed"].change], draws(lambda scene, now: Screen(notice=notice(scene, now))))
    on([controls["precision"].change], draws(numbers))
    on([controls["query"].change], draws(after_search))
    on([controls["picked"].change], draws(after_pick))
    chain.wire(page.buttons, looking)
    heads.wire(looking)
    lens.wire(page, looking)
    on(
        [controls[name].change for name in ("layer", "head", "mean_heads", "hide_first", "whole")],
        draws(after_head),
    )
    on([controls["appearance"].change], draws(figures))
    for name, tab in page.rooms.items():
        on([tab.select], draws(room, partial(enter, name)))
    on([page.tabs["head_view"].select], draws(after_head, partial(set_head_view, True)))
    on([page.tabs["heatmap"].select], draws(after_head, partial(set_head_view, False)))


def wire_switches(page: Layout) -> None:
    """Let controls set other controls."""
    controls = page.controls
    controls["mean_heads"].change(
        lambda mean: gr.update(interactive=not mean),
        controls["mean_heads"],
        controls["head"],
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    page.chain_dials.select(
        None,
        [page.chain_dials, *(controls[name] for name in DIALLED)],
        [controls[name] for name in DIALLED],
        js=SET_DIALS,
        show_progress="hidden",
        api_visibility="private",
    )
    page.screen.preset.input(
        preset_values,
        page.screen.preset,
        [controls[name] for name in SAMPLER_NAMES],
        js=USUAL_CHAIN,
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )


def wire_masthead(app: gr.Blocks, page: Layout, service: Service) -> None:
    """Say which model is here, or how far it has got, until it is here."""
    ticking = gr.Timer(1.0)

    def look() -> tuple[Any, ...]:
        info = service.model.info if service.ready else None
        layer = layer_range(info.layers) if info else gr.skip()
        head = gr.update(maximum=info.heads - 1) if info else gr.skip()
        precision = precision_choice(info.formats) if info else gr.skip()
        ends = service.model.ends if info else ()
        return describe(info, service.background, ends), layer, head, precision, gr.Timer(active=info is None)

    gr.on(
        [app.load, ticking.tick],
        look,
        None,
        [page.model, *(page.controls[name] for name in ("layer", "head", "precision")), ticking],
        show_progress="hidden",
        api_visibility="private",
    )


def precision_choice(formats: Sequence[str]) -> dict[str, Any]:
    """Return the update of the choice of precision: where a model has one format, it stands on that."""
    if len(formats) > 1:
        return gr.update(interactive=True)
    return gr.update(interactive=False, value="exact" if formats[0] == EXACT else "fast")


def layer_range(layers: int) -> dict[str, Any]:
    """Return the update of the layer slider for a model; the slider moves only if it stands too far."""
    if Controls().layer > layers - 1:
        return gr.update(maximum=layers - 1, value=layers - 1)
    return gr.update(maximum=layers - 1)


def preset_values(name: str) -> list[float]:
    """Return the sliders' values of a preset."""
    return [getattr(PRESETS[name], setting) for setting in SAMPLER_NAMES]
