"""The chain as a person sets it, and the table and the roads as they are shown."""

from contextlib import suppress
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.numbers import OutOfRange
from model.sampler.sampling import shape
from model.sampler.settings import BAN, SamplerSettings
from model.sampler.stage_records import CUTS, RECORD, RECORDS, STAGES
from model.sampler.stages import APPLY
from tests.chains import LOGITS, name, table
from viz.components.bias_chips import bias_chips_value
from viz.components.chain import DIALLED, in_chain, in_order, picked_token
from viz.pages.controls import Controls
from viz.rooms.chain.chain_road import chain_road_value
from viz.rooms.chain.chain_table import chain_table_value
from viz.words.strings import catalogue

USUAL = ["temperature", "top_k", "top_p"]
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=4) | st.sampled_from(STAGES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def settings_of(**chain):
    return Controls(chain=chain).settings


# The choice


def test_without_a_choice_the_sliders_alone_are_the_sampler():
    for choice in (None, {}, {"order": None, "values": {}, "logit_bias": {}, "serial": 4}, 7, "x"):
        assert Controls(chain=choice).settings == SamplerSettings()


def test_values_and_biases_of_the_chain_join_the_sliders():
    now = settings_of(values={"typical_p": 0.9, "top_k": 3}, logit_bias={"7": BAN})
    assert now.typical_p == 0.9 and now.logit_bias == ((7, BAN),)
    assert now.top_k == SamplerSettings().top_k, "a slider of the page says that"
    assert now.order is None


def test_an_order_that_is_the_usual_one_is_none():
    assert settings_of(order=USUAL).order is None
    assert settings_of(order=["top_p", "temperature", "top_k"]).order == ("top_p", "temperature", "top_k")


def test_a_slider_that_begins_to_act_takes_its_usual_place_in_a_changed_order():
    order = ["top_p", "temperature", "top_k"]
    now = Controls(min_p=0.1, repetition_penalty=1.2, chain={"order": order}).settings
    assert now.order == ("repetition_penalty", "top_p", "temperature", "top_k", "min_p")
    assert Controls(top_k=0, chain={"order": order}).settings.order == ("top_p", "temperature")


@given(st.permutations(STAGES), st.sets(st.sampled_from(STAGES)), st.sets(st.sampled_from(STAGES)))
def test_every_acting_stage_has_one_place_and_those_named_keep_their_order(order, acting, named):
    wanted = [stage for stage in order if stage in named]
    placed = in_order([stage for stage in STAGES if stage in acting], wanted)
    assert sorted(placed) == sorted(acting)
    assert [stage for stage in placed if stage in named] == [stage for stage in wanted if stage in acting]


@settings(max_examples=200, deadline=None)
@given(st.fixed_dictionaries({}, optional={"order": JSON, "values": JSON, "logit_bias": JSON}))
def test_whatever_a_browser_sends_is_a_sampler_or_out_of_range(choice):
    with suppress(OutOfRange):
        SamplerSettings(**in_chain(choice, {name: SamplerSettings.OFF[name] for name in DIALLED}))


def test_nonsense_in_the_chain_is_refused_by_name():
    for wrong in ({"order": ["tempreature"]}, {"order": "x"}, {"values": {"typical_p": 7}},
                  {"logit_bias": {"1": 1000}}, {"order": ["top_p", "top_p"]}):  # fmt: skip
        with pytest.raises(OutOfRange):
            _ = settings_of(**wrong)


@pytest.mark.parametrize("value", [None, 3, {}, {"token_id": None}, {"token_id": True}, {"token_id": "3"},
                                   {"token_id": -1}, {"token_id": 200}, {"token_id": 1.5}])  # fmt: skip
def test_what_is_no_token_is_not_picked(value):
    assert picked_token(value, 200) is None
    assert picked_token({"token_id": 199}, 200) == 199


# The table


def test_rows_stand_in_the_order_of_the_chain_and_the_others_behind():
    value = table(order=("top_p", "temperature", "top_k"))
    assert [row["name"] for row in value["stages"]] == ["top_p", "temperature", "top_k"]
    assert {row["name"] for row in value["off"]} == set(STAGES) - {"top_p", "temperature", "top_k"}
    assert value["model"]["kept"] == "200" and value["dice"]["kept"] == value["stages"][-1]["numbers"]["kept"]
    assert all(row["numbers"] is None for row in value["off"])


def test_the_shares_of_the_stages_multiply_to_that_of_the_last_row_and_the_models_own_is_told_beside_it():
    value, shaped = table(), shape(LOGITS, SamplerSettings(top_k=20), [1, 2])
    masses = [row["numbers"]["mass"] for row in value["stages"]]
    warm = np.exp(LOGITS / SamplerSettings().temperature)
    left = warm[shaped.token_ids].sum() / warm.sum()
    assert value["dice"]["mass"] == pytest.approx(np.prod(masses)) == pytest.approx(left, rel=1e-4)
    own = np.exp(LOGITS)[shaped.token_ids].sum() / np.exp(LOGITS).sum()
    assert value["dice"]["own_mass"] == f"{100 * own:.1f} % of the model’s own probability"
    assert abs(own - left) > 0.01
    assert not any(row["numbers"]["own_mass"] for row in value["stages"])


def test_the_followed_token_is_struck_where_it_is_cut_and_gone_behind():
    rare = int(np.argsort(-LOGITS)[30])
    first, second, third = table(chosen=rare)["stages"]
    assert not first["numbers"]["struck"] and second["name"] == "top_k"
    assert second["numbers"]["struck"] == first["numbers"]["chosen"] != "0 %"
    assert not second["numbers"]["gone"] and third["numbers"]["gone"]
    assert table(chosen=rare)["dice"]["gone"]


def test_the_table_says_which_choice_it_shows_and_whether_it_is_the_usual_one():
    assert (table()["serial"], table()["changed"]) == (0, False)
    value = table(choice={"serial": 4, "order": ["top_p"], "values": {}})
    assert (value["serial"], value["changed"]) == (4, True)


def test_biases_are_chips():
    (row, *_) = table(logit_bias={3: BAN, 4: 5.0})["stages"]
    assert [(chip["token_id"], chip["bias"]) for chip in row["chips"]] == [(3, "banned"), (4, "+5")]


def test_biased_tokens_are_chips_under_the_sliders_by_what_was_done_to_them():
    biases = SamplerSettings(logit_bias={3: BAN, 4: 5.0, 5: -2.0, 6: BAN}).logit_bias
    groups = bias_chips_value(biases, lambda token_id: f" <b>{token_id}")["groups"]
    assert [group["label"] for group in groups] == ["Banned:", "Boosted:", "Lowered:"]
    shown = [[(chip["token_id"], chip["token"], chip["bias"]) for chip in group["chips"]] for group in groups]
    assert shown == [[(3, "␣<b>3", ""), (6, "␣<b>6", "")], [(4, "␣<b>4", "+5")], [(5, "␣<b>5", "-2")]]
    assert bias_chips_value((), str) == {"groups": []}


def test_every_stage_is_named_explained_and_can_be_switched_on():
    assert list(catalogue()["components"]["chain"]["stage"]) and set(
        catalogue()["components"]["chain"]["stage"]
    ) == set(STAGES)
    for one in RECORDS:
        assert SamplerSettings(**{one.name: one.start}).chain.count(one.name) == 1, (
            f"{one.name} would do nothing"
        )


def test_every_stage_has_a_record_a_function_and_a_setting_of_its_name():
    assert set(STAGES) == set(APPLY) == {*RECORD, "logit_bias"}
    known = {field.name for field in fields(SamplerSettings)}
    parameters = {one.name for record in RECORDS for one in record.parameters}
    assert known == {*STAGES, *parameters, "dry_sequence_breakers", "order"}
    for one in RECORDS:
        assert one.low <= one.off <= one.high and one.low <= one.start <= one.high and one.start != one.off
        assert not one.whole or all(value == int(value) for value in (one.off, one.start, one.step))


def test_a_stage_with_a_second_number_has_a_box_for_it_and_says_what_its_coin_showed():
    now = SamplerSettings(**{**SamplerSettings.OFF, "xtc_probability": 0.5}, xtc_threshold=0.01)

    def row(shaped, settings):
        value = chain_table_value(shaped, settings, token_of=name, chosen=None, choice={}, sentence="")
        return next(one for one in (*value["stages"], *value["off"]) if one["name"] == "xtc_probability")

    removed = shape(LOGITS, now).excluded
    acting = row(shape(LOGITS, now, coin=0.25), now)
    assert (
        acting["note"] == f"The coin of XTC showed 0.250: it acts, excluded tokens: {removed}."
        and removed > 1
    )
    assert [(box["name"], box["value"], box["usual"]) for box in acting["more"]] == [
        ("xtc_threshold", "0.01", 0.1)
    ]
    assert row(shape(LOGITS, now, coin=0.75), now)["note"] == "The coin of XTC showed 0.750: it rests."
    assert "shown as it acts, in 50.0 % of all throws" in row(shape(LOGITS, now), now)["note"]
    high = replace(now, xtc_threshold=0.9)
    assert "nothing to exclude" in row(shape(LOGITS, high, coin=0.25), high)["note"]
    off = replace(now, xtc_probability=0.0)
    assert row(shape(LOGITS, off, coin=0.25), off)["note"] == ""


def test_dry_says_what_it_weakens_and_has_a_box_for_each_of_its_numbers():
    now = SamplerSettings(**{**SamplerSettings.OFF, "dry_multiplier": 0.8}, dry_base=2.0)
    for text, note in (
        ([1, 2, 3, 4, 1, 2, 3], "lengthen a repetition: 1; taken from their logits at most 1.6."),
        ([1, 2, 3], "No token would lengthen a repetition here."),
    ):
        shaped = shape(LOGITS, now, text)
        value = chain_table_value(shaped, now, token_of=name, chosen=None, choice={}, sentence="")
        (row,) = value["stages"]
        assert row["name"] == "dry_multiplier" and row["note"].endswith(note)
        boxes = {box["name"]: box["value"] for box in row["more"]}
        assert boxes == {"dry_base": "2", "dry_allowed_length": "2"}


def test_every_second_number_has_a_name_and_a_usual_value_in_its_range():
    for one in (one for record in RECORDS for one in record.parameters):
        assert catalogue()["components"]["chain"]["parameter"][one.name]
        assert one.low <= one.usual <= one.high and getattr(SamplerSettings(), one.name) == one.usual


# The road


def test_every_cut_is_said_with_its_bound():
    now = SamplerSettings(top_k=20, top_p=0.9)
    shaped = shape(LOGITS, now, [])
    rare, middle = (int(token_id) for token_id in np.argsort(-LOGITS)[[30, 19]])
    first, second = chain_road_value(shaped, now, [rare, middle], name)["roads"]
    assert first["steps"][-1]["why"] == "the first 20 stay, this one is number 31" and first["cut"]
    kept = shaped.stages[-1].kept
    assert second["steps"][-1]["why"] == f"0.9 was reached after {kept} tokens, this one is number 20"
    assert first["end"] == "cut by top-k" and first["token"] == f"␣t{rare}"


@pytest.mark.parametrize("stage", [*CUTS, "temperature", "logit_bias", "no_repeat_ngram_size"])
def test_no_word_is_missing_wherever_a_token_is_cut(stage):
    likely = int(LOGITS.argmax())
    value = {"temperature": 0.0, "logit_bias": {likely: BAN}, "no_repeat_ngram_size": 1}.get(
        stage, RECORD[stage].start if stage in RECORD else None
    )
    now = SamplerSettings(
        **{**SamplerSettings.OFF, stage: 0.05 if stage in ("epsilon_cutoff", "eta_cutoff") else value},
        xtc_threshold=0.01,
    )
    shaped = shape(LOGITS, now, [likely])
    roads = chain_road_value(shaped, now, [*shaped.ranking[[0, 100]]], name)["roads"]
    assert any(road["cut"] for road in roads)
    assert not any("{" in step["why"] or not step["why"] for road in roads for step in road["steps"])
