"""The endpoints: their numbers against an independent forward pass, and what they say to bad arguments."""

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
import httpx
import numpy as np
import pytest
import torch
from gradio_client import Client
from gradio_client.exceptions import AppError

from model.sampler.sampling import shape
from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from tests.pages.conftest import TINY_LIMITS
from tests.patience import EVERY_REQUEST, PATIENCE
from viz.api import explore as api_module
from viz.api.explore import Api

TEXT = "The capital of France is"
SAMPLER = {"temperature": 0.9, "top_k": 30, "top_p": 0.92, "min_p": 0.01, "repetition_penalty": 1.2}
RUN_FIELDS = {
    *("schema", "model", "prompt", "prompt_token_ids", "settings", "seed", "precision"),
    *("text", "finish_reason", "steps"),
}
STEP_FIELDS = {
    *("position", "token_id", "token", "u", "forced", "logprob", "probability", "rank"),
    *("entropy_bits", "surprisal_bits", "kept"),
}


@pytest.fixture
def api(service: Any) -> Api:
    return Api(service)


@pytest.fixture
def real(real_service: Any) -> Api:
    return Api(real_service)


def judged(judge: Any, token_ids: list[int]) -> Any:
    with torch.inference_mode():
        return judge(torch.tensor([token_ids]), output_attentions=True)


def softmax(logits: Any) -> Any:
    return torch.as_tensor(logits).double().softmax(-1).numpy()


def last(values: Iterator[dict]) -> dict:
    *_, value = values
    return value


# The numbers, against Transformers


def test_the_numbers_of_a_run_agree_with_a_forward_pass_and_softmax(real, judge):
    run = last(real.generate(TEXT, 12, seed=7, **SAMPLER))
    ids = run["prompt_token_ids"] + [step["token_id"] for step in run["steps"]]
    logits = judged(judge, ids).logits[0].numpy()
    assert set(run) == RUN_FIELDS and run["finish_reason"] == "length" and len(run["steps"]) == 12
    for step in run["steps"]:
        position, token_id = step["position"], step["token_id"]
        raw = softmax(logits[position - 1])
        assert set(step) >= STEP_FIELDS and ids[position] == token_id
        assert math.exp(step["logprob"]) == pytest.approx(raw[token_id], rel=1e-3, abs=1e-6)
        assert step["surprisal_bits"] == pytest.approx(-math.log2(raw[token_id]), abs=2e-3)
        assert step["entropy_bits"] == pytest.approx(-float((raw * np.log2(raw)).sum()), abs=2e-3)
        assert abs(step["rank"] - 1 - int((raw > raw[token_id]).sum())) <= 1
        shaped = shape(logits[position - 1], SamplerSettings(**SAMPLER), ids[:position])
        assert step["probability"] == pytest.approx(shaped.probability(token_id), abs=2e-3)
        assert abs(step["kept"] - shaped.kept) <= 1 and 0 <= step["u"] < 1 and not step["forced"]


def test_next_token_agrees_with_a_forward_pass_and_softmax(real, judge):
    told = real.next_token(TEXT, temperature=1.0, top_k=5, top_p=1.0, top=20)
    logits = judged(judge, [row["token_id"] for row in real.tokenize(TEXT)]).logits[0, -1].numpy()
    raw = softmax(logits)
    order = np.argsort(-logits)
    assert [row["token_id"] for row in told["tokens"]] == order[:20].tolist()
    assert [row["rank"] for row in told["tokens"]] == list(range(1, 21))
    for row in told["tokens"]:
        token_id = row["token_id"]
        assert row["logit"] == pytest.approx(float(logits[token_id]), abs=1e-3)
        assert row["probability"] == pytest.approx(raw[token_id], abs=1e-4)
        kept = token_id in order[:5]
        share = raw[token_id] / raw[order[:5]].sum() if kept else 0.0
        assert row["shaped_probability"] == pytest.approx(share, abs=1e-4)
        assert row["cut_by"] == (None if kept else "top_k")
    assert (told["vocab_size"], told["kept"]) == (len(raw), 5)
    assert told["tokens"][0]["token"] == " Paris"


