"""The room “Who mattered”: it shows what the model layer measures, keeps it, and says what it cannot do."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

from model.interventions.agreement import agreement
from model.interventions.attribution import Reading, finished
from model.interventions.limits import MOST_TOKENS
from model.interventions.token_scores import METHODS
from tests.pages.desk import Desk, author_of
from viz.components.score_strip import ScoreStrip
from viz.pages.visitor import Visitor
from viz.rooms.attribution.controls import AttributionControls
from viz.rooms.attribution.measuring import AttributionScreen
from viz.rooms.attribution.state import AttributionState, step_of
from viz.rooms.attribution.words import method_name, score_text
from viz.server.service import Trouble
from viz.words.percent import signed

AT = 7


@pytest.fixture(scope="module")
def author(app: Any) -> Visitor:
    """Somebody who has written a short text."""
    return author_of(app, 10)


@pytest.fixture
def desk(app: Any, author: Visitor) -> Desk:
    """A visitor with that text on the page, in the room, with a token of it selected."""
    desk = Desk(app, deepcopy_of(author))
    desk.open("page-why")
    desk.open("room-attribution")
    desk.select(AT)
    return desk


def deepcopy_of(author: Visitor) -> Visitor:
    visitor = deepcopy(author)
    visitor.show(author.run, author.pieces)
    visitor.history = author.history
    return visitor


def measuring(desk: Desk, **controls: Any) -> Iterator[AttributionScreen]:
    desk.controls |= {f"attribution_{name}": value for name, value in controls.items()}
    handler = desk.handler("attribution-measure", "click")
    return (AttributionScreen(*answer) for answer in handler(desk.visitor, *desk.values))


def press(desk: Desk, **controls: Any) -> AttributionScreen:
    return list(measuring(desk, **controls))[-1]


def tokens_of(strip: Any) -> list[dict[str, Any]]:
    return [json.loads(one) for one in strip["tokens"]]


def test_the_strip_shows_the_scores_of_the_model_layer(desk: Desk) -> None:
    last = press(desk, method="occlusion")
    run = desk.visitor.run
    reading = Reading.of(desk.service.engine, run.token_ids[:AT], run.precision, run.token_ids[AT])
    found = finished(reading.scores("occlusion"))
    tokens, most = tokens_of(last.attribution_strip), np.nanmax(np.abs(found.values))
    assert len(tokens) == AT and tokens[-1]["kind"] == "unscored"
    for token, value in zip(tokens[:-1], found.values, strict=False):
        assert token["kind"] == ("for" if value >= 0 else "against")
        assert token["weight"] == pytest.approx(abs(value) / most, abs=1e-3)
        assert score_text(value, "occlusion") in token["title"]
    assert signed(reading.worth) in last.attribution_told and "Hides one token" in last.attribution_told
    assert last.attribution_deletion.to_json() != last.attribution_insertion.to_json()
    assert "Measured" in last.line and not last.cancel["interactive"]


def test_switching_shows_what_is_there_and_the_button_computes_what_is_missing(desk: Desk) -> None:
    press(desk, method="gradient_x_input")
    other = desk.move(attribution_method="rollout")
    assert other.attribution_strip is None and "Press Measure" in other.attribution_told
    back = desk.move(attribution_method="gradient_x_input")
    assert back.attribution_strip is not None
    (measured,) = desk.visitor.kept.of(AttributionState).steps.values()
    before = measured.scores["gradient_x_input"]
    press(desk, method="gradient_x_input")
    assert measured.scores["gradient_x_input"] is before, "nothing is measured twice"
    desk.select(AT + 1)
    elsewhere = desk.move(attribution_method="gradient_x_input")
    assert elsewhere.attribution_strip is None
    again = desk.select(AT)
    assert again.attribution_strip == back.attribution_strip


def test_all_methods_are_measured_at_one_press_and_compared(desk: Desk) -> None:
    last = press(desk, method="lime", every=True, samples=64)
    (measured,) = desk.visitor.kept.of(AttributionState).steps.values()
    assert set(measured.scores) == set(measured.curves) == set(METHODS)
    table = last.attribution_agreement
    for method in METHODS:
        assert method_name(method) in table
        assert signed(measured.curves[method].deletion_area) in table
        if method != "lime":
            found = agreement(measured.scores["lime"], measured.scores[method])
            assert found is not None and signed(found.tau) in table and signed(found.high) in table
    assert table.count("<details>") == 1 and "by size" in table
    more = press(desk, method="lime", every=True, samples=256)
    assert "256 sets" in more.attribution_told, "more samples are other scores"


def test_the_token_can_be_held_against_another_one(desk: Desk) -> None:
    last = press(desk, method="gradient_x_input", against="x")
    run, model = desk.visitor.run, desk.service.model
    (measured,) = desk.visitor.kept.of(AttributionState).steps.values()
    assert measured.against == model.encode("x")[-1]
    reading = Reading.of(
        desk.service.engine, run.token_ids[:AT], run.precision, run.token_ids[AT], measured.against
    )
    np.testing.assert_allclose(
        measured.scores["gradient_x_input"].values,
        finished(reading.scores("gradient_x_input")).values,
        atol=1e-5,
    )
    assert "less that of" in last.attribution_told
    plain = desk.move(attribution_against=" ")
    assert plain.attribution_strip is None, "without it, nothing was measured yet"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("zebra", "must be one token"),
        ("<b>x</b>", "must be one token"),
        ("y" * 99, "at most 60"),
        ("\ud800", ""),
    ],
)
def test_what_is_no_single_token_is_refused_and_nothing_is_lost(desk: Desk, typed: str, message: str) -> None:
    press(desk, method="gradient_x_input")
    before = dict(desk.visitor.kept.of(AttributionState).steps)
    last = press(desk, method="gradient_x_input", against=typed)
    assert message in last.line and "problem" in last.line and "<b>" not in last.line
    assert desk.visitor.kept.of(AttributionState).steps == before
    assert not desk.visitor.working


def test_the_token_itself_is_no_other_one(desk: Desk) -> None:
    steps = desk.visitor.run.steps
    step = next(one for one in steps if one.token.isalnum())
    desk.select(step.position)
    last = press(desk, method="gradient_x_input", against=step.token)
    assert "is the token itself" in last.line


@pytest.mark.usefixtures("every_step")
@pytest.mark.parametrize("method", METHODS)
def test_a_measurement_can_be_cancelled_half_way(desk: Desk, method: str) -> None:
    screens = measuring(desk, method=method)
    assert next(screens).cancel["interactive"]
    assert "progress" in next(screens).line
    desk.visitor.cancel("attribution")
    last = list(screens)[-1]
    assert "Cancelled" in last.line and not last.cancel["interactive"]
    assert not desk.visitor.working
    if method != "gradient_x_input":  # one reading, which is kept
        assert last.attribution_strip is None
    assert press(desk, method=method).attribution_strip is not None


def test_the_first_token_and_a_short_context_are_explained(desk: Desk) -> None:
    desk.select(0)
    assert "Nothing comes before the first token" in press(desk, method="rollout").line
    desk.select(1)
    assert "hides tokens" in press(desk, method="occlusion").line
    last = press(desk, method="gradient_x_input", every=True)
    assert last.attribution_strip is not None and "Measured" in last.line
    assert "was measured" in desk.select(1).attribution_deletion.to_json()


def test_past_the_end_the_most_likely_token_is_asked_about(desk: Desk) -> None:
    desk.select(len(desk.visitor.run.token_ids))
    assert press(desk, method="rollout").attribution_strip is not None


def test_a_context_that_is_too_long_is_named(desk: Desk) -> None:
    with pytest.raises(Trouble, match=str(MOST_TOKENS)):
        step_of(desk.visitor.run, MOST_TOKENS + 1, AttributionControls())


@pytest.mark.parametrize(
    "nonsense", [{"method": "saliency"}, {"method": None}, {"samples": 10**9}, {"against": 7}]
)
def test_what_no_page_sends_is_refused(desk: Desk, nonsense: dict[str, Any]) -> None:
    assert "problem" in press(desk, **{"method": "rollout", **nonsense}).line
    assert not desk.visitor.working


def test_while_the_model_loads_it_is_said_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(desk.service), "ready", False)
    assert "problem" in press(desk, method="rollout").line


def test_a_strip_travels_as_strings(desk: Desk) -> None:
    value = press(desk, method="rollout").attribution_strip
    assert ScoreStrip({}, elem_id="strip").postprocess(value) is not None
    assert value["low"] == "" and "%" in value["high"], "shares have no sign"
