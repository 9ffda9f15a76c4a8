"""Going from page to page and room to room: what is drawn where one comes to, and what is remembered."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.pages.desk import DRAWING, Desk, changed, ids_of
from viz.explore import ROOMS
from viz.pages.layout import DRAWER, PAGES

FIRST = {page: next(room.name for room in ROOMS if room.page == page) for page in PAGES}
TABBED = [(room.page, room.name) for room in ROOMS if room.page in PAGES[1:]]
NOWHERE = [None, {}, {"on": None}, {"on": False}, {"on": 0}]


@pytest.fixture
def desk(app: Any, newcomer: Callable[[], Any]) -> Desk:
    """A visitor who has written four tokens."""
    desk = Desk(app, newcomer())
    desk.write(max_new_tokens=4)
    return desk


def panels_of(room: str) -> set[str]:
    return set(DRAWING.rooms[room])


@pytest.mark.parametrize(("page", "room"), TABBED)
def test_a_room_that_is_opened_is_drawn_and_remembered_as_that_of_its_page(desk, page, room):
    screen = desk.open(f"room-{room}")
    assert changed(screen) <= panels_of(room) and len(changed(screen)) >= min(1, len(panels_of(room)))
    assert (desk.visitor.room, desk.visitor.opened) == (room, {page: room})


@pytest.mark.parametrize("page", PAGES)
def test_a_page_that_is_turned_to_draws_its_first_room(desk, page):
    assert not changed(desk.open(f"page-{PAGES[0]}")), (
        "Gradio tells of the first page too: that is drawn already"
    )
    desk.open(f"page-{next(one for one in PAGES if one != page)}")
    screen = desk.open(f"page-{page}")
    assert desk.visitor.room == FIRST[page] and changed(screen) <= panels_of(FIRST[page])
    assert bool(changed(screen)) == bool(panels_of(FIRST[page])), "those of Train draw themselves"


def test_a_page_that_is_turned_to_again_draws_the_room_that_was_open_there_last(desk):
    desk.open("room-lens")
    desk.open("room-neurons")
    desk.open("page-lab")
    desk.open("room-replay")
    assert changed(desk.open("page-inside")) == panels_of("neurons")
    assert desk.visitor.room == "neurons"
    desk.open("page-lab")
    assert desk.visitor.room == "replay"
    assert "sweep" in changed(desk.open("page-explore")) and desk.visitor.room == "inside"


def test_the_room_that_is_open_follows_the_text_and_those_of_other_pages_do_not(desk):
    desk.open("room-tokens")
    desk.open("page-explore")
    screen = desk.write("step")[-1]
    assert {"sweep", "attention", "tree"} <= changed(screen) and "token_table" not in changed(screen)
    desk.open("page-inside")
    screen = desk.write("step")[-1]
    assert {"token_table", "tree"} <= changed(screen) and "sweep" not in changed(screen)
    rows = screen.token_table["rows"]
    assert len(rows) == len(desk.visitor.run.token_ids) and rows[-1]["selected"]


def test_two_visitors_are_in_rooms_of_their_own(desk, app, newcomer):
    other = Desk(app, newcomer())
    desk.open("room-chain")
    other.open("room-lens")
    assert (desk.visitor.room, other.visitor.room) == ("chain", "lens")
    assert desk.visitor.opened == {"lab": "chain"} and other.visitor.opened == {"inside": "lens"}


# Reading instead of writing


def test_while_texts_are_read_explore_shows_the_score_and_then_the_step_again(desk):
    assert changed(desk.read(True)) == panels_of("score") and desk.visitor.room == "score"
    assert changed(desk.read(False)) == changed(desk.open("page-explore")) <= panels_of("inside")
    assert desk.visitor.room == "inside"


def test_whoever_reads_finds_the_score_again_on_coming_back_to_explore(desk):
    desk.read(True)
    desk.open("room-chain")
    assert changed(desk.open("page-explore")) == panels_of("score")
    desk.read(False)
    desk.open("page-lab")
    desk.open("page-explore")
    assert desk.visitor.room == "inside"


@pytest.mark.parametrize("value", NOWHERE)
def test_a_switch_that_says_nothing_is_off(desk, value):
    desk.read(True)
    desk.handler("read-mode", "select")(desk.visitor, value, *desk.values)
    assert desk.visitor.room == "inside"


# The drawer


def test_the_button_of_the_drawer_counts_the_texts(desk):
    assert desk.write(seed=1)[-1].texts == "Texts (2)"
    assert desk.write(seed=2)[-1].texts == "Texts (3)"
    assert desk.write("step")[-1].texts == "Texts (3)", "the same text, one token longer"
    desk.press("undo")
    assert desk.press("undo").texts == "Texts (2)"
    assert desk.press("redo").texts == "Texts (3)"


@pytest.mark.parametrize("room", [room.name for room in ROOMS if room.page != DRAWER])
def test_a_new_text_stands_in_the_drawer_whichever_room_is_open(desk, room):
    desk.enter(room)
    screen = desk.write(seed=7)[-1]
    assert screen.texts == "Texts (2)"
    assert {row["key"] for row in screen.tree["rows"]} >= {0, 1}


def test_a_room_that_is_opened_sends_the_drawer_no_second_time(desk):
    for room in DRAWING.rooms:
        assert "tree" not in changed(desk.enter(room)), room
    assert "texts" not in changed(desk.select(2)), "nor does a click on a token"


def test_the_drawer_opens_in_the_browser_alone(app):
    (pressed,) = [event for event in app.config["dependencies"] if ids_of(app, event) == {"texts-button"}]
    assert not pressed["backend_fn"] and pressed["outputs"] == [] and "texts-open" in pressed["js"]


# The journey, which every page has


def travel(desk: Desk, on: Any) -> Any:
    return desk.handler("journey-switch", "select")(desk.visitor, {"on": on}, *desk.values)


def test_the_journey_is_drawn_from_the_moment_it_is_opened_and_not_before(desk):
    assert "map" in changed(desk.select(3)) and "journey" not in changed(desk.select(4))
    first = travel(desk, True)
    assert changed(first) == {"journey"}
    assert desk.select(3).journey != first.journey, "it is of the selected token"
    desk.open("room-chain")
    assert "journey" in changed(desk.select(4)), "on every page"
    travel(desk, False)
    assert "journey" not in changed(desk.select(3))


def test_the_map_follows_the_selected_token_and_the_sliders(desk):
    def live(screen: Any) -> dict[str, str]:
        return {one["name"]: one["live"] for one in screen.map["stations"]}

    third, fourth = live(desk.select(3)), live(desk.select(4))
    assert third["tokens"] != fourth["tokens"] and third["dice"] != fourth["dice"]
    greedy = live(desk.move(temperature=0.0))
    assert greedy["sampler"].startswith("1 left") and greedy["next"] == fourth["next"]
    assert live(desk.select(0))["dice"] == "–", "nothing predicted the first token"


def test_where_the_browser_says_that_one_is_counts_whatever_was_heard_late_of_other_pages(desk):
    desk.open("room-chain")
    desk.controls["place"] = {"page": "explore", "room": ""}
    assert "attention" in changed(desk.select(3))
    desk.controls["place"] = {"page": "inside", "room": "lens"}
    assert "lens" in changed(desk.select(4))


@pytest.mark.parametrize(
    "nonsense", [7, "lab", {"page": "lab"}, {"page": "lab", "room": "lens"}, {"page": [], "room": {}}]
)
def test_a_place_that_there_is_not_leaves_one_where_one_was(desk, nonsense):
    desk.open("room-chain")
    before = changed(desk.select(3))
    desk.controls["place"] = nonsense
    assert changed(desk.select(4)) == before
