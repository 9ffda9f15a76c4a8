"""What the page itself does: which event changes what of it, whichever room is open."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import gradio as gr

from viz.components.chain import DIALLED
from viz.components.selection import SelectionValue, chosen_index
from viz.components.switch import is_on
from viz.pages.controls import PRESETS, SAMPLER_NAMES, Controls
from viz.pages.layout import Layout
from viz.pages.looking import Looking
from viz.pages.notices import notice, other_numbers
from viz.pages.panels import bars, strip
from viz.pages.quiet import QUIET
from viz.pages.scene import Scene
from viz.pages.scoring import AT_WORK, Scoring
from viz.pages.screen import Screen
from viz.pages.stopping import Stopping
from viz.pages.trying import Trying
from viz.pages.visitor import TEXT, Visitor
from viz.pages.way import WayState, journey
from viz.pages.writing import Writing
from viz.server.limits import LOOKING, WRITING, Limits

SET_DIALS = f"(wanted, ...now) => {json.dumps(DIALLED)}.map((name, at) => wanted[name] ?? now[at])"
"""Sets the sliders as the table of the chain wants them."""
OPEN_DRAWER = """() => {
  const open = document.querySelector(".gradio-container").classList.toggle("texts-open");
  document.getElementById("texts-button").setAttribute("aria-expanded", String(open));
  if (!open) return;
  const drawer = document.getElementById("texts");
  drawer.scrollTop = 0;
  drawer.scrollIntoView({ block: "nearest" });
}"""
"""At its first card (*Share* scrolls it to its own), and in sight: one may be far down the page."""
SCORE = "score"
"""The room of a text that is read instead of written."""
USUAL_CHAIN = """(preset) => {
  const detail = { order: null, values: {}, logit_bias: {} };
  document.dispatchEvent(new CustomEvent("chain-change", { detail }));
  return preset;
}"""
"""A preset is a whole sampler: nothing of another chain stays."""


def wire_writing(page: Layout, visitor: gr.State, writing: Writing, limits: Limits) -> None:
    """Let the buttons change the text."""
    shared: dict[str, Any] = {
        "inputs": [visitor, page.prompt, *page.inputs],
        "outputs": page.outputs,
        "show_progress": "minimal",
        "show_progress_on": page.screen.status,
        "concurrency_id": WRITING,
        # The engine has a line of its own, in which a person sees how many are ahead.
        "concurrency_limit": limits.writers,
        "trigger_mode": "once",
        "api_visibility": "private",
    }
    begin = [page.buttons[name].click for name in ("generate", "score", "more", "again")]
    begin += [button.click for button in (*page.examples.values(), *page.chats.values())]
    stopping = Stopping(page.buttons["stop"], visitor, TEXT, AT_WORK)
    stopping.lit_by([*begin, page.prompt.submit, page.menu.submit, page.branch.submit])
    stopping.forgotten_by([page.buttons["step"].click])  # over before one could press Stop
    trying = Trying(writing.models, writing.example, writing.drawing)
    scoring = Scoring(writing.models, writing.example, writing.drawing)
    branch = {"inputs": [visitor, page.prompt, page.branch, *page.inputs]}

    def submit(visitor: Visitor, prompt: str, controls: Controls) -> Iterator[Screen]:
        """Read or write what was typed, as the switch stands."""
        reading = visitor.opened.get("explore") == SCORE
        yield from (scoring.score_text if reading else writing.generate)(visitor, prompt, controls)

    answering = page.answering
    stopping.unlit_if_refused(
        page.buttons["generate"].click(answering(writing.generate), **shared),
        page.prompt.submit(answering(submit), **shared),
        page.buttons["step"].click(answering(writing.step), **shared),
        page.buttons["again"].click(answering(trying.throw), **shared),
        *(one.click(answering(trying.beginning(text)), **shared) for text, one in page.examples.items()),
        *(one.click(answering(trying.asking(text)), **shared) for text, one in page.chats.items()),
        page.buttons["score"].click(answering(scoring.score_text), **shared),
        page.buttons["more"].click(answering(writing.more), **shared),
        page.menu.submit(answering(scoring.score_again), **shared),
        page.branch.submit(answering(writing.go_on), **shared | branch),
    )
    page.watch.select(
        writing.ease,
        [visitor, page.watch],
        None,
        queue=False,
        **QUIET,
    )
    page.buttons["stop"].click(writing.stop, visitor, None, queue=False, **QUIET)
    for name, handler in (("cut", writing.cut), ("undo", writing.undo), ("redo", writing.redo)):
        page.buttons[name].click(
            page.answering(handler),
            [visitor, page.prompt, *page.inputs],
            page.outputs,
            **QUIET,
            **LOOKING,
        )


def wire_looking(page: Layout, looking: Looking) -> None:
    """Let clicks, sliders and choices redraw the panels that depend on them; the text stays."""
    drawing = looking.drawing

    def select(visitor: Visitor, selection: SelectionValue | None, controls: Controls) -> Screen:
        index = chosen_index(selection)
        if index is None:
            return Screen()
        visitor.following = False
        visitor.selected = min(index, len(visitor.pieces))
        return looking.handler(drawing.after_selection)(visitor, controls)

    def numbers(visitor: Visitor, now: Controls) -> Screen:
        def compared(scene: Scene, now: Controls) -> Screen:
            wanted = visitor.service.precision(now.precision)
            return Screen(notice=other_numbers(scene, wanted) or notice(scene, now))

        return draws(compared)(visitor, now) if visitor.service.ready else Screen()

    controls, on, draws = page.controls, looking.on, looking.handler

    def thrown(visitor: Visitor, now: Controls) -> Screen:
        if visitor.controls is not None and visitor.controls.seed == now.seed:
            return Screen()  # Again has set it, and says itself which text this is
        return draws(lambda scene, now: Screen(notice=notice(scene, now)))(visitor, now)

    on([page.selection.select], select, page.selection)
    on([controls[name].change for name in (*SAMPLER_NAMES, "chain")], draws(drawing.after_settings))
    on([controls["colour_by"].change], draws(lambda scene, now: Screen(strip=strip(scene, now))))
    on([controls["rows"].change], draws(lambda scene, now: Screen(bars=bars(scene, now))))
    on([controls["seed"].change], thrown)
    on([controls["precision"].change], numbers)
    on([controls["query"].change], draws(drawing.after_search))
    on([controls["picked"].change], draws(drawing.after_pick))
    on([controls["appearance"].change], draws(drawing.recoloured))


def wire_places(page: Layout, looking: Looking) -> None:
    """Let pages, rooms and the switch of reading open what is drawn from then on."""
    first_on = {place: name for name, place in reversed(list(page.places.items()))}
    opened, first = looking.drawing.opened, looking.drawing.first

    def enter(name: str, visitor: Visitor) -> None:
        visitor.enter(page.places[name], name)

    def turn_to(name: str, visitor: Visitor, controls: Controls) -> Screen:
        # Gradio tells of the first page as it puts it there, where it is drawn.
        drawn = not visitor.room and name == page.places[first]
        arrived = partial(Visitor.enter, page=name, room=visitor.opened.get(name) or first_on[name])
        if drawn:
            arrived(visitor)
            return Screen()
        return looking.arriving(opened, arrived)(visitor, controls)

    def read(visitor: Visitor, reading: object, controls: Controls) -> Screen:
        room = SCORE if is_on(reading) else first_on["explore"]
        return looking.arriving(opened, partial(Visitor.enter, page="explore", room=room))(visitor, controls)

    looking.on([page.reading.select], read, page.reading)
    for name, tab in page.pages.items():
        looking.on([tab.select], partial(turn_to, name))
    for name, tab in page.rooms.items():
        looking.on([tab.select], looking.arriving(opened, partial(enter, name)))


def wire_journey(page: Layout, looking: Looking) -> None:
    """Let a switch open the journey, which is drawn from then on."""

    def travel(visitor: Visitor, travelling: object, controls: Controls) -> Screen:
        visitor.kept.of(WayState).journey = is_on(travelling)
        return looking.handler(lambda scene, now: Screen(journey=journey(scene, now)))(visitor, controls)

    looking.on([page.travelling.select], travel, page.travelling)


def wire_switches(page: Layout) -> None:
    """Let controls set other controls, and a button open the drawer."""
    controls = page.controls
    page.buttons["texts"].click(None, js=OPEN_DRAWER, **QUIET)
    page.chain_dials.select(
        None,
        [page.chain_dials, *(controls[name] for name in DIALLED)],
        [controls[name] for name in DIALLED],
        js=SET_DIALS,
        **QUIET,
    )
    page.screen.preset.input(
        preset_values,
        page.screen.preset,
        [controls[name] for name in SAMPLER_NAMES],
        js=USUAL_CHAIN,
        queue=False,
        trigger_mode="always_last",  # a second press while the first is answered counts
        **QUIET,
    )


def preset_values(name: str) -> list[float]:
    """Return the sliders' values of a preset."""
    return [getattr(PRESETS[name], setting) for setting in SAMPLER_NAMES]