def test_xtc_writes_with_its_coins_and_next_token_tells_the_mean_over_them(api):
    dials = {"temperature": 0.5, "top_k": 0, "top_p": 1.0}
    xtc = {"xtc_probability": 0.25, "xtc_threshold": 0.02}
    run = last(api.generate("in the", 12, seed=3, **dials, settings=xtc))
    assert {name: run["settings"][name] for name in (*dials, *xtc)} == dials | xtc
    assert all(0 <= step["coin"] < 1 and 0 < step["mixed_probability"] <= 1 for step in run["steps"])
    told, never, always = (
        api.next_token("in the", **dials, top=0, settings=xtc | {"xtc_probability": chance})
        for chance in (0.25, 0.0, 1.0)
    )
    for row in told["tokens"]:
        one, other = (
            next(it["shaped_probability"] for it in side["tokens"] if it["token_id"] == row["token_id"])
            for side in (always, never)
        )
        assert row["shaped_probability"] == pytest.approx(0.25 * one + 0.75 * other, abs=1e-12)
        assert row["cut_by"] is None, "the other side of the coin leaves it"
    assert always["kept"] < told["kept"] == never["kept"] == told["vocab_size"]
    assert {row["cut_by"] for row in always["tokens"]} == {None, "xtc_probability"}
    assert "coin" not in last(api.generate("in the", 2))["steps"][0]


def test_settings_by_name_take_the_place_of_the_arguments_and_the_rest_stays(api):
    run = last(api.generate("in the", 2, temperature=0.5, top_k=7, settings={"top_k": 9, "typical_p": 0.8}))
    settings = SamplerSettings(temperature=0.5, top_k=9, typical_p=0.8)
    assert Run.from_json(run).settings == settings
    told = api.next_token("in the", temperature=0.5, top_k=7, top_p=1, settings={"order": ["top_k"]})
    assert told["kept"] == 7 and told["tokens"][0]["shaped_probability"] > told["tokens"][0]["probability"]
    dry = {"dry_multiplier": 10, "dry_allowed_length": 1, "dry_sequence_breakers": []}
    dials = {"temperature": 1, "top_k": 0, "top_p": 1, "top": 0}
    plain, weak = (api.next_token("in in", **dials, settings=given) for given in (None, dry))
    of = [{row["token_id"]: row["shaped_probability"] for row in told["tokens"]} for told in (plain, weak)]
    again = api.tokenize("in ")[-1]["token_id"]
    assert 0 < of[1][again] < of[0][again] / 1000 and of[1].keys() == of[0].keys()
    for wrong, message in ((5, "settings must be an object"), ({"topk": 1}, "settings know no topk")):
        assert message in refused(lambda wrong=wrong: last(api.generate("in", 2, settings=wrong)))
        assert message in refused(lambda wrong=wrong: api.next_token("in", settings=wrong))
    assert "top_k must be between" in refused(lambda: api.next_token("in", settings={"top_k": -1}))


def test_attention_agrees_with_an_eager_pass(real, judge):
    ids = [row["token_id"] for row in real.tokenize(TEXT)]
    truth = judged(judge, ids).attentions
    for layer, head in ((0, 0), (17, 8), (29, 3)):
        told = real.attention(TEXT, layer, head)
        assert np.abs(np.array(told["weights"]) - truth[layer][0, head].numpy()).max() < 1e-4
    mean = np.array(real.attention(TEXT, 11, -1)["weights"])
    assert np.abs(mean - truth[11][0].mean(0).numpy()).max() < 1e-4
    assert "".join(told["tokens"]) == TEXT


# Their structure, on a tiny model


