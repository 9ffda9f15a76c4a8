"""Each panel of each room made to fail: the others are drawn, the reader is told, the log has the trace."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import gradio as gr
import pytest

from tests.pages.desk import DRAWING, Desk, Screen, changed, shown
from viz.explore import ROOMS
from viz.figures.figure import Figure
from viz.pages.panel import On, Panel, chosen
from viz.pages.panels import PAGE
from viz.server.service import Trouble
from viz.words.strings import say

STEP = chosen(PAGE, On.SETTINGS)


def every_panel() -> Iterator[Any]:
    """Yield a room and a panel that is drawn while it is open."""
    for name in STEP:
        yield pytest.param(ROOMS[0].name, name, id=name)
    for room in ROOMS:
        for name in room.panels:
            yield pytest.param(room.name, name, id=f"{room.name}: {name}")


def panel_of(name: str) -> Panel:
    """Return a panel by its name, which is its own on the page."""
    return {**PAGE, **{name: panel for room in ROOMS for name, panel in room.panels.items()}}[name]


def failing(monkeypatch: Any, name: str, fails: Callable[..., Any]) -> None:
    """Let a panel be drawn by something that raises."""
    tables = [PAGE, *(room.panels for room in ROOMS)]
    (table,) = [panels for panels in tables if name in panels]
    monkeypatch.setitem(table, name, replace(table[name], draw=fails))


def whole(desk: Desk, room: str) -> Screen:
    """Let all panels of a room be drawn; those of the drawer are when the text changes."""
    if room in DRAWING.rooms:
        return desk.enter(room)
    desk.press("undo")
    return desk.press("redo")


@pytest.fixture
def desk_in(app: Any, newcomer: Callable[[], Any]) -> Callable[[str], Desk]:
    """A visitor who has written a few tokens, searched, and opened a room."""

    def opened(room: str) -> Desk:
        desk = Desk(app, newcomer())
        desk.write(max_new_tokens=4)
        desk.controls["query"] = "a"
        whole(desk, room)
        return desk

    return opened


def read(screen: Screen, field: str) -> str:
    """Return what stands in place of a panel, and in the notice."""
    value = getattr(screen, field)
    notes = " ".join(one.text for one in value.layout.annotations) if isinstance(value, Figure) else ""
    return f"{notes} {screen.notice if shown(screen.notice) else ''}".replace("<br>", " ").replace(
        "&#x27;", "'"
    )


@pytest.mark.parametrize(("room", "field"), list(every_panel()))
def test_a_panel_that_fails_takes_no_other_along(
    desk_in: Any, monkeypatch: Any, caplog: Any, room: str, field: str
) -> None:
    desk = desk_in(room)
    usual = desk.select(len(desk.visitor.pieces) - 1)
    drawn_before = changed(usual) | changed(whole(desk, room))

    def fails(*_: Any) -> Any:
        raise ZeroDivisionError("the fault of this panel")

    panel = panel_of(field)
    failing(monkeypatch, field, fails)
    screen = desk.select(len(desk.visitor.pieces) - 1)
    opened = whole(desk, room)
    here = screen if shown(getattr(screen, field)) or field in STEP else opened
    sentence = say("page.not_drawn")
    assert sentence in read(here, field)
    assert (changed(screen) | changed(opened)) - {"notice"} >= drawn_before - {field, "notice"}
    if not panel.figure and field != "notice":
        instead = None if panel.instead is None else panel.instead(sentence)
        assert getattr(here, field) == instead or panel.kept
    assert "ZeroDivisionError: the fault of this panel" in caplog.text


@pytest.mark.parametrize("dark", [False, True])
def test_plotly_knows_every_property_of_what_the_rooms_draw(desk_in: Any, dark: bool) -> None:
    desk = desk_in("inside")
    desk.controls["appearance"] = {"dark": dark}
    figures = []
    for room in DRAWING.rooms:
        figures += [value for value in whole(desk, room) if isinstance(value, Figure)]
    assert len(figures) >= 12
    for figure in figures:
        figure.checked()


def test_what_a_person_can_mend_is_told_in_its_own_words_and_leaves_no_trace(
    desk_in: Any, monkeypatch: Any, capfd: Any
) -> None:
    def refuses(*_: Any) -> Any:
        raise Trouble("Give it another try.")

    desk = desk_in("inside")
    failing(monkeypatch, "sweep", refuses)
    failing(monkeypatch, "found", refuses)
    screen = desk.select(len(desk.visitor.pieces) - 1)
    assert "Give it another try." in read(screen, "sweep") and screen.found is None
    assert isinstance(screen.ranked, Figure) and screen.bars["rows"]
    assert "Traceback" not in capfd.readouterr().err


def test_the_figures_of_a_screen_are_those_that_gradio_draws_with_plotly(app: gr.Blocks) -> None:
    (outputs,) = {
        tuple(function.outputs)
        for function in app.fns.values()
        if len(function.outputs) == len(Screen._fields) and function.targets
    }
    panels = {**PAGE, **{name: panel for room in ROOMS for name, panel in room.panels.items()}}
    plots = {name for name, one in zip(Screen._fields, outputs, strict=True) if isinstance(one, gr.Plot)}
    assert plots == {name for name in Screen._fields if name in panels and panels[name].figure}


def test_before_the_model_has_loaded_a_word_in_the_search_field_costs_no_figure(
    open_app: Any, newcomer: Callable[[], Any]
) -> None:
    """The stored example is shown meanwhile; a search of the whole vocabulary needs the model."""
    loading = type("Loading", (), {"error": None, "report_line": "Loading.", "ready": False})()
    desk = Desk(open_app(loading), newcomer(), layer=9)
    desk.controls |= {"query": "the", "top_k": 3}
    screen = desk.move(temperature=1.3)
    assert isinstance(screen.sweep, Figure) and isinstance(screen.ranked, Figure) and screen.bars["rows"]
