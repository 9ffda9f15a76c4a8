"""The room of steering: it shows what the model layer writes, and nothing a browser sends hurts."""

from copy import deepcopy
from dataclasses import replace
from inspect import unwrap
from typing import Any

import pytest

from model.interventions.steering import direction, divergences, steered, written_side_by_side
from tests.pages.conftest import service_of
from tests.pages.desk import Desk, author_of, shown, told
from viz.pages.visitor import Visitor
from viz.rooms.steering.directions import MOST_SAVED, Directions, Named
from viz.rooms.steering.examples import PAIRS
from viz.rooms.steering.handlers import PROMPTS, Steering, SteeringScreen, SteeringState

TOWARD, AWAY = "in the end", "an other"
LENGTH = 6


@pytest.fixture(scope="module")
def author(app: Any) -> Visitor:
    return author_of(app, LENGTH)


@pytest.fixture
def desk(app: Any, author: Visitor) -> Desk:
    return Desk(app, deepcopy(author))


@pytest.fixture
def model(app: Any) -> Any:
    return service_of(app).model


def steering(desk: Desk, **changes: Any) -> Any:
    given = {"toward": TOWARD, "away": AWAY, "layer": 1, "chosen": PROMPTS, "strength": 1.5}
    given |= {"length": 4, "where": "end"} | changes
    return desk.handler("steering-steer", "click")(desk.visitor, *given.values())


def steer(desk: Desk, **changes: Any) -> list[SteeringScreen]:
    return list(steering(desk, **changes))


def save(desk: Desk, name: Any, toward: str = TOWARD, layer: int = 1) -> SteeringScreen:
    return desk.handler("steering-save", "click")(desk.visitor, toward, AWAY, layer, name)


def delete(desk: Desk, name: Any) -> SteeringScreen:
    return desk.handler("steering-delete", "click")(desk.visitor, name)


def open_column(desk: Desk, index: Any) -> Any:
    handler = desk.handler("steering-opened", "select")
    return handler(desk.visitor, {"index": index}, desk.prompt, *desk.values)


def texts(screen: SteeringScreen) -> list[str]:
    return [column["text"] for column in screen.texts["columns"]]


@pytest.mark.parametrize("where", ["end", "everywhere"])
def test_the_columns_are_what_the_model_layer_writes(desk: Desk, model: Any, where: Any) -> None:
    run = desk.visitor.run
    position = len(run.prompt_token_ids) + 2
    desk.select(position)
    last = steer(desk, where=where)[-1]
    found = direction(model, model.encode(TOWARD), model.encode(AWAY), 1)
    variants = [steered(found, strength, position, where) for strength in (-1.5, 0.0, 1.5)]
    expected = ["", "", ""]
    for number, step in written_side_by_side(model, run, position, variants, 4):
        expected[number] += step.text
    assert texts(last) == expected
    assert expected[1] == "".join(step.text for step in run.steps[2:6]), "the text as it is"
    kl = [one.kl for one in divergences(model, run.token_ids[:position], variants)]
    columns = last.texts["columns"]
    assert f"{kl[0]:.3f}" in columns[0]["told"] and f"{kl[2]:.3f}" in columns[2]["told"]
    assert [column["plain"] for column in columns] == [False, True, False]
    assert all(column["whole"] for column in columns) and not last.cancel["interactive"]
    assert all(
        column["before"].endswith(run.prompt + run.steps[0].text + run.steps[1].text) for column in columns
    )


def test_without_strength_there_is_one_column(desk: Desk) -> None:
    last = steer(desk, strength=0)[-1]
    assert [column["plain"] for column in last.texts["columns"]] == [True]


def test_texts_grow_and_can_be_cancelled(desk: Desk, every_step: None) -> None:
    going = steering(desk, length=40)
    assert next(going).cancel["interactive"]
    assert not next(going).texts["columns"][0]["whole"]
    desk.visitor.cancel("steering")
    *_, last = going
    assert not last.cancel["interactive"] and sum(map(len, texts(last))) < 3 * 40


