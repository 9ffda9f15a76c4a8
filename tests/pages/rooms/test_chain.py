"""The room of the sampler, as the app's own handlers draw it for a visitor."""

from collections.abc import Callable
from typing import Any

import pytest

from model.sampler.settings import BAN
from tests.pages.conftest import AbsentModel
from tests.pages.desk import Desk, changed

PANELS = {"chain", "road", "stages", "chain_sweep", "chain_ranked"}


@pytest.fixture
def desk(app: Any, newcomer: Callable[[], Any]) -> Desk:
    """A visitor who has written six tokens and opened the room."""
    desk = Desk(app, newcomer())
    desk.write(max_new_tokens=6, temperature=1.0, top_k=20, top_p=0.9)
    desk.open("room-chain")
    return desk


def names(screen: Any) -> list[str]:
    return [row["name"] for row in screen.chain["stages"]]


def test_the_room_is_drawn_when_it_is_open_and_only_then(desk):
    assert changed(desk.open("room-chain")) == PANELS
    assert changed(desk.select(4)) >= PANELS | {"bars"}
    desk.open("page-explore")
    assert not changed(desk.select(5)) & PANELS


def test_temperature_and_ranks_are_those_that_explore_shows(desk):
    here = desk.move(chain={"order": ["top_p", "top_k"]})
    there = desk.open("page-explore")
    assert here.chain_sweep.to_json() == there.sweep.to_json()
    assert here.chain_ranked.to_json() == there.ranked.to_json()


def test_an_order_reshapes_the_step_and_says_what_it_changes(desk):
    usual = desk.move(top_p=0.8)
    assert names(usual) == ["top_k", "top_p"] and "usual order" in usual.chain["sentence"]
    screen = desk.move(chain={"order": ["top_p", "top_k"], "serial": 3})
    assert names(screen) == ["top_p", "top_k"] and screen.chain["serial"] == 3
    assert (
        "in the usual order" in screen.chain["sentence"] or "usual order leaves" in screen.chain["sentence"]
    )
    assert "same dice" in screen.chain["sentence"]
    assert screen.preset is None and "The text was sampled with" in screen.notice
    assert list(screen.stages.layout.xaxis.ticktext)[1].startswith("top-p")


def test_a_ban_behind_top_k_is_heeded_and_the_table_says_how(desk):
    before = desk.visitor.run.token_ids
    desk.move(top_p=1.0)
    likely = desk.move(top_k=1).bars["rows"][0]["token_id"]
    chain = {"order": ["top_k", "logit_bias"], "values": {}, "logit_bias": {str(likely): BAN}}
    screen = desk.move(chain=chain)
    assert names(screen) == ["logit_bias", "top_k"] and "it acts before them" in screen.chain["sentence"]
    row = next(row for row in screen.bars["rows"] if row["token_id"] == likely)
    assert row["shaped"] == 0 and row["cut"] == "logit_bias"
    desk.write("generate", max_new_tokens=8)
    assert desk.visitor.run.token_ids != before and likely not in desk.visitor.run.token_ids[2:]


def test_a_bias_on_a_token_that_there_is_not_is_said_with_the_range_and_the_page_stays(desk):
    run = desk.visitor.run
    chain = {"order": None, "values": {}, "logit_bias": {"999999": BAN}}
    said = "a token id of logit_bias must be between 0 and 264, not 999999"
    screen = desk.move(chain=chain)
    assert changed(screen) == {"notice"} and said in screen.notice
    for button in ("generate", "step"):
        assert said in desk.write(button)[-1].notice and desk.visitor.run is run


def test_generate_writes_with_the_chain(desk):
    bias = {str(token_id): BAN for token_id in desk.visitor.run.token_ids[2:]}
    desk.controls["chain"] = {"order": None, "values": {"typical_p": 0.8}, "logit_bias": bias}
    desk.write()
    settings = desk.visitor.run.settings
    assert settings.typical_p == 0.8 and len(settings.logit_bias) == len(bias)
    assert not {int(one) for one in bias} & set(desk.visitor.run.token_ids[2:])


def test_banned_and_boosted_tokens_stand_under_the_sliders_in_every_room(desk):
    desk.open("page-explore")
    chosen = desk.visitor.run.token_ids[desk.visitor.selected]
    for draw in (lambda **chain: desk.move(chain=chain), lambda **_: desk.move(temperature=0.9)):
        screen = draw(logit_bias={str(chosen): BAN, "4": 5.0})
        assert [[chip["token_id"] for chip in group["chips"]] for group in screen.biases["groups"]] == [
            [chosen],
            [4],
        ]
    assert desk.move(chain={"logit_bias": {}}).biases == {"groups": []}
    assert desk.select(3).biases == {"groups": []}


