"""The Explore page: a GPT writes, and every panel explains the selected token."""

from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

import gradio as gr

from model.background import BackgroundModel
from model.run import OutOfRange
from viz.components.selection import SelectionValue
from viz.pages.api import add_api
from viz.pages.blocks import Blocks
from viz.pages.controls import PRESETS, SAMPLER_NAMES, Controls
from viz.pages.example import Example, load_example
from viz.pages.layout import Layout, lay_out
from viz.pages.limits import LOOKING, Limits
from viz.pages.masthead import describe
from viz.pages.panels import (
    Screen,
    after_selection,
    after_settings,
    attention,
    bars,
    bertviz,
    everything,
    found,
    or_message,
    problem,
    strip,
)
from viz.pages.scene import Scene, scene_of, stored_scene
from viz.pages.service import Service, Trouble
from viz.pages.visitor import Visitor
from viz.pages.writing import Writing
from viz.strings import say

IDLE_SECONDS = 3600
"""A page that was not used for this long forgets its text."""

NEW_SEED = "() => Math.floor(Math.random() * 1e6)"
"""Thrown in the browser: a new seed needs no server."""

Handler = Callable[..., Screen]


def build_app(background: BackgroundModel, limits: Limits) -> gr.Blocks:
    """Return the app: its pages and its API, with the stored example on them until a model writes."""
    service, example = Service(background, limits), load_example()
    with Blocks(title=say("page.title"), analytics_enabled=False, fill_width=True) as app:
        first = everything(stored_scene(example, Controls(), ""), Controls())
        page = lay_out(first, limits, seed=example.run.seed, layers=example.layers, heads=example.heads)
        visitor = gr.State(
            Visitor(example.run, example.pieces, example.selected),
            time_to_live=IDLE_SECONDS,
            delete_callback=lambda gone: gone.stop(),
        )
        add_api(service)  # first: an event of the page would take the name of an endpoint
        wire_writing(page, visitor, Writing(service, example), limits)
        wire_looking(page, visitor, service, example)
        wire_masthead(app, page, service)
        wire_door(app, visitor)
    app.queue(max_size=limits.places + limits.queue_size)
    return app


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
    gr.on([page.buttons["generate"].click, page.prompt.submit], writing.generate, **shared)
    page.buttons["step"].click(writing.step, **shared)
    page.buttons["more"].click(writing.more, **shared)
    page.buttons["stop"].click(
        writing.stop, visitor, None, queue=False, show_progress="hidden", api_visibility="private"
    )
    for name, handler in (("cut", writing.cut), ("undo", writing.undo)):
        page.buttons[name].click(
            handler,
            [visitor, page.prompt, *page.inputs],
            page.outputs,
            show_progress="hidden",
            api_visibility="private",
            **LOOKING,
        )
    page.buttons["dice"].click(
        None, None, page.controls["seed"], js=NEW_SEED, show_progress="hidden", api_visibility="private"
    )
    for prompt, button in page.examples.items():
        button.click(
            partial(str, prompt),
            None,
            page.prompt,
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )


def wire_looking(page: Layout, visitor: gr.State, service: Service, example: Example) -> None:
    """Let clicks, sliders and choices redraw the panels that depend on them; the text stays."""

    def looks(
        draw: Callable[[Scene, Controls], Screen], change: Callable[[Visitor], None] | None = None
    ) -> Handler:
        """Return a handler that draws part of the screen for a visitor, or says why it cannot."""

        def handler(visitor: Visitor, *values: object) -> Screen:
            if change is not None:
                change(visitor)
            controls = Controls(*values)  # type: ignore[arg-type]
            try:
                return draw(scene_of(service, example, visitor, controls), controls)
            except (Trouble, OutOfRange) as trouble:
                return Screen(notice=problem(str(trouble)))

        return handler

    def on(triggers: list[Any], handler: Handler, *more_inputs: Any) -> None:
        gr.on(
            triggers,
            handler,
            [visitor, *more_inputs, *page.inputs],
            page.outputs,
            trigger_mode="always_last",
            show_progress="hidden",
            api_visibility="private",
            **LOOKING,
        )

    def select(visitor: Visitor, selection: SelectionValue | None, *values: object) -> Screen:
        index = (selection or {}).get("index")
        if index is None:
            return Screen()
        visitor.following = False
        visitor.selected = max(0, min(int(index), len(visitor.pieces)))
        return looks(after_selection)(visitor, *values)

    def set_head_view(is_open: bool, visitor: Visitor) -> None:
        visitor.head_view = is_open

    controls = page.controls
    on([page.selection.select], select, page.selection)
    on([controls[name].change for name in SAMPLER_NAMES], looks(after_settings))
    on([controls["colour_by"].change], looks(lambda scene, now: Screen(strip=strip(scene, now))))
    on([controls["rows"].change], looks(lambda scene, now: Screen(bars=bars(scene, now))))
    on([controls["query"].change], looks(lambda scene, now: Screen(found=found(scene, now))))
    on(
        [controls[name].change for name in ("layer", "head", "mean_heads", "hide_first", "whole")],
        looks(_attention_only),
    )
    on([controls["appearance"].change], looks(_figures))
    on([page.tabs["head_view"].select], looks(_attention_only, partial(set_head_view, True)))
    on([page.tabs["heatmap"].select], looks(_attention_only, partial(set_head_view, False)))
    controls["mean_heads"].change(
        lambda mean: gr.update(interactive=not mean),
        controls["mean_heads"],
        controls["head"],
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    page.screen.preset.input(
        preset_values,
        page.screen.preset,
        [controls[name] for name in SAMPLER_NAMES],
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
        precision = gr.update(interactive=len(info.formats) > 1) if info else gr.skip()
        return describe(info, service.background), layer, head, precision, gr.Timer(active=info is None)

    gr.on(
        [app.load, ticking.tick],
        look,
        None,
        [page.model, *(page.controls[name] for name in ("layer", "head", "precision")), ticking],
        show_progress="hidden",
        api_visibility="private",
    )


def wire_door(app: gr.Blocks, visitor: gr.State) -> None:
    """Free the place of a text whose page was closed, at once and not when Gradio next has news for it."""
    present: WeakValueDictionary[str, Visitor] = WeakValueDictionary()

    def arrive(visitor: Visitor, request: gr.Request) -> None:
        present[str(request.session_hash)] = visitor

    def leave(request: gr.Request) -> None:
        gone = present.pop(str(request.session_hash), None)
        if gone is not None:
            gone.stop()

    app.load(arrive, visitor, None, queue=False, show_progress="hidden", api_visibility="private")
    app.unload(leave)


def layer_range(layers: int) -> dict[str, Any]:
    """Return the update of the layer slider for a model; the slider moves only if it stands too far."""
    too_far = Controls().layer > layers - 1
    return gr.update(maximum=layers - 1, **({"value": layers - 1} if too_far else {}))


def preset_values(name: str) -> list[float]:
    """Return the sliders' values of a preset."""
    return [getattr(PRESETS[name], setting) for setting in SAMPLER_NAMES]


def _attention_only(scene: Scene, controls: Controls) -> Screen:
    return Screen(
        attention=or_message(attention, scene, controls),
        bertviz=bertviz(scene, controls) if scene.head_view else gr.skip(),
    )


def _figures(scene: Scene, controls: Controls) -> Screen:
    """Return all figures, in the colours of the page."""
    return after_selection(scene, controls)._replace(bars=gr.skip(), found=gr.skip(), status=gr.skip())