def test_generate_streams_and_its_last_value_is_the_whole_run(api, tiny, brake, monkeypatch):
    monkeypatch.setattr(api_module, "STREAM_SECONDS", 0.01)
    brake.pull()
    values = []
    for value in api.generate("in the", 6, temperature=1.0, top_k=0, top_p=1.0, seed=3):
        if len(value["steps"]) == len({len(known["steps"]) for known in values}):
            brake.let()  # as soon as it was sent, the next one is computed
        values.append(value)
    counts = [len(value["steps"]) for value in values]
    assert counts == sorted(counts) and set(counts) >= set(range(6)) and counts[-1] == 6
    assert {value["finish_reason"] for value in values[:-1]} == {None}
    assert values[-1]["finish_reason"] == "length"
    for value in values:
        value["text"].encode()
        assert json.loads(json.dumps(value, allow_nan=False)) == value
    run = Run.from_json(values[-1])
    assert run.to_json() == values[-1]
    assert (run.model, run.prompt, run.seed) == (tiny.info.identity, "in the", 3)
    assert run.settings == SamplerSettings(1.0, 0, 1.0)
    assert run.prompt_token_ids == tiny.encode("in the")


def test_a_slow_reader_gets_fewer_values_but_always_the_whole_run(api, monkeypatch):
    monkeypatch.setattr(api_module, "STREAM_SECONDS", 3600.0)
    values = list(api.generate("in the", 6))
    assert len(values) <= 2 and len(values[-1]["steps"]) == 6
    assert values[-1]["finish_reason"] == "length"


def test_the_same_arguments_give_the_same_run(api):
    first = last(api.generate("in the", 8, temperature=1.4, top_k=0, seed=5))
    again = last(api.generate("in the", 8, temperature=1.4, top_k=0, seed=5))
    other = last(api.generate("in the", 8, temperature=1.4, top_k=0, seed=6))
    assert first == again != other


def test_the_whole_vocabulary_sums_to_one_and_nothing_is_left(api, tiny):
    told = api.next_token("then", temperature=1.3, top_k=50, top_p=0.9, min_p=0.3, top=0)
    rows = told["tokens"]
    assert sorted(row["token_id"] for row in rows) == list(range(tiny.info.vocab_size))
    assert sum(row["probability"] for row in rows) == pytest.approx(1, abs=1e-9)
    assert sum(row["shaped_probability"] for row in rows) == pytest.approx(1, abs=1e-9)
    assert told["rest"] == {"count": 0, "probability": 0.0, "shaped_probability": 0.0}
    kept = [row for row in rows if row["cut_by"] is None]
    assert len(kept) == told["kept"] > 1
    assert told["kept_mass"] == pytest.approx(sum(row["probability"] for row in kept), abs=1e-9)
    assert {row["cut_by"] for row in rows} == {None, "top_k", "top_p", "min_p"}
    assert all((row["shaped_probability"] > 0) == (row["cut_by"] is None) for row in rows)
    after = [row["shaped_probability"] for row in kept]
    assert told["shaped_entropy_bits"] == pytest.approx(-sum(p * math.log2(p) for p in after), abs=1e-9)


@pytest.mark.parametrize("top", [1, 20, 264])
def test_the_rest_is_what_the_listed_tokens_leave(api, tiny, top):
    told = api.next_token("then", top=top)
    rows, rest = told["tokens"], told["rest"]
    assert len(rows) == top and rest["count"] == tiny.info.vocab_size - top
    assert rest["probability"] == pytest.approx(1 - sum(row["probability"] for row in rows), abs=1e-9)
    assert rest["shaped_probability"] == pytest.approx(
        1 - sum(row["shaped_probability"] for row in rows), abs=1e-9
    )
    assert rest["shaped_probability"] >= 0 and [row["rank"] for row in rows] == list(range(1, top + 1))


def test_greedy_keeps_one_token_and_names_the_stage_that_cut_the_others(api):
    told = api.next_token("then", temperature=0.0, top_k=0, top_p=1.0, top=3)
    assert (told["kept"], told["shaped_entropy_bits"]) == (1, 0.0)
    assert [row["cut_by"] for row in told["tokens"]] == [None, "temperature", "temperature"]


