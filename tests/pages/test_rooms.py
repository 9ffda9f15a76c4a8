"""What every room is: a folder, a name, a table of panels, and what it remembers of one visitor."""

from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest

from tests.pages.desk import DRAWING, FIELDS
from viz.explore import ROOMS
from viz.pages.controls import Controls
from viz.pages.example import load_example
from viz.pages.kept import Kept, RoomState
from viz.pages.layout import Laid, lay_out
from viz.pages.panel import On, Panel
from viz.pages.room import Room
from viz.pages.scene import stored_scene
from viz.server.limits import Limits

FOLDERS = Path(__file__).parents[2] / "viz" / "rooms"


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
    rooms = {name: lambda _plan: laid_with("twice") for name in ("inside", "lens")}
    with gr.Blocks(), pytest.raises(ValueError, match=r"one name: \['twice'\]"):
        lay_out(first, Controls(), Limits(), layers=2, heads=2, rooms=rooms)


@pytest.mark.parametrize("names", [(), ("shown", "more"), ("other",)])
def test_a_room_whose_panels_are_not_its_components_is_refused(names):
    room = Room("one", lambda _plan: laid_with(*names), {"shown": Panel(lambda *_: "", On.TEXT)})
    with gr.Blocks(), pytest.raises(ValueError, match="one"):
        room.place(None)


def test_the_components_of_a_room_stand_in_the_order_of_its_panels():
    panels = {name: Panel(lambda *_: "", On.TEXT) for name in "ab"}
    with gr.Blocks():
        laid = Room("one", lambda _plan: laid_with("b", "a"), panels).place(None)
    assert list(laid.outputs) == ["a", "b"]


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
    assert DRAWING.room(scene) is DRAWING.rooms[ROOMS[0].name]
    assert DRAWING.room(replace(scene, room="branches")) is DRAWING.rooms["branches"]
