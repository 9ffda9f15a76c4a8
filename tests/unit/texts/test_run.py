"""Runs: validated, frozen, and the same after a trip through JSON."""

import dataclasses
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.numbers import MAX_SEED, OutOfRange, within
from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from tests.unit.texts.runs import RUNS, SETTINGS, run_of, step


@given(RUNS)
def test_a_run_is_the_same_after_a_trip_through_json(run):
    assert Run.from_json(json.loads(json.dumps(run.to_json()))) == run


@given(SETTINGS)
def test_settings_keep_every_number_exactly_in_json(settings):
    assert SamplerSettings.from_json(json.loads(json.dumps(settings.to_json()))) == settings


def test_the_json_of_a_run_has_the_fields_of_the_api():
    data = run_of("Par", "is").finished("length").to_json()
    assert set(data) == {
        "schema",
        "model",
        "prompt",
        "prompt_token_ids",
        "settings",
        "seed",
        "precision",
        "text",
        "finish_reason",
        "steps",
    }
    assert data["text"] == "Paris"
    assert set(data["steps"][0]) == {
        "position",
        "token_id",
        "token",
        "text",
        "u",
        "forced",
        "logprob",
        "probability",
        "rank",
        "entropy_bits",
        "surprisal_bits",
        "kept",
    }


def test_a_step_tells_its_settings_in_json_only_where_they_differ_from_those_of_the_run():
    other = SamplerSettings(temperature=0.0)
    assert "settings" not in step(2).to_json()
    assert step(2, settings=other).to_json()["settings"] == other.to_json()


def test_a_run_tells_the_number_format_that_computed_it_and_one_that_does_not_is_float32():
    data = run_of("a").to_json()
    assert data["precision"] == "float32"
    assert Run.from_json(data | {"precision": "bfloat16"}).precision == "bfloat16"
    del data["precision"]
    assert Run.from_json(data).precision == "float32", "runs of before there was a choice"


def test_a_run_keeps_its_number_format_as_it_goes_on_ends_and_is_cut():
    run = dataclasses.replace(run_of("a", "b"), precision="bfloat16")
    for other in (run.with_step(step(4)), run.finished("length"), run.cut_at(2)):
        assert other.precision == "bfloat16"


def test_a_run_without_a_schema_is_of_the_first_and_a_newer_one_is_refused():
    data = run_of("a").to_json()
    assert data["schema"] == 1
    for schema in (2, 10**30):
        with pytest.raises(ValueError, match="which a newer version wrote; 1 is read here"):
            Run.from_json(data | {"schema": schema})
    for schema in (0, -1, True, "1", None, 1.0, [1]):
        with pytest.raises(ValueError, match="must be a whole number from 1"):
            Run.from_json(data | {"schema": schema})
    del data["schema"]
    assert Run.from_json(data) == run_of("a")


def test_text_in_the_json_is_for_readers_and_never_read_back():
    data = run_of("a").to_json() | {"text": "something else"}
    assert Run.from_json(data).text == "a"


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data.pop("steps"),
        lambda data: data.pop("settings"),
        lambda data: data.pop("prompt_token_ids"),
        lambda data: data.pop("model"),
        lambda data: data.update(colour="red"),
        lambda data: data.update(settings=None),
        lambda data: data.update(settings=5),
        lambda data: data.update(steps=[5]),
        lambda data: data.update(steps=None),
        lambda data: data.update(prompt_token_ids="12"),
        lambda data: data.update(prompt_token_ids={"1": 2}),
        *(
            lambda data, wrong=wrong: data.update(prompt_token_ids=[1, wrong])
            for wrong in ("one", "12", 3.7, 3.0, True, None, -1, math.nan, [1], 10**400)
        ),
        lambda data: data.update(seed=-1),
        lambda data: data.update(finish_reason="bored"),
        lambda data: data["settings"].update(temperature=-1),
        lambda data: data["settings"].update(top_q=1),
        lambda data: data["steps"][0].pop("u"),
        lambda data: data["steps"][0].update(colour="red"),
        lambda data: data["steps"][0].update(settings={"temperature": 99}),
        lambda data: data["steps"][0].update(settings=5),
    ],
)
def test_what_is_no_run_is_refused_as_a_value_error(harm):
    data = json.loads(json.dumps(run_of("a", "b").to_json()))
    harm(data)
    with pytest.raises(ValueError, match=r"not a|must be|settings know no"):
        Run.from_json(data)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([3.7, 1], "each of the prompt_token_ids must be a whole number, not 3.7"),
        ([1, True], "each of the prompt_token_ids must be a whole number, not True"),
        ([1, "12"], "each of the prompt_token_ids must be a whole number, not '12'"),
        ("12", "prompt_token_ids must be a list of whole numbers, not '12'"),
    ],
)
def test_token_ids_of_a_prompt_are_never_made_to_fit(given, why):
    with pytest.raises(ValueError) as refused:
        Run.from_json(run_of("a").to_json() | {"prompt_token_ids": given})
    assert str(refused.value) == why


