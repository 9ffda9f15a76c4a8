"""Coming back: a page that was loaded anew takes over what the same tab had before."""

from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from tests.pages.desk import Desk, Screen, seen, shown
from viz.pages.controls import Controls
from viz.pages.door import Door
from viz.pages.way import WayState


@pytest.fixture
def door(app) -> Door:
    (arrive,) = [function.fn for function in app.fns.values() if function.name == "arrive"]
    return arrive.__self__


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said in passing."""
    said: list[str] = []
    monkeypatch.setattr(gr, "Info", lambda message, **_: said.append(message))
    return said


@pytest.fixture
def before(app, newcomer) -> Desk:
    """A page that has written two texts, the second under other settings."""
    desk = Desk(app, newcomer())
    desk.write(max_new_tokens=4, seed=1)
    desk.write(max_new_tokens=6, seed=2, temperature=1.25, colour_by="rank")
    desk.select(3)
    return desk


def ticket_of(door: Door, desk: Desk) -> str:
    return door.arrive(desk.visitor, SimpleNamespace(session_hash="old"))["now"]


def returned(
    door: Door, desk: Desk, ticket: Any, typed: Any = None, prompt: str = "Once upon a time", at: Any = None
) -> tuple[dict[str, Any], Screen]:
    """Come back; return the controls that are set, by name, and the screen."""
    desk.controls = {"layer": 1, "neuron_layer": 1}  # as on a page just opened, but for layers that are there
    here = desk.now
    before, screen = door.back(desk.visitor, {"before": ticket, "prompt": typed, "at": at}, prompt, here)
    return set_anew(before, here), seen(screen)


def set_anew(before: Controls, here: Controls) -> dict[str, Any]:
    """Return the controls that stood elsewhere, by name; of rooms as they are."""
    return {name: value for name, value in vars(before).items() if value != getattr(here, name)}


def test_texts_selection_settings_and_the_way_back_are_there_again(app, door, before, newcomer, told):
    desk = Desk(app, newcomer())
    controls, screen = returned(door, desk, ticket_of(door, before), typed="not yet sent")
    assert desk.visitor.run is before.visitor.run and desk.visitor.selected == 3
    assert controls == {
        "temperature": 1.25, "top_k": 0, "top_p": 1.0, "seed": 2, "max_new_tokens": 6, "colour_by": "rank"
    }  # fmt: skip
    assert screen.prompt == "not yet sent" and screen.undo["interactive"]
    assert screen.strip == before.move(colour_by="rank").strip
    assert told == ["The page was loaded anew; your texts and settings are as they were."]
    desk.press("undo")
    assert len(desk.visitor.run.steps) == 4


def test_a_page_that_went_before_it_had_its_texts_again_leads_to_the_one_before(
    app, door, before, newcomer, told
):
    between, desk = Desk(app, newcomer()), Desk(app, newcomer())
    tickets = {"before": ticket_of(door, between), "older": ticket_of(door, before)}
    door.back(desk.visitor, tickets, "", desk.now)
    assert desk.visitor.run is before.visitor.run and len(told) == 1
    between.write(max_new_tokens=3)
    desk = Desk(app, newcomer())
    door.back(desk.visitor, tickets, "", desk.now)
    assert desk.visitor.run is between.visitor.run, "one that has texts of its own counts"


def test_the_room_that_was_open_is_drawn_and_the_drawer_and_every_page_has_its_room_again(
    app, door, before, newcomer, told
):
    """Which page is open the browser knows, by its address."""
    before.open("room-heads")
    before.open("room-replay")
    before.open("room-chain")
    desk = Desk(app, newcomer())
    _, screen = returned(door, desk, ticket_of(door, before))
    assert desk.visitor.room == "chain" and shown(screen.chain) and not shown(screen.sweep)
    assert [row["text"] for row in screen.tree["rows"]] and screen.texts == "Texts (2)"
    desk.open("page-inside")
    assert desk.visitor.room == "heads"
    before.open("room-replay")
    assert desk.visitor.opened["lab"] == "chain", "the two go on apart"


def test_a_room_that_a_link_has_opened_meanwhile_stays_open(app, door, before, newcomer, told):
    before.open("room-heads")
    desk = Desk(app, newcomer())
    desk.open("room-chain")
    _, screen = returned(door, desk, ticket_of(door, before))
    assert desk.visitor.room == "chain" and shown(screen.chain) and not shown(screen.head_map)
    assert desk.visitor.opened == {"inside": "heads", "lab": "chain"}


def test_the_token_of_a_link_that_is_opened_in_the_same_tab_is_selected_in_every_panel(
    app, door, before, newcomer, told
):
    desk = Desk(app, newcomer())
    _, screen = returned(door, desk, ticket_of(door, before), at=5)
    assert desk.visitor.selected == screen.strip["selected"] == 5 and not desk.visitor.following
    here = before.select(5)
    assert (screen.map, screen.bars, screen.journey) == (here.map, here.bars, here.journey)


def test_the_token_of_a_link_is_selected_too_where_the_server_has_forgotten_the_texts(
    app, door, newcomer, told
):
    desk = Desk(app, newcomer())
    returned(door, desk, "of a server before", at=2)
    assert desk.visitor.selected == 2


@pytest.mark.parametrize("at", [None, 0, -1, 10**9, True, "2", [2], 1.5])
def test_a_link_to_no_token_leaves_the_selection_where_it_was(app, door, before, newcomer, told, at):
    desk = Desk(app, newcomer())
    returned(door, desk, ticket_of(door, before), at=at)
    assert desk.visitor.selected == 3


def test_the_journey_that_was_open_is_drawn(app, door, before, newcomer, told):
    before.visitor.kept.of(WayState).journey = True
    _, screen = returned(door, Desk(app, newcomer()), ticket_of(door, before))
    assert screen.journey["stops"]


def test_two_pages_with_one_past_go_on_apart(app, door, before, newcomer, told):
    run = before.visitor.run
    desk = Desk(app, newcomer())
    returned(door, desk, ticket_of(door, before))
    desk.write(max_new_tokens=2)
    desk.press("undo")
    desk.press("undo")
    assert before.visitor.run is run and before.visitor.history.can_undo
    assert not before.visitor.history.can_redo and desk.visitor.history.can_redo


def test_a_text_that_is_still_written_is_taken_over_as_far_as_it_has_come(app, door, newcomer, brake, told):
    first, second = Desk(app, newcomer()), Desk(app, newcomer())
    ticket = ticket_of(door, first)
    first.write(max_new_tokens=3)
    screens = first.writing("more", max_new_tokens=60)
    next(screens)
    brake.pull()
    returned(door, second, ticket)
    taken = second.visitor.run
    assert 3 <= len(taken.steps) < 63 and second.visitor.tree.run is taken and not second.visitor.writing
    brake.release()
    first.stop()
    list(screens)
    assert second.visitor.run is taken
    second.write("step")
    assert len(second.visitor.run.steps) == len(taken.steps) + 1


@pytest.mark.parametrize("ticket", [None, "", "guessed", 7, [], {"a": 1}, "x" * 100_000])
def test_without_a_ticket_that_is_known_the_page_stays_as_it_is(app, door, before, newcomer, told, ticket):
    ticket_of(door, before)
    desk = Desk(app, newcomer())
    example = desk.visitor.run
    controls, screen = returned(door, desk, ticket)
    assert controls == {} and not any(shown(value) for value in screen)
    assert desk.visitor.run is example and told == []


def test_where_the_server_has_forgotten_the_texts_what_was_typed_is_back_and_the_page_says_so(
    app, door, newcomer, told
):
    _, screen = returned(door, Desk(app, newcomer()), "of a server before", typed="A long thought")
    assert screen.prompt == "A long thought" and "the server no longer has its texts" in told[0]
    assert [shown(value) for value in screen].count(True) == 1


@pytest.mark.parametrize("typed", [None, 5, "x" * 10_000, "Once upon a time"])
def test_what_cannot_have_been_typed_or_stands_there_anyhow_is_not_put_back(app, door, newcomer, told, typed):
    _, screen = returned(door, Desk(app, newcomer()), "unknown", typed=typed)
    assert not any(shown(value) for value in screen) and told == []


@pytest.mark.parametrize("value", [None, "text", 5, []])
def test_whatever_a_browser_sends_instead_of_a_ticket_is_taken_for_none(app, door, newcomer, value):
    here = Controls()
    before, screen = door.back(newcomer(), value, "", here)
    assert before == here and not any(shown(one) for one in seen(screen))


def test_tickets_are_long_and_no_two_are_alike(door, newcomer):
    visitors = [newcomer() for _ in range(20)]
    tickets = {door.arrive(one, SimpleNamespace(session_hash="x"))["now"] for one in visitors}
    assert len(tickets) == 20 and min(map(len, tickets)) >= 32