@pytest.mark.parametrize("position", [1, None])
def test_a_steered_text_is_put_on_the_page_with_its_label_and_undone(
    desk: Desk, position: int | None
) -> None:
    """Also one that leaves the prompt."""
    run = desk.visitor.run
    at = len(run.token_ids) if position is None else position
    desk.select(at)
    steer(desk)
    steps = desk.visitor.kept.of(SteeringState).steered.steps[2]
    screen = open_column(desk, 2)
    now = desk.visitor.run
    assert now.token_ids == (*run.token_ids[:at], *(step.token_id for step in steps))
    assert all(step.forced for step in now.steps[-len(steps) :])
    assert "1.50 toward" in desk.visitor.branch.name and "toward" in told(screen)
    desk.press("undo")
    assert desk.visitor.run == run


@pytest.mark.parametrize("index", [None, 7, -1, "1"])
def test_a_column_that_is_none_opens_nothing(desk: Desk, index: Any) -> None:
    open_column(desk, 0)
    steer(desk)
    before = desk.visitor.run
    open_column(desk, index)
    assert desk.visitor.run is before


def test_a_direction_is_kept_used_with_another_text_and_deleted(desk: Desk) -> None:
    said = save(desk, "  my   own ")
    assert "“my own”, of layer 1" in said.line and said.chosen["value"] == "my own" and said.name == ""
    by_prompts = texts(steer(desk)[-1])
    desk.visitor.kept = desk.visitor.kept.again()  # the page is loaded anew
    last = steer(desk, toward="", away="", layer=0, chosen="my own")[-1]
    assert texts(last) == by_prompts and "my own" in last.texts["note"]
    gone = delete(desk, "my own")
    assert "deleted" in gone.line and len(gone.chosen["choices"]) == 1
    assert "Choose a direction" in steer(desk, chosen="my own")[-1].line
    assert "Choose a direction" in delete(desk, "my own").line


def test_a_name_is_asked_for_and_replaces_the_one_before(desk: Desk) -> None:
    assert "Type a name" in save(desk, "  ").line and "Type a name" in save(desk, None).line
    for layer in (0, 2):
        save(desk, "one", layer=layer)
    (only,) = desk.visitor.kept.of(Directions).saved
    assert only.direction.layer == 2
    made = only.direction
    desk.visitor.kept.of(Directions).saved = tuple(Named(str(n), made) for n in range(MOST_SAVED))
    assert "no room" in save(desk, "another").line


def test_a_direction_of_another_model_is_refused(desk: Desk) -> None:
    save(desk, "one")
    (only,) = desk.visitor.kept.of(Directions).saved
    other = Named("one", replace(only.direction, model="other@1"))
    desk.visitor.kept.of(Directions).saved = (other,)
    assert "of other" in steer(desk, chosen="one")[-1].line


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"toward": ""}, "empty"),
        ({"toward": "x"}, "2 tokens at least"),
        ({"away": TOWARD}, "same"),
        ({"toward": "end", "away": "bend", "layer": 99}, "layer must be between"),
        ({"strength": 9}, "strength must be between"),
        ({"strength": float("nan")}, "strength must be between"),
        ({"length": 0}, "new tokens must be between"),
        ({"where": "nowhere"}, "No such choice"),
        ({"chosen": "gone"}, "Choose a direction"),
        ({"toward": "<b>" * 60}, "toward"),
    ],
)
def test_what_cannot_be_steered_is_said_and_the_texts_stay(desk: Desk, changes: Any, message: str) -> None:
    steer(desk)
    before = desk.visitor.kept.of(SteeringState).steered
    last = steer(desk, **changes)[-1]
    assert message in last.line and "<b>" not in last.line and not shown(last.texts)
    assert desk.visitor.kept.of(SteeringState).steered is before


def test_the_first_token_has_nothing_to_steer(desk: Desk) -> None:
    desk.select(0)
    (last,) = steer(desk)
    assert "problem" in last.line


def test_texts_and_directions_are_there_again(desk: Desk) -> None:
    handlers = unwrap(desk.handler("steering-steer", "click")).__self__
    assert isinstance(handlers, Steering)
    assert not shown(handlers.redraw(desk.visitor).texts)
    steer(desk)
    save(desk, "one")
    again = handlers.redraw(desk.visitor)
    assert len(again.texts["columns"]) == 3 and len(again.chosen["choices"]) == 2


def test_an_example_fills_the_prompts_and_is_chosen(desk: Desk) -> None:
    for name, pair in PAIRS.items():
        assert desk.handler(f"steering-try-{name}", "click")() == [*pair, PROMPTS]
