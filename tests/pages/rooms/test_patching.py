"""The room of patching: it shows what the model layer finds, and nothing a browser sends hurts."""

import re
from copy import deepcopy
from html import unescape
from inspect import unwrap
from typing import Any

import numpy as np
import pytest

from model.interventions.patching import Place, contrast, patched, variant_at, written_after
from model.network.changes import KEPT
from tests.pages.conftest import service_of
from tests.pages.desk import Desk, author_of, shown
from viz.figures.theme import DARK
from viz.pages.visitor import Visitor
from viz.rooms.patching.examples import PAIRS
from viz.rooms.patching.handlers import PatchingScreen, PatchingState
from viz.rooms.patching.place_choice import chosen_place
from viz.server.contrasts import contrast_of, prompts_of

FIELDS = ("in the an", "an the an", "z", "q")


@pytest.fixture(scope="module")
def author(app: Any) -> Visitor:
    return author_of(app, 4)


@pytest.fixture
def desk(app: Any, author: Visitor) -> Desk:
    return Desk(app, deepcopy(author))


@pytest.fixture
def model(app: Any) -> Any:
    return service_of(app).model


def patching(desk: Desk, *fields: Any, site: Any = "residual") -> Any:
    given = (*fields, *FIELDS[len(fields) :])
    return desk.handler("patching-patch", "click")(desk.visitor, *given, site, *desk.values)


def patch(desk: Desk, *fields: Any, site: Any = "residual") -> list[PatchingScreen]:
    return list(patching(desk, *fields, site=site))


def write(desk: Desk, layer: Any, column: Any) -> list[PatchingScreen]:
    return list(desk.handler("patching-write", "click")(desk.visitor, layer, column, *desk.values))


def press(desk: Desk, choice: Any) -> list[PatchingScreen]:
    return list(desk.handler("patching-pressed", "select")(desk.visitor, choice, *desk.values))


def plain(html: str) -> str:
    return re.sub("[\u2068\u2069]", "", unescape(re.sub(r"<[^>]*>", " ", html)))


def pair_of(model: Any) -> Any:
    (answer,), (distractor,) = (model.encode(text) for text in FIELDS[2:])
    return contrast(model, model.encode(FIELDS[0]), model.encode(FIELDS[1]), answer, distractor)


@pytest.mark.parametrize("site", KEPT)
def test_the_map_is_that_of_the_model_layer_and_the_dials_stand_at_its_strongest_place(
    desk: Desk, model: Any, site: Any
) -> None:
    last = patch(desk, site=site)[-1]
    *_, values = patched(model, pair_of(model), site)
    (heat,) = last.map.data
    np.testing.assert_allclose(np.asarray(heat.z), values, atol=1e-5)
    layer, column = np.unravel_index(int(values.argmax()), values.shape)
    assert (last.layer["value"], last.column["value"]) == (layer, column)
    assert len(last.column["choices"]) == values.shape[1]
    assert "Most comes back at" in plain(last.told) and f"{values.max():.2f}" in last.told
    count = values.size if site == "head" else values[:, pair_of(model).first :].size
    assert f"{count} places patched" in last.line and not last.cancel["interactive"]


def test_the_map_grows_and_can_be_cancelled(desk: Desk, every_step: None) -> None:
    going = patching(desk)
    assert next(going).cancel["interactive"]
    first = next(going)
    assert np.isnan(np.asarray(first.map.data[0].z, dtype=float)).any() and "of" in first.line
    desk.visitor.cancel("patching")
    *_, last = going
    assert "patched" in last.line and not last.cancel["interactive"]
    assert np.isnan(np.asarray(last.map.data[0].z, dtype=float)).any()


def test_one_place_is_patched_and_the_three_texts_stand_side_by_side(desk: Desk, model: Any) -> None:
    patch(desk)
    last = write(desk, 1, 2)[-1]
    pair = pair_of(model)
    runs = (
        (pair.clean.token_ids, ()),
        (pair.corrupted.token_ids, ()),
        (pair.corrupted.token_ids, variant_at(pair, Place("residual", 1, 2))),
    )
    found = [unescape(one) for one in re.findall(r"<b>(.*?)</b>", last.texts, re.DOTALL)]
    assert found == ["".join(step.text for step in written_after(model, *run, 12)) for run in runs]
    assert "layer 1 at position 2" in plain(last.texts) and "Written" in last.line