def test_a_chain_that_no_sampler_takes_is_a_notice(desk):
    for wrong in ({"order": ["nothing"]}, {"values": {"typical_p": "x"}}, {"logit_bias": {"1": "much"}}):
        screen = desk.move(chain=wrong)
        assert changed(screen) == {"notice"} and "problem" in screen.notice


def test_the_road_is_of_the_picked_token_then_of_those_found_then_of_the_chosen_one(desk, tiny):
    chosen = desk.visitor.run.token_ids[desk.visitor.selected]

    def roads(screen: Any) -> list[str]:
        return [road["title"].split("id ")[1] for road in screen.road["roads"]]

    assert roads(desk.open("room-chain")) == [str(chosen)]
    assert roads(desk.move(picked={"token_id": 17})) == ["17"]
    assert changed(desk.move(picked={"token_id": 18})) == {"road"}
    found = roads(desk.move(query=tiny.text.token(chosen)))
    assert found[0] == "18" and str(chosen) in found
    assert roads(desk.move(picked={"token_id": 10**9}))[0] != "18"
    desk.open("page-explore")
    assert changed(desk.move(picked={"token_id": 17})) == set()


def test_an_update_of_the_room_is_small(desk):
    screen = desk.select(4)
    assert desk.payload("selection", "select", screen) < 200_000


def test_the_room_can_be_looked_at_before_there_is_a_model(newcomer, open_app):
    desk = Desk(open_app(AbsentModel()), newcomer())
    assert changed(desk.open("room-chain")) == PANELS


def test_an_order_that_leaves_other_tokens_is_compared_with_the_usual_one(desk):
    """At a high temperature top-p keeps fewer tokens before it than behind it."""
    desk.controls |= {"temperature": 2.0, "top_k": 0, "top_p": 0.5}
    screen = desk.move(chain={"order": ["top_p", "temperature"]})
    kept = screen.chain["dice"]["kept"]
    usual = desk.move(chain=None).chain["dice"]["kept"]
    assert int(kept) < int(usual)
    assert f"Tokens left: {kept} in this order, {usual} in the usual order" in screen.chain["sentence"]


XTC = {"order": None, "values": {"xtc_probability": 0.5, "xtc_threshold": 0.01}, "logit_bias": {}}


def test_the_coin_of_a_step_is_shown_where_its_dice_are(desk):
    desk.write(chain=XTC)
    screen = desk.select(4)
    step = desk.visitor.run.step_at(4)
    row = next(row for row in screen.chain["stages"] if row["name"] == "xtc_probability")
    side = "it acts" if step.coin < 0.5 else "it rests"
    assert f"{step.coin:.3f}" in row["note"] and side in row["note"]
    assert [box["value"] for box in row["more"]] == ["0.01"]
    assert f"coin = {step.coin:.4f}" in [fact["value"] for fact in screen.bars["facts"]]
    assert step.kept == int(row["numbers"]["kept"])
    cumulative = desk.open("room-dice").cumulative
    assert any(row["note"] in str(note.text) for note in cumulative.layout.annotations)


def test_where_no_dice_were_thrown_the_stage_is_shown_at_work_and_said_to_be(desk):
    desk.move(chain=XTC)
    for place in (1, len(desk.visitor.run.token_ids)):
        screen = desk.select(place)
        row = next(row for row in screen.chain["stages"] if row["name"] == "xtc_probability")
        assert "No coin was thrown here" in row["note"]
        assert not any("coin =" in fact["value"] for fact in screen.bars["facts"])


def test_dry_is_set_in_the_chain_and_says_what_it_did(desk):
    chain = {"order": None, "values": {"dry_multiplier": 5, "dry_allowed_length": 1}, "logit_bias": {}}
    desk.write(chain=chain, max_new_tokens=20, top_k=3)
    run = desk.visitor.run
    assert (run.settings.dry_multiplier, run.settings.dry_allowed_length) == (5, 1)
    screen = desk.select(len(run.token_ids) - 1)
    row = screen.chain["stages"][0]
    assert row["name"] == "dry_multiplier" and "repetition" in row["note"]
    weaker = {**chain, "values": {"dry_multiplier": 5}}
    assert "DRY 5 (base 1.75, allowed length 1)" in desk.move(chain=weaker).notice


def test_a_threshold_that_was_moved_is_among_the_settings_that_differ(desk):
    desk.write(chain=XTC)
    desk.select(4)
    moved = {**XTC, "values": {"xtc_probability": 0.5, "xtc_threshold": 0.02}}
    assert "XTC 0.5 (threshold 0.01)" in desk.move(chain=moved).notice
    assert desk.move(chain=XTC).notice == ""
