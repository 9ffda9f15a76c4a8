"""The lab's endpoints: their numbers against Transformers, and what they say to bad arguments."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from transformers.generation import logits_process as theirs

from model.sampler.sampling import draw, shape
from model.sampler.settings import SamplerSettings
from tests.pages.refusals import refused
from viz.api.lab import LabApi

TEXT = "The capital of France is"
ORDER = ["repetition_penalty", "min_p", "temperature", "top_k"]
SETTINGS = {"temperature": 1.7, "top_k": 40, "min_p": 0.01, "repetition_penalty": 1.2, "order": ORDER}


@pytest.fixture
def api(service: Any) -> LabApi:
    return LabApi(service)


@pytest.fixture
def real(real_service: Any) -> LabApi:
    return LabApi(real_service)


def last(values: Iterator[dict]) -> dict:
    *_, value = values
    assert json.loads(json.dumps(value)) == value, "plain JSON"
    return value


def written(api: LabApi, prompt: str, length: int, **changes: Any) -> dict:
    """Return a run that was written from a prompt."""
    (settings, seed) = (changes.pop("settings", {}), changes.pop("seed", 5))
    run = api.service.new_run(prompt, SamplerSettings(**settings), seed, "exact")
    *_, ended = api.service.engine.write(run, length)
    return ended.to_json()


def test_stages_are_those_of_the_processors_of_transformers_in_the_order_asked_for(real, judge):
    told = real.stages(TEXT, SETTINGS, top=0, precision="exact")
    ids = torch.tensor([real.service.encode(TEXT)])
    with torch.inference_mode():
        scores = judge(ids).logits[:, -1].double()
    raw = scores.softmax(-1)[0].numpy()
    rows = told["tokens"]
    token_ids = [row["token_id"] for row in rows]
    assert sorted(token_ids) == list(range(len(raw)))
    probabilities = np.array([row["probabilities"] for row in rows])
    assert np.abs(probabilities[:, 0] - raw[token_ids]).max() < 1e-5
    processors = [
        theirs.RepetitionPenaltyLogitsProcessor(1.2),
        theirs.MinPLogitsWarper(0.01),
        theirs.TemperatureLogitsWarper(1.7),
        theirs.TopKLogitsWarper(40),
    ]
    for index, (process, stage) in enumerate(zip(processors, told["stages"], strict=True), start=1):
        before = scores.softmax(-1)[0].numpy()
        scores = process(ids, scores)
        after = scores.softmax(-1)[0].numpy()
        assert stage["name"] == ORDER[index - 1]
        assert np.abs(probabilities[:, index] - after[token_ids]).max() < 1e-5
        assert stage["kept"] == np.count_nonzero(after)
        assert stage["mass"] == pytest.approx(before[after > 0].sum(), abs=1e-5)
        positive = after[after > 0]
        assert stage["entropy_bits"] == pytest.approx(-(positive * np.log2(positive)).sum(), abs=1e-3)
        gone = {row["token_id"] for row in rows if row["cut_by"] == stage["name"]}
        assert gone == set(np.flatnonzero((before > 0) & (after == 0)))


def test_stages_show_either_side_of_the_coin(api):
    settings = {"temperature": 0.5, "top_k": 0, "top_p": 1, "xtc_probability": 0.5, "xtc_threshold": 0.02}
    settings |= {"order": ["temperature", "xtc_probability"]}
    acting, also, resting = (
        api.stages("in the", settings, coin=coin)["stages"][1] for coin in (None, 0.4, 0.5)
    )
    assert acting == also and acting["name"] == resting["name"] == "xtc_probability"
    assert acting["mass"] < resting["mass"] == 1 and acting["kept"] < resting["kept"]
    assert "coin must be between 0 and 1, not 2" in refused(lambda: api.stages("in the", settings, coin=2))


def test_a_replay_under_xtc_tells_the_coin_where_the_texts_part(api):
    warm = {"temperature": 0.5, "top_k": 0, "top_p": 1}
    run = written(api, "in the", 12, settings=warm)
    told = last(api.replay(run, warm | {"xtc_probability": 1, "xtc_threshold": 0.02}))
    assert told["divergence"]["coin"] == told["steps"][told["first_divergence"]]["coin"]
    cooler = last(api.replay(run, {"temperature": 0.3, "top_k": 0, "top_p": 1}))
    assert "coin" not in cooler["divergence"]


def test_stages_without_an_order_are_those_that_do_something(api):
    told = api.stages("in the", {"temperature": 0.5, "top_k": 0, "typical_p": 0.9, "top_p": 1}, top=3)
    assert [stage["name"] for stage in told["stages"]] == ["temperature", "typical_p"]
    assert [len(row["probabilities"]) for row in told["tokens"]] == [3, 3, 3]
    default = api.stages("in the", top=1)
    assert [stage["name"] for stage in default["stages"]] == ["temperature", "top_k", "top_p"]


def test_a_replay_with_unchanged_settings_is_the_run_and_agrees_with_it_whole(real):
    run = written(real, TEXT, 10)
    for settings in (None, run["settings"]):
        told = last(real.replay(run, settings))
        assert (told["first_divergence"], told["agreement"], told["divergence"]) == (None, 1.0, None)
        assert (told["text"], told["settings"], told["seed"]) == (run["text"], run["settings"], run["seed"])
        for again, step in zip(told["steps"], run["steps"], strict=True):
            assert again.keys() == step.keys()
            for name, value in step.items():
                assert again[name] == (pytest.approx(value, abs=1e-5) if isinstance(value, float) else value)


def test_a_replay_diverges_where_the_cumulative_of_the_new_settings_says_so(real, judge):
    run, settings = written(real, TEXT, 10), {"temperature": 2.5, "top_k": 0, "top_p": 1.0}
    told = last(real.replay(run, settings))
    ids = [*run["prompt_token_ids"], *(step["token_id"] for step in run["steps"])]
    with torch.inference_mode():
        logits = judge(torch.tensor([ids])).logits[0].numpy()
    index = told["first_divergence"]
    for step in run["steps"][: index + 1]:
        left = shape(logits[step["position"] - 1], SamplerSettings(**settings), ids[: step["position"]])
        same = step["position"] - len(run["prompt_token_ids"]) < index
        assert (draw(left, step["u"]) == step["token_id"]) == same
    apart = told["divergence"]
    assert (
        apart["u"] == run["steps"][index]["u"] and apart["position"] == len(run["prompt_token_ids"]) + index
    )
    assert apart["was"]["token_id"] == run["steps"][index]["token_id"]
    assert apart["now"]["token_id"] == told["steps"][index]["token_id"]
    equal = [a["token_id"] == b["token_id"] for a, b in zip(run["steps"], told["steps"], strict=False)]
    assert told["agreement"] == pytest.approx(sum(equal) / len(run["steps"]))


def test_a_branch_has_the_token_where_it_was_put_forced_and_goes_on_from_there(api):
    run = written(api, "in the", 8)
    told = last(api.branch(run, 4, 7, 5))
    assert [step["token_id"] for step in told["steps"][:2]] == [step["token_id"] for step in run["steps"][:2]]
    assert (told["steps"][2]["token_id"], told["steps"][2]["position"]) == (7, 4)
    assert [step["forced"] for step in told["steps"]] == [False, False, True, *[False] * 5]
    alone = last(api.branch(run, 4, 7, 0))
    assert len(alone["steps"]) == 3 and alone["steps"][2] == told["steps"][2]


def test_rollouts_are_the_runs_of_the_next_seeds_and_count_their_first_tokens(api):
    settings = {"temperature": 1.3, "top_k": 20, "top_p": 1.0}
    told = last(api.rollouts("in the", 12, 4, settings, seed=3))
    alone = [written(api, "in the", 4, settings=settings, seed=seed) for seed in told["seeds"]]
    assert told["seeds"] == list(range(3, 15))
    assert told["texts"] == [run["text"] for run in alone]
    first = Counter(run["steps"][0]["token_id"] for run in alone)
    assert {row["token_id"]: row["count"] for row in told["first_tokens"] if row["count"]} == dict(first)
    stages = api.stages("in the", settings, top=0)
    after = {row["token_id"]: row["probabilities"][-1] for row in stages["tokens"]}
    for row in told["first_tokens"]:
        assert row["probability"] == pytest.approx(after[row["token_id"]], abs=1e-6)
    tokens = [[step["token_id"] for step in run["steps"]] for run in alone]
    everything = [token for text in tokens for token in text]
    pairs = {pair for text in tokens for pair in pairwise(text)}
    assert told["distinct_1"] == pytest.approx(len(set(everything)) / len(everything))
    assert told["distinct_2"] == pytest.approx(len(pairs) / len(everything))
    logprobs = [step["logprob"] for run in alone for step in run["steps"]]
    assert told["mean_logprob"] == pytest.approx(sum(logprobs) / len(logprobs))


def test_beam_search_gives_the_sequences_and_scores_of_transformers(real, judge):
    told = last(real.beam_search(TEXT, 3, 6, 0.8, precision="exact"))
    ids = torch.tensor([real.service.encode(TEXT)])
    expected = judge.generate(
        ids, num_beams=3, num_return_sequences=3, max_new_tokens=6, length_penalty=0.8, do_sample=False,
        return_dict_in_generate=True, output_scores=True,
    )  # fmt: skip
    assert [one["token_ids"] for one in told["sequences"]] == [
        [token for token in row[ids.shape[1] :].tolist() if token != judge.config.pad_token_id]
        for row in expected.sequences
    ]
    assert [one["score"] for one in told["sequences"]] == pytest.approx(
        expected.sequences_scores.tolist(), abs=1e-3
    )
    by_id = {node["id"]: node for node in told["tree"]}
    for node in told["tree"]:
        before = by_id[node["parent"]]["logprob_sum"] if node["parent"] is not None else 0.0
        assert node["logprob_sum"] == pytest.approx(before + node["logprob"], abs=1e-5)


# Bad arguments


BAD_SETTINGS = [
    (5, "settings must be an object"),
    ({"temperature": -1}, "temperature must be between"),
    ({"heat": 1}, "settings know no heat"),
    ({"order": ["top_k", "top_k"]}, "order must name stages"),
    ({"order": "top_k"}, "order must name stages"),
    ({"logit_bias": {"x": 1}}, "logit_bias must be"),
    ({"logit_bias": {"999999": 1}}, "a token id of logit_bias must be between 0 and 264, not 999999"),
    ({"typical_p": math.nan}, "typical_p must be between"),
]


@pytest.mark.parametrize(("settings", "message"), BAD_SETTINGS, ids=str)
def test_bad_settings_are_named(api, settings, message):
    run = written(api, "in the", 2)
    assert message in refused(lambda: api.stages("in the", settings))
    assert message in refused(lambda: list(api.replay(run, settings)))
    assert message in refused(lambda: list(api.rollouts("in the", 2, 2, settings)))
    assert api.stages("in the")["stages"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "n must be between 1 and 256"),
        ({"n": 1e9}, "n must be between 1 and 256"),
        ({"n": 256, "max_new_tokens": 60}, "max_new_tokens must be between 1 and 16"),
        ({"max_new_tokens": 61}, "max_new_tokens must be between 1 and 60"),
        ({"seed": -1}, "seed must be between"),
        ({"prompt": ""}, "The prompt is empty"),
    ],
    ids=str,
)
def test_rollouts_name_the_bad_argument(api, arguments, message):
    assert message in refused(lambda: list(api.rollouts(**{"prompt": "in the"} | arguments)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"beams": 0}, "beams must be between 1 and 16"),
        ({"beams": 17}, "beams must be between 1 and 16"),
        ({"beams": 16, "max_new_tokens": 65}, "max_new_tokens must be between 1 and 64"),
        ({"length_penalty": math.inf}, "length_penalty must be between"),
        ({"prompt": "x" * 49}, "The prompt has 49 tokens"),
    ],
    ids=str,
)
def test_beam_search_names_the_bad_argument(api, arguments, message):
    assert message in refused(lambda: list(api.beam_search(**{"prompt": "in the"} | arguments)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"position": 1}, "position must be between 2 and 5"),
        ({"position": 6}, "position must be between 2 and 5"),
        ({"token_id": 265}, "token_id must be between 0 and 264"),
        ({"token_id": -1}, "token_id must be between"),
        ({"max_new_tokens": -1}, "max_new_tokens must be between 0 and 60"),
    ],
    ids=str,
)
def test_branch_names_the_bad_argument(api, arguments, message):
    run = written(api, "in the", 3)
    assert message in refused(
        lambda: list(api.branch(**{"run": run, "position": 3, "token_id": 1} | arguments))
    )


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda run: run.clear(), "not a run"),
        (lambda run: run.update(model="another@00"), "another"),
        (lambda run: run.update(prompt_token_ids=[10**6, 1]), "token ids"),
        (lambda run: run.update(precision="int3"), "int3"),
        (lambda run: run["steps"][1].update(position=9), "position"),
        (lambda run: run["steps"][0].update(u=7), "between 0 and 1"),
    ],
)
def test_what_is_no_run_of_this_model_is_refused_in_a_sentence(api, harm, message):
    run = written(api, "in the", 3)
    harm(run)
    for call in (lambda: list(api.replay(run)), lambda: list(api.branch(run, 3, 1, 1))):
        assert message in refused(call)
