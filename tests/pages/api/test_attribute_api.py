"""The endpoint of attribution: its scores are those of the model layer, and it says what it refuses."""

import json
import math
from typing import Any

import pytest

from model.interventions.attribution import Reading, finished
from model.interventions.token_scores import HIDING, METHODS
from tests.pages.refusals import refused
from viz.api.attribute import AttributeApi
from viz.words.strings import say

TEXT = "in the other hand"


@pytest.fixture
def api(service: Any) -> AttributeApi:
    return AttributeApi(service)


@pytest.mark.parametrize("method", METHODS)
def test_scores_are_those_of_the_model_layer(api: AttributeApi, method: Any) -> None:
    ids = api.service.encode(TEXT)
    answer = api.attribute(TEXT, 5, method)
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer, "plain JSON"
    assert answer["tokens"] == [api.service.model.text.token(one) for one in ids[:5]]
    assert (answer["token_id"], answer["token"]) == (ids[5], api.service.model.text.token(ids[5]))
    found = finished(Reading.of(api.service.engine, ids[:5], "float32", ids[5]).scores(method))
    expected = [None if math.isnan(value) else value for value in found.values]
    assert (answer["scores"][-1] is None) == (method in HIDING)
    assert answer["scores"] == pytest.approx(expected, abs=1e-4)
    assert method in say("api.attribute")


def test_past_the_end_the_most_likely_token_is_scored(api: AttributeApi) -> None:
    ids = api.service.encode(TEXT)
    answer = api.attribute(TEXT, len(ids), "rollout")
    logits = api.service.read(ids, "float32").logits(len(ids) - 1)
    assert answer["token_id"] == int(logits.argmax()) and len(answer["scores"]) == len(ids)


@pytest.mark.parametrize("position", [0, 99, -1, 1.5, True, "2", None, math.nan])
def test_a_position_that_the_text_does_not_have_is_named(api: AttributeApi, position: Any) -> None:
    assert "position must be" in refused(lambda: api.attribute(TEXT, position, "occlusion"))


@pytest.mark.parametrize("method", ["", "saliency", 3, None])
def test_a_method_that_is_none_is_named_with_those_that_are(api: AttributeApi, method: Any) -> None:
    assert "one of integrated_gradients" in refused(lambda: api.attribute(TEXT, 2, method))


@pytest.mark.parametrize("method", HIDING)
def test_of_one_token_nothing_can_be_hidden(api: AttributeApi, method: Any) -> None:
    assert "nothing of it can be hidden" in refused(lambda: api.attribute(TEXT, 1, method))


@pytest.mark.parametrize(
    ("text", "precision", "message"),
    [("", "fast", "The text is empty"), ("x" * 49, "fast", "49 tokens"), ("in", "double", "fast or exact")],
)
def test_bad_texts_and_precisions_are_named(
    api: AttributeApi, text: str, precision: str, message: str
) -> None:
    assert message in refused(lambda: api.attribute(text, 1, "rollout", precision))