def test_the_repetition_penalty_looks_at_the_text(api, tiny):
    def by_id(text: str, penalty: float) -> dict[int, float]:
        told = api.next_token(text, 1.0, 0, 1.0, 0.0, penalty, top=0)
        return {row["token_id"]: row["shaped_probability"] for row in told["tokens"]}

    text = "inininin the"
    seen = set(tiny.encode(text))
    plain, penalised = by_id(text, 1.0), by_id(text, 3.0)
    assert all(penalised[token_id] < plain[token_id] for token_id in seen)
    unseen = [token_id for token_id in plain if token_id not in seen]
    growth = {round(penalised[token_id] / plain[token_id], 6) for token_id in unseen}
    assert len(growth) == 1 and growth.pop() > 1, "the others gain in one proportion"


def test_attention_rows_sum_to_one_and_nobody_looks_ahead(api, tiny):
    text = "then the one in an era"
    for layer in range(tiny.info.layers):
        heads = [np.array(api.attention(text, layer, head)["weights"]) for head in range(tiny.info.heads)]
        for weights in heads:
            assert np.abs(weights.sum(axis=1) - 1).max() < 1e-5
            assert not np.triu(weights, 1).any() and (weights >= 0).all()
        mean = np.array(api.attention(text, layer, -1)["weights"])
        assert np.abs(mean - np.mean(heads, axis=0)).max() < 1e-6
    assert len(tiny.encode(text)) == len(mean) == len(mean[0])


def test_tokenize_tells_every_token_and_its_position(api):
    assert api.tokenize("in the\n") == [
        {"token_id": api.service.model.encode("in")[0], "token": "in", "position": 0},
        {"token_id": api.service.model.encode(" the")[0], "token": " the", "position": 1},
        {"token_id": api.service.model.encode("\n")[0], "token": "\n", "position": 2},
    ]
    assert [row["token"] for row in api.tokenize("é")] == ["<0xC3>", "<0xA9>"]


# Bad arguments

NAN, INF = math.nan, math.inf
BAD_SETTINGS = [
    *[("temperature", value, "0.0 and 5.0") for value in (-1, 5.1, NAN, INF, -INF, "hot", None, True, [0.5])],
    *[("top_k", value, "0 and 1,000,000") for value in (1.5, -1, 10**9, NAN, "40", None)],
    *[("top_p", value, "0.0 and 1.0") for value in (2, -0.1, NAN)],
    *[("min_p", value, "0.0 and 1.0") for value in (-0.1, 1.1, NAN)],
    *[("repetition_penalty", value, "0.1 and 10.0") for value in (0, -2, 11, NAN, None)],
]
BAD_LENGTHS = [
    *[("max_new_tokens", value, "1 and 60") for value in (0, -3, 61, 10**9, 2.5, NAN, INF, None, "many")],
    *[("seed", value, "0 and 9,007,199,254,740,991") for value in (-1, 2**53, 1.5, NAN, INF, None, "dice")],
]
LONE = "half \ud83d of it"
BAD_TEXTS: list[tuple[Any, str]] = [
    ("", "The {name} is empty"),
    (None, "The {name}"),
    (12, "The {name}"),
    (["a"], "The {name}"),
    (LONE, "The {name} cannot be read: character 6 is half a character"),
    ("x" * 100_000, "The {name} has 100,000 characters"),
    ("x" * 49, "The {name} has 49 tokens, at most 48 fit"),
]


def refused(call: Callable[[], Any]) -> str:
    """Return the message of the error that a call is refused with."""
    with pytest.raises(gr.Error) as error:
        call()
    assert error.value.print_exception is False, "a visitor's mistake is no fault of the app"
    return str(error.value.message)


