"""The room of the layers, as the app's own handlers draw it for a visitor."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import model.interior.lens
from model.interior import layer_readings as readings
from model.interior.attribution import attribution
from model.interior.lens import lens, lens_grid
from model.interior.residual import updates
from model.network.unknown_part import UnknownPart
from tests.pages.conftest import AbsentModel, service_of
from tests.pages.desk import Desk, changed, shown
from viz.figures.lens_grid import WORDS
from viz.pages import work as work_module
from viz.rooms.lens.grid import GridScreen, GridState
from viz.rooms.lens.panels import FOLDED

GRID = {"lens_grid", "lens_line", "grid_wanted"}
PANELS = {"lens", "attribution", "logit_sum", "heads_moved", "residual"} | GRID


class LensDesk(Desk):
    """Presses of one visitor in the room."""

    def computing(self, **changes: Any) -> Any:
        self.controls |= changes
        return self.handler("lens-compute", "click")(self.visitor, *self.values)

    def compute(self, **changes: Any) -> GridScreen:
        """Compute the grid, and return what is to be seen at the end."""
        seen = GridScreen()
        for screen in self.computing(**changes):
            seen = seen._replace(**{name: one for name, one in screen._asdict().items() if shown(one)})
        return seen

    def fold(self, name: str, event: str) -> Any:
        """Open (`expand`) or close (`collapse`) a part of the room."""
        return self.handler(f"{name}-fold", event)(self.visitor, *self.values)

    def follow(self) -> GridScreen:
        """Let the page ask for the grid by itself, and return what is to be seen at the end."""
        *_, end = self.handler("grid-wanted", "select")(self.visitor, *self.values)
        return end

    def cancel(self) -> None:
        self.handler("lens-cancel", "click")(self.visitor)


@pytest.fixture
def desk(app: Any, newcomer: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> LensDesk:
    """A visitor who has written six tokens and opened the room."""
    monkeypatch.setattr(work_module, "UPDATE_SECONDS", 0.0)
    desk = LensDesk(app, newcomer())
    desk.write(max_new_tokens=6)
    desk.open("room-lens")
    for name in FOLDED:
        desk.fold(name, "expand")
    return desk


@pytest.fixture
def internals(desk: LensDesk, app: Any) -> Any:
    return service_of(app).read(desk.visitor.run.token_ids, desk.visitor.run.precision)


def said(figure: Any) -> str:
    return " ".join(note.text for note in figure.layout.annotations).replace("<br>", " ")


# The selected step


@pytest.mark.parametrize("position", [1, 4, 8], ids=["prompt", "written", "next"])
def test_a_click_shows_the_numbers_of_the_model_at_that_step(desk, internals, position):
    screen, ids = desk.select(position), desk.visitor.run.token_ids
    chosen = ids[position] if position < len(ids) else None
    found = lens(internals, position - 1, chosen)
    bars = [trace for trace in screen.lens.data if trace.hoverinfo == "skip"]
    assert list(bars[0].x) == pytest.approx([one.probabilities[0] for one in found])
    if chosen is not None:
        assert list(bars[2].x) == [one.rank for one in found]
    assert list(bars[-1].x) == pytest.approx([one.entropy_bits for one in found])

    target = found[-1].token_ids[0] if chosen is None else chosen
    parts = attribution(internals, position - 1, target)
    _, attention, mlp, _ = screen.attribution.data
    assert list(attention.x) == pytest.approx([one.attention for one in parts.layers])
    assert list(mlp.x) == pytest.approx([one.mlp for one in parts.layers])
    assert f"{parts.logit:.2f}".replace("-", "−") in screen.logit_sum
    assert ("Nothing stands here yet" in screen.logit_sum) == (chosen is None)

    stream = screen.residual.data[0]
    assert list(stream.x) == pytest.approx([one.entering for one in updates(internals, position - 1)])


def test_the_strongest_heads_are_listed_in_order(desk, internals):
    screen = desk.select(4)
    parts = attribution(internals, 3, desk.visitor.run.token_ids[4])
    heads = [(one.layer, head, moved) for one in parts.layers for head, moved in enumerate(one.heads)]
    heads.sort(key=lambda one: -abs(one[2]))
    places = [screen.heads_moved.index(f"layer {layer} · head {head}<") for layer, head, _ in heads[:10]]
    assert places == sorted(places) and screen.heads_moved.count("<li") == min(10, len(heads))


def test_against_the_next_best_token_the_difference_is_taken_apart(desk, internals):
    desk.select(4)
    screen = desk.move(against_rival=True)
    assert changed(screen) == {"attribution", "logit_sum", "heads_moved"}
    chosen = desk.visitor.run.token_ids[4]
    rival = next(one for one in internals.softmax(3).leading(2).tolist() if one != chosen)
    parts = attribution(internals, 3, chosen, against=rival)
    assert list(screen.attribution.data[1].x) == pytest.approx([one.attention for one in parts.layers])
    assert "most likely other token" in screen.logit_sum


def test_the_room_is_drawn_when_it_is_open_and_a_slider_computes_nothing_of_it(desk, monkeypatch):
    assert changed(desk.open("room-lens")) == PANELS
    assert changed(desk.select(4)) >= PANELS

    def never(*_: Any) -> Any:
        raise AssertionError("computed again")

    for name in ("lens", "attribution", "updates"):
        monkeypatch.setattr(readings, name, never)
    assert not changed(desk.move(temperature=1.4)) & PANELS
    assert changed(desk.move(lens_colour="rank")) == {"lens_grid"}
    desk.open("page-explore")
    assert not changed(desk.select(5)) & PANELS


def test_each_number_is_worked_out_once_for_a_click(desk, monkeypatch):
    calls: list[str] = []
    for name in ("lens", "attribution", "updates"):
        work = getattr(readings, name)
        monkeypatch.setattr(readings, name, lambda *given, n=name, w=work: calls.append(n) or w(*given))
    desk.select(5)
    assert sorted(calls) == ["attribution", "lens", "updates"]


def test_nothing_predicted_the_first_token_and_the_panels_say_so(desk):
    screen = desk.select(0)
    for figure in (screen.lens, screen.attribution, screen.residual):
        assert "Nothing comes before" in said(figure)
    assert screen.logit_sum == "" and "no logit" in screen.heads_moved


def test_a_part_that_was_not_found_is_a_sentence_in_its_panels_and_the_rest_works(desk, monkeypatch):
    def unknown(*_: Any) -> Any:
        raise UnknownPart("The final norm of this model could not be found.")

    monkeypatch.setattr(readings, "lens", unknown)
    monkeypatch.setattr(readings, "attribution", unknown)
    screen = desk.select(4)
    assert "final norm" in said(screen.lens) and "final norm" in said(screen.attribution)
    assert len(screen.residual.data) == 4 and screen.bars["rows"]
    monkeypatch.setattr(model.interior.lens, "lens", unknown)
    end = desk.compute()
    assert "final norm" in end.line and end.compute["interactive"] and not desk.visitor.working


def test_a_model_that_does_not_tell_attention_apart_shows_whole_layers(desk, monkeypatch, internals):
    parts = internals.model.networks[internals.format].parts
    monkeypatch.setattr(parts, "tells_attention", False)
    screen = desk.select(4)
    assert len(screen.attribution.data) == 3 and len(screen.residual.data) == 3
    assert "whole layers are shown" in screen.logit_sum and "cannot be told apart" in screen.heads_moved


def test_before_there_is_a_model_the_room_says_so(newcomer, open_app):
    desk = LensDesk(open_app(AbsentModel()), newcomer())
    screen = desk.open("room-lens")
    assert changed(screen) == {"lens"} | GRID and "loading" in said(screen.lens)
    assert not screen.grid_wanted["key"], "nobody asks for what cannot be had"
    assert "loading" in desk.compute().line


# The grid


def test_the_grid_holds_the_lens_of_every_position_and_frames_the_selected_one(desk, internals):
    desk.select(4)
    end = desk.compute()
    ids = desk.visitor.run.token_ids
    columns = list(lens_grid(internals, ids, range(len(ids))))
    truth = [
        [column.layers[row].probabilities[0] for column in columns] for row in range(len(columns[0].layers))
    ]
    np.testing.assert_allclose(end.figure.data[0].z, truth, rtol=1e-5)
    assert end.figure.layout.shapes[0].x0 == 2.5 and "0 to 7 of a text of 8" in end.line
    assert (end.compute["interactive"], end.cancel["interactive"]) == (True, False)
    screen = desk.select(6)
    assert screen.lens_grid.layout.shapes[0].x0 == 4.5, "remembered"
    np.testing.assert_allclose(screen.lens_grid.data[0].z, truth, rtol=1e-5)


def test_a_changed_text_forgets_the_grid(desk):
    desk.compute()
    screen = desk.write("step")[-1]
    assert "drawn by itself" in said(screen.lens_grid) and "Not computed yet" in screen.lens_line


def test_an_open_room_asks_for_the_grid_of_its_text_once_and_for_another_where_the_text_has_changed(desk):
    desk.select(4)
    first = desk.select(4).grid_wanted["key"]
    assert first, "nothing is drawn yet"
    assert desk.select(5).grid_wanted["key"] == first, "the same text, and all of it is in the grid"
    end = desk.follow()
    assert len(end.figure.data[0].z[0]) == 8 and end.compute["interactive"]
    assert not desk.select(4).grid_wanted["key"]
    changed_text = desk.write("step")[-1].grid_wanted["key"]
    assert changed_text not in ("", first)
    assert not desk.move(lens_size=0).grid_wanted["key"], (
        "the whole text may take long: it waits for the button"
    )
    assert desk.move(lens_size=48).grid_wanted["key"] == changed_text, "the text is shorter than either"


def test_a_token_outside_of_the_grid_asks_for_the_positions_around_it(desk):
    desk.write("more", max_new_tokens=40)
    desk.select(2)
    desk.follow()
    assert not desk.select(WORDS - 1).grid_wanted["key"]
    assert desk.select(47).grid_wanted["key"]
    assert "of a text of 48" in desk.follow().line and "outside" not in desk.select(47).lens_line


def test_a_text_that_changes_overtakes_the_grid_of_the_one_before(desk):
    desk.write("step")
    screens = desk.computing()
    next(screens)
    desk.press("undo")
    *_, end = screens
    assert "Not computed yet" in end.line and not desk.visitor.working
    assert len(desk.follow().figure.data[0].z[0]) == 8, "and its own is drawn"


def test_what_is_folded_is_not_drawn_until_it_is_opened(desk, monkeypatch):
    for name in FOLDED:
        assert not changed(desk.fold(name, "collapse"))
    folded = {panel for panels in FOLDED.values() for panel in panels}
    with monkeypatch.context() as patched:
        patched.setattr(readings, "attribution", lambda *_: pytest.fail("computed for nobody"))
        assert not changed(desk.select(5)) & folded
    for name, panels in FOLDED.items():
        assert changed(desk.fold(name, "expand")) == set(panels)


def test_of_a_long_text_a_window_is_computed_and_the_rest_is_said_to_be_left_out(desk):
    desk.write("more", max_new_tokens=40)
    desk.select(2)
    end = desk.compute()
    assert end.figure.data[0].z.shape[1] == WORDS
    assert f"0 to {WORDS - 1} of a text of 48" in end.line and f"Left out: {48 - WORDS}" in end.line
    assert "outside" in desk.select(47).lens_line


def test_cancel_keeps_the_columns_that_are_there(desk):
    screens = desk.computing()
    first = next(screens)
    assert (first.compute["interactive"], first.cancel["interactive"]) == (False, True)
    assert 'value="1"' in next(screens).line
    assert "still at work" in desk.compute().line, "one at a time"
    desk.cancel()
    *_, end = screens
    done = np.isfinite(end.figure.data[0].z).all(axis=0)
    assert 1 <= done.sum() < 8 and done[: done.sum()].all()
    assert "Cancelled" in end.line and not desk.visitor.working
    assert "Cancelled" not in desk.compute().line


def test_whoever_leaves_the_page_stops_the_grid(desk):
    screens = desk.computing()
    next(screens)
    desk.visitor.stop()
    *_, end = screens
    assert "Cancelled" in end.line and not desk.visitor.working


def test_the_grid_of_the_whole_text_has_a_column_for_every_token(desk):
    whole = desk.compute(lens_size=0).figure.data[0]
    length = len(desk.visitor.run.token_ids)
    assert whole.z.shape[1] == length and not np.isnan(whole.z).any()
    assert whole.customdata.shape[2] == 10 + 1, "the ten leading tokens, and the rank of what came"


@pytest.mark.parametrize("size", [None, 96, 10_000, "24", [24]])
def test_a_size_that_is_not_offered_is_a_sentence(desk, size):
    assert "numbers of positions" in desk.compute(lens_size=size).line
    assert desk.visitor.kept.of(GridState).grid is None


def test_a_slider_outside_its_range_is_a_sentence(desk):
    end = desk.compute(temperature=9)
    assert "temperature must be between" in end.line and end.compute["interactive"]


@pytest.mark.parametrize("colour", [None, "x", ["rank"], 3])
def test_a_colour_that_is_not_offered_is_the_usual_one(desk, colour):
    usual = desk.compute().figure.data[0].z
    np.testing.assert_array_equal(desk.move(lens_colour=colour).lens_grid.data[0].z, usual)


def test_an_error_while_it_is_computed_is_a_sentence(desk, monkeypatch):
    def broken(*_: Any) -> Any:
        raise ValueError("no <norm>")

    monkeypatch.setattr(model.interior.lens, "lens", broken)
    assert "no &lt;norm&gt;" in desk.compute().line and not desk.visitor.working