@pytest.mark.parametrize("data", [None, 5, "run", [], [1], {}])
def test_what_is_no_object_at_all_is_refused_as_a_value_error(data):
    with pytest.raises(ValueError, match="not a run"):
        Run.from_json(data)


@pytest.mark.parametrize("name", SamplerSettings.RANGES)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -11, 1e9, None, "1", True, [1]])
def test_a_setting_out_of_range_is_refused_by_name_with_its_range(name, value):
    low, high = SamplerSettings.RANGES[name]
    with pytest.raises(OutOfRange) as refused:
        SamplerSettings(**{name: value})
    assert str(refused.value).startswith(f"{name} must be between {low:,} and {high:,}, not ")
    assert (refused.value.name, refused.value.low, refused.value.high) == (name, low, high)


@pytest.mark.parametrize("name", SamplerSettings.RANGES)
def test_both_ends_of_a_range_belong_to_it(name):
    for end in SamplerSettings.RANGES[name]:
        assert getattr(SamplerSettings(**{name: end}), name) == end


def test_top_k_is_a_whole_number_however_it_is_written():
    assert SamplerSettings(top_k=40.0).top_k == 40
    assert isinstance(SamplerSettings(top_k=40.0).top_k, int)
    with pytest.raises(OutOfRange, match=r"top_k must be between 0 and 1,000,000, a whole number, not 1\.5"):
        SamplerSettings(top_k=1.5)


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1, 0.5, math.nan, "42", None])
def test_a_seed_that_json_could_not_carry_is_refused(seed):
    with pytest.raises(OutOfRange, match="seed must be between"):
        Run(model="tiny@00", prompt="", prompt_token_ids=(), seed=seed)


@given(st.integers(-5, 15))
def test_within_accepts_exactly_the_range(value):
    if 0 <= value <= 10:
        assert within("n", value, 0, 10) == value
    else:
        with pytest.raises(OutOfRange):
            within("n", value, 0, 10)


def test_surprisal_is_the_logprob_in_bits():
    assert step(2, logprob=-math.log(8)).surprisal_bits == pytest.approx(3.0)


def test_the_token_ids_of_a_run_are_the_prompt_and_then_the_steps():
    assert run_of("a", "b").token_ids == (1, 2, 7, 7)


@given(st.integers(0, 3), st.integers(0, 4), st.integers(-2, 9))
def test_the_step_at_a_position_is_the_one_that_chose_the_token_there(prompt, steps, position):
    run = run_of(*"abcd"[:steps], prompt_token_ids=tuple(range(prompt)))
    found = run.step_at(position)
    if prompt <= position < prompt + steps:
        assert found is not None
        assert found.position == position
    else:
        assert found is None


def test_a_step_without_settings_of_its_own_was_chosen_under_those_of_the_run():
    other = SamplerSettings(temperature=2.0)
    run = run_of("a").with_step(step(3, settings=other))
    assert run.settings_at(2) == run.settings
    assert run.settings_at(3) == other
    assert run.settings_at(4) == run.settings, "the next token would be chosen with the run's"


def test_a_run_goes_on_unfinished_after_one_more_step():
    run = run_of("a").finished("length").with_step(step(3, "b"))
    assert run.text == "ab"
    assert run.finish_reason is None


@given(st.integers(-1, 8))
def test_cutting_removes_the_token_at_the_position_and_all_after_it_but_never_the_prompt(position):
    run = run_of("a", "b", "c").finished("length")
    cut = run.cut_at(position)
    assert cut.token_ids == run.token_ids[: max(2, position)]
    assert cut.finish_reason == ("length" if position >= 5 else "stop")


def test_runs_and_settings_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        run_of("a").seed = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        SamplerSettings().temperature = 1.0