@pytest.mark.parametrize(("name", "value", "allowed"), BAD_SETTINGS + BAD_LENGTHS)
def test_generate_names_the_bad_argument_and_its_range(api, name, value, allowed):
    message = refused(lambda: list(api.generate("in the", **{name: value})))
    assert f"{name} must be between {allowed}" in message
    assert len(last(api.generate("in the", 2))["steps"]) == 2, "the next call works"


@pytest.mark.parametrize(("name", "value", "allowed"), BAD_SETTINGS)
def test_next_token_names_the_bad_argument_and_its_range(api, name, value, allowed):
    assert f"{name} must be between {allowed}" in refused(lambda: api.next_token("in the", **{name: value}))
    assert api.next_token("in the", top=1)["tokens"][0]["rank"] == 1


def test_a_huge_bad_value_is_not_sent_back_whole(api):
    for value in ("x" * 10**6, ["x"] * 10**6, 10**4000):
        assert len(refused(lambda value=value: api.next_token("in", temperature=value))) < 200


@pytest.mark.parametrize("top", [-1, 266, 1.5, NAN, None, "all"])
def test_next_token_names_the_range_of_top(api, top):
    assert "top must be between 0 and 265" in refused(lambda: api.next_token("in the", top=top))


@pytest.mark.parametrize(
    ("layer", "head", "message"),
    [
        (99, 0, "layer must be between 0 and 2, not 99"),
        (3, 0, "layer must be between 0 and 2"),
        (-1, 0, "layer must be between 0 and 2"),
        (0.5, 0, "layer must be between 0 and 2"),
        (None, 0, "layer must be between 0 and 2"),
        (0, -2, "head must be between -1 and 3, not -2"),
        (0, 4, "head must be between -1 and 3"),
        (0, NAN, "head must be between -1 and 3"),
        (0, "mean", "head must be between -1 and 3"),
    ],
)
def test_attention_names_the_range_of_layer_and_head(api, layer, head, message):
    assert message in refused(lambda: api.attention("in the", layer, head))
    assert len(api.attention("in the", 0, 0)["tokens"]) == 2


@pytest.mark.parametrize(("text", "message"), BAD_TEXTS, ids=lambda value: repr(value)[:20])
def test_a_bad_text_is_refused_by_the_name_of_its_argument(api, text, message):
    for call in (api.tokenize, api.next_token, lambda bad: api.attention(bad, 0, 0)):
        assert message.format(name="text") in refused(lambda call=call: call(text))
    assert message.format(name="prompt") in refused(lambda: list(api.generate(text)))
    assert len(api.tokenize("in the")) == 2


def test_control_characters_and_markup_are_text_like_any_other(api):
    text = "\x00\x1b[31m<script>\u202e\ufeff"
    assert b"".join(api.service.model.text.bytes_of(row["token_id"]) for row in api.tokenize(text)) == (
        text.encode()
    )
    assert last(api.generate(text, 2))["prompt"] == text


def test_a_model_still_loading_is_said_and_one_that_failed_too(service, monkeypatch):
    monkeypatch.setattr(api_module, "LOADING_SECONDS", 0.01)
    monkeypatch.setattr(service.background, "ready", False, raising=False)
    monkeypatch.setattr(service.background, "report_line", "Reading the weights.", raising=False)
    message = refused(lambda: Api(service).tokenize("in"))
    assert message == "The model is loading. Reading the weights."


# Over HTTP


@pytest.fixture(scope="module")
def client(served: str) -> Iterator[Client]:
    client = Client(served, verbose=False, analytics_enabled=False, httpx_kwargs=EVERY_REQUEST)
    yield client
    client.close()


def test_the_client_sees_the_endpoints_under_their_own_names(client):
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(endpoints) >= {"/generate", "/next_token", "/attention", "/tokenize", "/stages", "/replay"}
    defaults = {
        argument["parameter_name"]: argument["parameter_default"]
        for argument in endpoints["/generate"]["parameters"]
    }
    assert defaults == {
        "prompt": None,
        "max_new_tokens": 48,
        "temperature": 0.8,
        "top_k": 40,
        "top_p": 0.95,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
        "seed": 42,
        "precision": "fast",
        "settings": None,
    }


