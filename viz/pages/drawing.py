"""Which panels an event redraws; each by itself, so that what is wrong with one takes no other along."""

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from viz.figures.theme import placeholder
from viz.pages.controls import Controls
from viz.pages.panel import STEP, On, Panel, Panels, chosen
from viz.pages.panels import PAGE
from viz.pages.scene import Scene
from viz.pages.screen import Screen
from viz.server.failing import UNDERSTOOD
from viz.server.log import LOG
from viz.server.service import Trouble
from viz.words.lines import problem
from viz.words.strings import say


class Drawing:
    """Draws the panels that an event changes: those of the page, and of the rooms those of the open one."""

    def __init__(self, rooms: Mapping[str, Panels], always: Sequence[Panels] = ()) -> None:
        """Take panels.

        Args:
            rooms: of all rooms that are open one at a time, by their names; the first is open at first.
            always: of what can be opened beside any of them.
        """
        self.rooms = rooms
        self._always = always

    @property
    def first(self) -> str:
        """The room that is open at first."""
        return next(iter(self.rooms))

    def room(self, scene: Scene) -> Panels:
        """Return the panels of the room that is open, and those of what may stand beside it."""
        beside = {name: panel for panels in self._always for name, panel in panels.items()}
        return {**self._open(scene), **beside}

    def _open(self, scene: Scene) -> Panels:
        return self.rooms[scene.room or self.first]

    def after_settings(self, scene: Scene, controls: Controls) -> Screen:
        """Return what a moved slider changes: everything drawn from the shaped distribution."""
        screen = drawn(scene, controls, chosen(PAGE, On.SETTINGS), chosen(self.room(scene), On.SETTINGS))
        return screen._replace(preset=controls.preset)

    def after_head(self, scene: Scene, controls: Controls) -> Screen:
        """Return what another layer, head or view of heads changes."""
        return drawn(scene, controls, {}, chosen(self.room(scene), On.HEAD))

    def after_search(self, scene: Scene, controls: Controls) -> Screen:
        """Return what a search changes."""
        return drawn(scene, controls, chosen(PAGE, On.SEARCH), chosen(self.room(scene), On.SEARCH))

    def after_pick(self, scene: Scene, controls: Controls) -> Screen:
        """Return what a picked row of a table changes."""
        return drawn(scene, controls, {}, chosen(self.room(scene), On.SEARCH))

    def after_selection(self, scene: Scene, controls: Controls) -> Screen:
        """Return what a click on a token changes: every panel that shows a step."""
        screen = drawn(scene, controls, chosen(PAGE, STEP), chosen(self.room(scene), STEP))
        return screen._replace(preset=controls.preset)

    def everything(self, scene: Scene, controls: Controls) -> Screen:
        """Return the whole page."""
        return drawn(scene, controls, PAGE, self.room(scene))._replace(preset=controls.preset)

    def opened(self, scene: Scene, controls: Controls) -> Screen:
        """Return the panels of the room that was opened; what stands beside it is drawn already."""
        return drawn(scene, controls, {}, self._open(scene))

    def recoloured(self, scene: Scene, controls: Controls) -> Screen:
        """Return all figures, and what else there is in the open room, in the colours of the page."""
        figures = {name: panel for name, panel in PAGE.items() if panel.figure}
        return drawn(scene, controls, figures, self.room(scene))

    def begun(self, scene: Scene, controls: Controls) -> Screen:
        """Return what shows of a text that begins to be written, beside the strip."""
        return drawn(scene, controls, {}, chosen(self.room(scene), On.BEGINNING))

    def grown(self, scene: Scene, controls: Controls) -> Screen:
        """Return what follows every token of a text that is being written."""
        return drawn(scene, controls, chosen(PAGE, On.GROWTH), chosen(self.room(scene), On.GROWTH))

    def turn(self, number: int, scene: Scene, controls: Controls) -> Screen:
        """Return the figure whose turn it is: the page's own every other time, else one of the open room."""
        if number % 2 == 0:
            return drawn(scene, controls, chosen(PAGE, On.TURN), {})
        turning = list(chosen(self.room(scene), On.TURN).items())
        name_and_panel = turning[number // 2 % len(turning)] if turning else None
        return drawn(scene, controls, {}, dict([name_and_panel] if name_and_panel else []))


def drawn(scene: Scene, controls: Controls, page: Panels, room: Panels) -> Screen:
    """Return what panels show.

    One that cannot be drawn says why: a figure in its place, any other, which is empty then, in the notice.
    What is no fault of the person who looks is told in general, and its trace is in the server's log.

    Args:
        scene: what they show.
        controls: how.
        page: panels of the page, by the field of `Screen` that each fills.
        room: panels of a room, by their names.
    """
    told: list[str] = []
    shown = {name: _drawn(panel, scene, controls, told) for name, panel in page.items()}
    under = {name: _drawn(panel, scene, controls, told) for name, panel in room.items()}
    if told:
        shown["notice"] = problem(" ".join(dict.fromkeys(told)), *scene.offers)
    return Screen(**shown, rooms=under)


def _drawn(panel: Panel, scene: Scene, controls: Controls, told: list[str]) -> Any:
    """Return what a panel shows; where a sentence is for the notice, it is added to those that are told."""
    try:
        if scene.missing and not panel.of_text:
            raise Trouble(scene.missing)
        return panel.draw(scene, controls)
    except Exception as error:  # noqa: BLE001 - whatever it is, the others are drawn
        sentence = _why_not(error)
    if panel.figure:
        return placeholder(sentence, theme=controls.theme)
    told.append(sentence)
    if panel.instead is not None:
        return panel.instead(sentence)
    return gr.skip() if panel.kept else None


def _why_not(error: Exception) -> str:
    if isinstance(error, UNDERSTOOD):
        return str(error)
    LOG.error("A panel could not be drawn.", exc_info=error)
    return say("page.not_drawn")
