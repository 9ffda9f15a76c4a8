"""What every room is: a folder, a name, a table of panels, and what it remembers of one visitor."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import gradio as gr
import pytest

from tests.pages.desk import DRAWING, FIELDS
from viz.components.token_map import STATIONS
from viz.explore import ROOMS
from viz.pages.controls import Controls, RoomControls
from viz.pages.example import load_example
from viz.pages.inputs import InputOrder
from viz.pages.kept import Kept, RoomState
from viz.pages.layout import DRAWER, PAGES, Laid, Place, Plan, lay_out
from viz.pages.panel import On, Panel
from viz.pages.room import Room
from viz.pages.scene import stored_scene
from viz.server.limits import Limits
from viz.words.strings import catalogue

FOLDERS = Path(__file__).parents[2] / "viz" / "rooms"


@dataclass(frozen=True)
class Dials(RoomControls):
    of_the_moment = ("near",)

    far: int = 1
    near: int = 2


class Passing(RoomState):
    def __init__(self) -> None:
        self.note = ""


class Lasting(Passing):
    comes_back = True


def laid_with(*names: str) -> Laid:
    return Laid({name: gr.HTML() for name in names})


def test_every_folder_is_a_room_of_its_name_and_every_room_has_a_folder():
    assert {path.parent.name for path in FOLDERS.glob("*/room.py")} == {room.name for room in ROOMS}


def test_no_two_panels_of_the_page_have_one_name():
    assert len(set(FIELDS)) == len(FIELDS)


def test_two_rooms_with_panels_of_one_name_are_refused():
    first = DRAWING.everything(stored_scene(load_example(), Controls(), ""), Controls())
    rooms = {name: Place("inside", lambda _plan: laid_with("twice")) for name in ("heads", "lens")}
    with gr.Blocks(), pytest.raises(ValueError, match=r"one name: \['twice'\]"):
        lay_out(first, Controls(), Limits(), layers=2, heads=2, rooms=rooms)


@pytest.mark.parametrize("names", [(), ("shown", "more"), ("other",)])
def test_a_room_whose_panels_are_not_its_components_is_refused(names):
    room = Room("one", "lab", lambda _plan: laid_with(*names), {"shown": Panel(lambda *_: "", On.TEXT)})
    with gr.Blocks(), pytest.raises(ValueError, match="one"):
        room.place(None)


@pytest.mark.parametrize("names", [(), ("far",), ("far", "near", "other")])
def test_a_room_whose_controls_are_not_its_components_is_refused(names):
    room = Room("one", "lab", lambda _plan: Laid({}, dict.fromkeys(names)), controls=Dials)
    with pytest.raises(ValueError, match="a control without a component, or the other way round: one"):
        room.place(None)


def test_the_components_of_a_room_stand_in_the_order_of_its_panels_and_controls():
    panels = {name: Panel(lambda *_: "", On.TEXT) for name in "ab"}

    def laid_out(_plan: Plan) -> Laid:
        return Laid(laid_with("b", "a").outputs, {"near": gr.Number(), "far": gr.Number()})

    with gr.Blocks():
        laid = Room("one", "lab", laid_out, panels, controls=Dials).place(None)
    assert list(laid.outputs) == ["a", "b"] and list(laid.controls) == ["far", "near"]


def test_what_events_get_become_the_controls_and_back():
    order = InputOrder((RoomControls, Dials))
    values = [*order.values(Controls(seed=7))[:-2], 5, 6]
    now = order.controls(values)
    assert (now.seed, now.of(Dials)) == (7, Dials(far=5, near=6))
    assert order.values(now) == values and len(order) == len(values)


@pytest.mark.parametrize("large", ["x" * 200_000, {"junk": ["x"] * 50_000}, [[0] * 60_000]])
def test_a_value_that_is_too_large_to_be_kept_stands_where_it_did_at_first(large):
    order = InputOrder((RoomControls, Dials))
    values = order.values(Controls())
    now = order.controls([large] * len(values))
    assert order.values(now) == values


def test_controls_of_a_room_that_nobody_moved_stand_where_they_did_at_first():
    assert Controls().of(Dials) == Dials(far=1, near=2)


def test_of_a_page_loaded_anew_the_controls_come_back_but_for_what_follows_the_browser():
    before = Controls(seed=7, picked={"token_id": 1}, rooms={Dials: Dials(far=5, near=6)})
    here = Controls(seed=8, appearance={"dark": True}, rooms={Dials: Dials(far=3, near=4)})
    again = before.again(here)
    assert (again.seed, again.picked, again.appearance) == (7, None, {"dark": True})
    assert again.of(Dials) == Dials(far=5, near=4)


def test_the_room_that_contributing_adds_is_one(monkeypatch):
    """Its code as it is printed there, with the words that it asks for."""
    page = (FOLDERS.parents[1] / "CONTRIBUTING.md").read_text("utf-8")
    code = re.search(
        r"^   ```python\n(.*?)^   ```$", page[page.index("## Add a room") :], re.DOTALL | re.MULTILINE
    )
    row = re.search(r'`row` \(`"(.*?)"`\)', page)
    assert code and row
    words = {"title": "Repeats", "say": "What the text says most often.", "row": row[1], "most": "Tokens"}
    monkeypatch.setitem(catalogue()["lab"], "repeats", words)
    made: dict[str, Any] = {}
    exec(dedent(code[1]), made)
    room, scene = made["REPEATS"], stored_scene(load_example(), Controls(), "")
    assert (room.name, room.page in PAGES) == ("repeats", True)
    with gr.Blocks():
        laid = room.place(Plan(Controls(), Limits(), 2, 2, {}))
    assert list(laid.outputs) == list(room.panels) == ["repeats"] and list(laid.controls) == ["most"]
    ranking = Counter(piece.token for piece in scene.pieces).most_common(20)
    for most in (10, 20):
        told = room.panels["repeats"].draw(scene, Controls(rooms={room.controls: room.controls(most)}))
        assert all(f"{times} ×" in told for _, times in ranking[:most]) and told.count(" ×") == most
    assert ranking[0][0].strip() in told


def test_what_a_room_remembers_is_its_own_and_comes_back_where_it_says_so():
    kept = Kept()
    kept.of(Passing).note, kept.of(Lasting).note = "passing", "lasting"
    again = kept.again()
    assert (again.of(Passing).note, again.of(Lasting).note) == ("", "lasting")
    again.of(Lasting).note = "another"
    assert kept.of(Lasting).note == "lasting" and kept.of(Passing).note == "passing"


def test_what_a_room_makes_of_a_moment_is_made_once():
    scene = stored_scene(load_example(), Controls(), "")
    made = []

    def make(_scene):
        made.append(1)
        return len(made)

    assert scene.once(make) == scene.once(make) == 1
    assert replace(scene).once(make) == 2, "another moment"


def test_the_first_room_is_open_until_another_is():
    scene = stored_scene(load_example(), Controls(), "")
    panels = {room.name: room.panels for room in ROOMS}
    drawer = {**panels["branches"], **panels["saved_page"], **panels["history"]}
    assert DRAWING.room(scene) == {**panels[ROOMS[0].name], **drawer}
    assert DRAWING.room(replace(scene, room="lens")) == {**panels["lens"], **drawer}


def test_every_room_stands_on_a_page_or_in_the_drawer_and_every_page_has_rooms():
    where = Counter(room.page for room in ROOMS)
    assert set(where) == {*PAGES, DRAWER}
    assert ROOMS[0].page == PAGES[0], "what is open at first stands on the page that is"


@pytest.mark.parametrize("station", STATIONS)
def test_every_station_of_the_map_is_a_door_to_a_place_that_is_there(station):
    page, room = STATIONS[station]
    assert page in PAGES
    assert room in {"", *(one.name for one in ROOMS if one.page == page)}


def test_what_stands_in_the_drawer_is_no_room_that_one_could_open():
    drawer = {room.name for room in ROOMS if room.page == DRAWER}
    assert drawer == {"branches", "share", "history", "saved_page"} and not drawer & set(DRAWING.rooms)
    assert set(DRAWING.rooms) | drawer == {room.name for room in ROOMS}


def test_the_drawer_is_drawn_beside_any_room_that_is_open():
    """Its panel and the button's count, for each of the others."""
    scene, controls = stored_scene(load_example(), Controls(), ""), Controls()
    for name, panels in DRAWING.rooms.items():
        screen = DRAWING.everything(replace(scene, room=name), controls)
        assert set(screen.rooms) == {*panels, "tree", "saved_page_holds", "record"}, name
        assert screen.texts == "Texts (1)"


def test_a_room_of_another_page_is_laid_out_with_nothing_on_it_yet():
    """What it shows is drawn when it is opened: a figure for every room would be a heavy first page."""
    first = DRAWING.everything(stored_scene(load_example(), Controls(), ""), Controls())
    plans: dict[str, Plan] = {}

    def noting(name: str) -> Callable[[Plan], Laid]:
        def laid(plan: Plan) -> Laid:
            plans[name] = plan
            return laid_with(name)

        return laid

    places = {"inside": "explore", "score": "explore", "lens": "inside", "chain": "lab", "branches": DRAWER}
    rooms = {name: Place(page, noting(name)) for name, page in places.items()}
    with gr.Blocks():
        page = lay_out(first, Controls(), Limits(), layers=2, heads=2, rooms=rooms)
    assert {name: bool(plan.first) for name, plan in plans.items()} == {
        "inside": True, "score": False, "lens": False, "chain": False, "branches": True
    }  # fmt: skip
    assert page.places == places and list(page.laid) == list(places) == list(page.screen.rooms)
    assert set(page.rooms) == {"lens", "chain"} and list(page.pages) == list(PAGES)