def test_the_client_gets_what_the_handlers_return(client, api):
    assert client.predict("in the", 5, seed=3, api_name="/generate") == last(
        api.generate("in the", 5, seed=3)
    )
    assert client.predict("in the", api_name="/next_token") == api.next_token("in the")
    assert client.predict("in the", 1, -1, api_name="/attention") == api.attention("in the", 1, -1)
    assert client.predict(text="in the", api_name="/tokenize") == api.tokenize("in the")


def test_the_client_streams(client):
    job = client.submit("in the", 60, api_name="/generate")
    whole = job.result(timeout=PATIENCE)
    values = job.outputs()
    assert values[-1] == whole and whole["finish_reason"] == "length"
    counts = [len(value["steps"]) for value in values]
    assert counts == sorted(counts) and counts[0] < 60


def test_the_client_hears_the_reason(client):
    with pytest.raises(AppError, match=r"temperature must be between 0\.0 and 5\.0, not -1"):
        client.predict("in the", temperature=-1, api_name="/generate")
    with pytest.raises(AppError, match="layer must be between 0 and 2, not 99"):
        client.predict("in the", 99, 0, api_name="/attention")


def call(address: str, name: str, body: str) -> str:
    """Post a body as it is and return what the event stream says."""
    start = f"{address}gradio_api/call/{name}"
    posted = httpx.post(start, content=body, headers={"content-type": "application/json"}, timeout=PATIENCE)
    posted.raise_for_status()
    return httpx.get(f"{start}/{posted.json()['event_id']}", timeout=PATIENCE).text


@pytest.mark.parametrize(
    ("name", "body", "answer"),
    [
        (
            "next_token",
            '{"data": ["in", NaN, 40, 0.9, 0, 1, 2, "fast", null]}',
            "temperature must be between",
        ),
        ("next_token", '{"data": ["in", 1, 40, Infinity, 0, 1, 2, "fast", null]}', "top_p must be between"),
        (
            "next_token",
            '{"data": ["in", 1e999, 40, 0.9, 0, 1, 2, "fast", null]}',
            "temperature must be between",
        ),
        ("next_token", '{"data": [NaN, 1, 40, 0.9, 0, 1, 2, "fast", null]}', "The text"),
        ("generate", '{"data": ["in", 4, 1, 40, 1, 0, 1, NaN, "fast", null]}', "seed must be between"),
        ("tokenize", '{"data": ["\\ud800x"]}', "character 1 is half a character"),
        (
            "generate",
            '{"data": ["\\udfff", 4, 1, 40, 1, 0, 1, 1, "fast", null]}',
            "character 1 is half a character",
        ),
        (
            "generate",
            '{"data": ["in", 4, 1, 40, 1, 0, 1, 1, NaN, null]}',
            "precision must be fast or exact, not nan",
        ),
        ("attention", '{"data": ["in", 1e999, 0, "fast"]}', "layer must be between"),
    ],
)
def test_json_that_is_no_json_and_half_characters_get_a_clear_answer(served, name, body, answer):
    said = call(served, name, body)
    assert said.startswith("event: error") and answer in said
    assert call(served, "tokenize", '{"data": ["in"]}').startswith("event: complete")


@pytest.mark.parametrize("body", ['{"data": ', "[1]", '{"data": {}}', "", '"\\ud800"', '{"data": 5}'])
def test_a_broken_body_is_refused_at_once(served, body):
    headers = {"content-type": "application/json"}
    answer = httpx.post(f"{served}gradio_api/call/tokenize", content=body, headers=headers, timeout=PATIENCE)
    assert 400 <= answer.status_code < 600
    assert call(served, "tokenize", '{"data": ["in"]}').startswith("event: complete")


def test_the_limits_of_the_tests_are_those_of_the_service(service):
    assert service.limits is TINY_LIMITS