def test_a_pressed_cell_is_patched_framed_and_set_on_the_dials(desk: Desk) -> None:
    patch(desk, site="head")
    first, *_, last = press(desk, {"layer": 2, "column": 1})
    (frame,) = first.map.layout.shapes
    assert (frame.x0, frame.y0) == (0.5, 1.5)
    assert (first.layer["value"], first.column["value"]) == (2, 1)
    assert "head 1 of layer 2" in plain(last.texts)


def test_what_both_prompts_say_unpatched_is_written_once(desk: Desk, every_step: None) -> None:
    patch(desk)
    once = len(write(desk, 0, 1))
    assert len(write(desk, 1, 1)) < once


@pytest.mark.parametrize(
    "choice", [None, {}, {"layer": 99, "column": 0}, {"layer": 0, "column": 99}, {"layer": "0", "column": 0}]
)
def test_a_place_that_is_none_is_said(desk: Desk, choice: Any) -> None:
    patch(desk)
    (last,) = press(desk, choice)
    assert "no such place" in last.line and not shown(last.map)


def test_without_a_map_there_is_no_place(desk: Desk) -> None:
    (last,) = write(desk, 0, 0)
    assert "Press Patch first" in last.line


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (("", "an"), "empty"),
        (("in the an an",), "The clean prompt is longer"),
        (("in the an", "in the an"), "Both prompts are the same"),
        (("in the an", "an the an", "zz"), "one token"),
        (("in the an", "an the an", "<b>"), "one token"),
        (("in the an", "an the an", "z", "z"), "same token"),
        ((None, None, None, None), "empty"),
    ],
)
def test_what_cannot_be_compared_is_said_and_the_map_stays(desk: Desk, fields: Any, message: str) -> None:
    patch(desk)
    before = desk.visitor.kept.of(PatchingState).mapped
    last = patch(desk, *fields)[-1]
    assert message in plain(last.line) and "<b>" not in last.line
    assert not shown(last.map) and desk.visitor.kept.of(PatchingState).mapped is before


def test_prompts_that_say_the_same_have_no_shares(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.interventions.patching.LEAST_DIFFERENCE", 1e9)
    last = patch(desk)[-1]
    assert "almost equally" in last.line and not last.cancel["interactive"]


def test_the_map_is_there_again_in_other_colours(desk: Desk) -> None:
    handlers = unwrap(desk.handler("patching-write", "click")).__self__
    assert handlers.redraw(desk.visitor, desk.now) == PatchingScreen()
    patch(desk)
    desk.controls["appearance"] = {"dark": True}
    again = handlers.redraw(desk.visitor, desk.now)
    assert shown(again.told) and dict(again.map.data[0].colorscale)[0.5] == dict(DARK.diverging)[0.5]


def test_an_example_fills_the_fields(desk: Desk) -> None:
    for name, pair in PAIRS.items():
        assert desk.handler(f"patching-try-{name}", "click")() == list(pair)


@pytest.mark.parametrize(
    ("choice", "place"),
    [({"layer": 3, "column": 0}, (3, 0)), ({"layer": True, "column": 0}, None), ([1, 2], None)],
)
def test_a_press_is_read_with_care(choice: Any, place: Any) -> None:
    assert chosen_place(choice) == place


@pytest.mark.parametrize("name", PAIRS)
def test_the_embedded_model_answers_the_examples_right(real_service: Any, name: str) -> None:
    pair = contrast_of(real_service, prompts_of(real_service, *PAIRS[name]))
    assert pair.clean_difference > 2 and pair.corrupted_difference < -2
    assert int(pair.clean.logits.argmax()) == pair.answer
    assert int(pair.corrupted.logits.argmax()) == pair.distractor
