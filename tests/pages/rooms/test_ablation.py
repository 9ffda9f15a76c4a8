"""The rooms in which something is taken away: what they show is what the model layer finds."""

import math
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

from model.interior.head_quantities import head_quantities
from model.interventions.ablation import Ablation, ablate
from model.interventions.part_effects import part_effects
from tests.pages.conftest import service_of
from tests.pages.desk import Desk, author_of
from viz.pages.visitor import Visitor
from viz.rooms.ablation.room import ONLY, shown_dials
from viz.rooms.ablation.taking import AblationState
from viz.rooms.part_effects.measuring import PartEffectsState
from viz.words.percent import percent

LENGTH = 10
HEAD = ("head", 1, 2, 0, "zero", "text")
"""The values of the choices, in their order."""


@pytest.fixture(scope="module")
def author(app: Any) -> Visitor:
    """Somebody who has written a short text."""
    return author_of(app, LENGTH)


@pytest.fixture
def desk(app: Any, author: Visitor) -> Desk:
    """A visitor with that text on the page, at its fourth new token."""
    visitor = deepcopy(author)
    visitor.resume(author)
    desk = Desk(app, visitor)
    desk.select(len(visitor.run.prompt_token_ids) + 3)
    return desk


def take(desk: Desk, *values: Any) -> list[Any]:
    return list(desk.handler("ablate", "click")(desk.visitor, *(values or HEAD)))


def write(desk: Desk, length: int = 6, *values: Any) -> list[Any]:
    return list(desk.handler("ablate-write", "click")(desk.visitor, length, *(values or HEAD)))


def measure(desk: Desk, scope: str = "step") -> list[Any]:
    return list(desk.handler("measure-parts", "click")(desk.visitor, "zero", scope, *desk.values))


def test_taking_away_shows_the_token_before_and_after_and_the_new_leaders(app: Any, desk: Desk) -> None:
    model, run, at = service_of(app).model, desk.visitor.run, desk.visitor.selected
    whole, without = ablate(model, run.token_ids[:at], Ablation(*HEAD), run.token_ids[at])
    *_, shown, last = take(desk)
    for effect in (whole, without):
        assert percent(math.exp(effect.logprob_after)) in shown.effect
    assert shown.effect.count("<tr") == 10
    assert last.cancel["interactive"] is False
    assert desk.open("room-ablation").ablation_effect == shown.effect
    desk.select(at + 1)
    assert "Nothing has been taken away" in desk.open("room-ablation").ablation_effect


def test_the_text_without_a_part_grows_and_comes_onto_the_page_as_a_branch_that_says_so(
    desk: Desk, every_step: None
) -> None:
    run, at = desk.visitor.run, desk.visitor.selected
    screens = write(desk)
    assert any("caret" in str(screen.texts) for screen in screens)
    assert "caret" not in screens[-1].texts
    steps = desk.visitor.kept.of(AblationState).taken.steps
    assert len(steps) == 6
    assert [step.u for step in steps] == [
        step.u for step in run.steps[at - len(run.prompt_token_ids) :][:6]
    ], "with the same dice"
    desk.handler("ablate-put", "click")(desk.visitor, desk.prompt, *desk.values)
    assert desk.visitor.run.token_ids == (*run.token_ids[:at], *(step.token_id for step in steps))
    assert "without head 2 of layer 1" in desk.visitor.branch.name
    assert all(step.forced for step in desk.visitor.run.steps[at - len(run.prompt_token_ids) :])


def test_a_writing_that_is_cancelled_keeps_what_was_written(desk: Desk, every_step: None) -> None:
    screens = desk.handler("ablate-write", "click")(desk.visitor, 64, *HEAD)
    for screen in screens:
        if ">2 of" in str(screen.line):
            desk.handler("ablate-cancel", "click")(desk.visitor)
            break
    *_, last = screens
    written = len(desk.visitor.kept.of(AblationState).taken.steps)
    assert 2 <= written < 7
    assert f"{written} tokens written" in last.line


@pytest.mark.parametrize(
    "values",
    [
        ("soul", *HEAD[1:]),
        ("head", 99, *HEAD[2:]),
        ("head", None, *HEAD[2:]),
        ("token", 0, 0, 500, "zero", "text"),
    ],
)
def test_what_cannot_be_taken_away_is_said_and_the_text_stays(desk: Desk, values: tuple[Any, ...]) -> None:
    before = desk.visitor.run
    for press in (take, lambda desk, *values: write(desk, 6, *values)):
        (*_, last) = press(desk, *values)
        assert "problem" in last.line
    assert desk.visitor.run is before


def test_the_first_token_has_no_step_that_could_be_asked(desk: Desk) -> None:
    desk.select(0)
    for press in (take, write, measure):
        (*_, last) = press(desk)
        assert "first token" in last.line


def test_each_part_has_its_own_dials() -> None:
    for part in ("head", "attention", "mlp", "token"):
        shown = [one["visible"] for one in shown_dials(part)]
        assert shown == [part in parts for parts in ONLY.values()]


def test_every_head_is_drawn_as_it_was_measured_beside_where_it_looks(app: Any, desk: Desk) -> None:
    service, run, at = service_of(app), desk.visitor.run, desk.visitor.selected
    *_, last = measure(desk)
    *_, found = part_effects(service.model, run.token_ids[:at], run.token_ids[at], "zero", "step")
    internals = service.read(run.token_ids[:at], run.precision)
    weights = head_quantities(internals, ["confidence"], at, query=at - 1)["confidence"]
    np.testing.assert_allclose(last.part_effects_map.data[0].z, found.heads, atol=1e-4)
    np.testing.assert_allclose(last.part_effects_weights.data[0].z, weights, atol=1e-6)
    points = last.part_effects_scatter.data[0]
    for x, y, (layer, head) in zip(points.x, points.y, points.customdata, strict=True):
        assert x == pytest.approx(weights[layer, head], abs=1e-6)
        assert y == pytest.approx(found.heads[layer, head], abs=1e-4)
    attentions, mlps = last.part_effects_layers.data
    np.testing.assert_allclose(attentions.x, found.attentions, atol=1e-4)
    np.testing.assert_allclose(mlps.x, found.mlps, atol=1e-4)
    assert "Done" in last.line
    again = desk.open("room-part_effects")
    assert again.part_effects_map.data[0].z.tolist() == last.part_effects_map.data[0].z.tolist()


def test_a_measurement_that_is_cancelled_keeps_the_heads_that_were_tried(
    app: Any, desk: Desk, every_step: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model.network.hooked_model.ROWS", 2)
    screens = desk.handler("measure-parts", "click")(desk.visitor, "zero", "step", *desk.values)
    next(screens)
    next(screens)
    desk.handler("measure-parts-cancel", "click")(desk.visitor)
    *_, last = screens
    effects = desk.visitor.kept.of(PartEffectsState).measured.effects
    assert 0 < effects.done < effects.total
    assert f"{effects.done} of {effects.total}" in last.line
    assert last.cancel["interactive"] is False
