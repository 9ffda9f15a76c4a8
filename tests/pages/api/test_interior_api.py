"""The endpoints on the inside of the model: their numbers against Transformers, and what they refuse."""

import json
import math
from typing import Any

import numpy as np
import pytest
import torch

from tests.pages.refusals import refused
from viz.api.interior import LEADING, OFFERED, InteriorApi

TEXT = "The capital of France is Paris. The capital of France is"


@pytest.fixture
def api(service: Any) -> InteriorApi:
    return InteriorApi(service)


@pytest.fixture
def real(real_service: Any) -> InteriorApi:
    return InteriorApi(real_service)


@pytest.fixture(scope="module")
def truth(judge: Any, real_service: Any) -> Any:
    """What the same weights say under eager attention, with all internals."""
    ids = torch.tensor([real_service.encode(TEXT)])
    with torch.inference_mode():
        return ids[0].tolist(), judge(
            ids, labels=ids, output_hidden_states=True, output_attentions=True, use_cache=False
        )


def told(value: dict) -> dict:
    assert json.loads(json.dumps(value, allow_nan=False)) == value, "plain JSON"
    return value


@pytest.mark.parametrize("position", [4, "end"])
def test_the_lens_ends_in_the_model_s_own_distribution_and_is_its_head_on_every_layer(
    real, judge, truth, position
):
    ids, found = truth
    at = len(ids) if position == "end" else position
    layers = told(real.lens(TEXT, at, "exact"))["layers"]
    assert [one["layer"] for one in layers] == list(range(judge.config.num_hidden_layers + 1))
    standing = ids[at] if at < len(ids) else int(found.logits[0, at - 1].argmax())
    own = found.logits[0, at - 1].double()
    with torch.inference_mode():
        middle = judge.lm_head(judge.model.norm(found.hidden_states[15][0, at - 1])).double()
    for layer, scores in ((layers[-1], own), (layers[15], middle)):
        probabilities = scores.softmax(-1)
        assert len(layer["tokens"]) == LEADING
        assert [row["token_id"] for row in layer["tokens"]][:3] == scores.topk(3).indices.tolist()
        for row in layer["tokens"]:
            assert row["probability"] == pytest.approx(float(probabilities[row["token_id"]]), abs=1e-4)
        entropy = -(probabilities * probabilities.log2()).nansum()
        assert layer["entropy_bits"] == pytest.approx(float(entropy), abs=1e-3)
    assert layers[-1]["rank_of_final"] == 1 + int((own > own[standing]).sum())
    if at == len(ids):
        assert layers[-1]["rank_of_final"] == 1
    assert layers[-1]["tokens"][0]["token"] == real.service.model.text.token(int(own.argmax()))


def mean_weight(attention: np.ndarray, ids: list[int], kind: str) -> float | None:
    """Return the mean over the queries of the weight on keys of a kind, where a query has one."""
    rows = []
    for query in range(1, len(ids)):
        earlier = [key for key in range(query) if ids[key] == ids[query]]
        keys = {
            "previous_token": [query - 1],
            "first_token": [0],
            "duplicate_token": earlier,
            "induction": [key + 1 for key in earlier if key + 1 < query],
        }[kind]
        if keys:
            rows.append(attention[query, keys].sum())
    return float(np.mean(rows)) if rows else None


@pytest.mark.parametrize("quantity", ["previous_token", "first_token", "duplicate_token", "induction"])
def test_heads_are_the_means_of_the_attention_of_transformers(real, truth, quantity):
    ids, found = truth
    values = told(real.heads(TEXT, quantity, "exact"))["values"]
    expected = [[mean_weight(head, ids, quantity) for head in layer[0].numpy()] for layer in found.attentions]
    assert np.allclose(np.array(values, dtype=float), np.array(expected, dtype=float), atol=1e-4)


def test_a_head_of_which_no_query_says_anything_is_null(api):
    values = told(api.heads("abc", "induction"))["values"]
    assert {value for row in values for value in row} == {None}
    assert len(values) == api.service.model.info.layers and len(values[0]) == api.service.model.info.heads


def test_every_quantity_on_offer_is_described_and_can_be_asked_for(api):
    from viz.words.strings import say  # noqa: PLC0415

    for name in OFFERED:
        assert name in say("api.heads") and told(api.heads("in the in", name))["values"]


def test_perplexity_is_the_exponential_of_the_loss_and_tokens_have_their_logprobs(real, truth):
    ids, found = truth
    answer = told(real.score(TEXT, "exact"))
    assert answer["perplexity"] == pytest.approx(math.exp(float(found.loss)), rel=1e-4)
    logprobs = found.logits[0].double().log_softmax(-1)
    first, *rest = answer["tokens"]
    assert (first["position"], first["logprob"], first["rank"], first["entropy_bits"]) == (
        0,
        None,
        None,
        None,
    )
    assert [row["token_id"] for row in answer["tokens"]] == ids
    for row in rest:
        scores = logprobs[row["position"] - 1]
        assert row["logprob"] == pytest.approx(float(scores[row["token_id"]]), abs=1e-3)
        assert row["rank"] == 1 + int((scores > scores[row["token_id"]]).sum())
        assert row["entropy_bits"] == pytest.approx(
            float(-(scores.exp() * scores).sum() / math.log(2)), abs=1e-3
        )
    first_bytes = len(first["token"].encode())
    bits = -sum(row["logprob"] for row in rest) / math.log(2)
    assert answer["bits_per_byte"] == pytest.approx(bits / (len(TEXT.encode()) - first_bytes))


def test_a_single_token_has_no_score(api):
    answer = told(api.score("a"))
    assert (answer["perplexity"], answer["bits_per_byte"], len(answer["tokens"])) == (None, None, 1)


@pytest.mark.parametrize("position", [0, 7, -1, 1.5, True, "2", None, math.nan])
def test_a_position_that_the_text_does_not_have_is_named(api, position):
    assert len(api.service.encode("in the")) == 2
    assert "position must be" in refused(lambda: api.lens("in the", position))


@pytest.mark.parametrize("quantity", ["token", "", "heat", 3, None])
def test_a_quantity_that_is_none_is_named_with_those_that_are(api, quantity):
    message = refused(lambda: api.heads("in the", quantity))
    assert "quantity must be one of entropy, distance" in message


@pytest.mark.parametrize(
    ("text", "precision", "message"),
    [("", "fast", "The text is empty"), ("x" * 49, "fast", "49 tokens"), ("in", "double", "fast or exact")],
)
def test_bad_texts_and_precisions_are_named_by_all(api, text, precision, message):
    calls = (
        lambda: api.lens(text, 1, precision),
        lambda: api.heads(text, "entropy", precision),
        lambda: api.score(text, precision),
    )
    assert all(message in refused(call) for call in calls)
