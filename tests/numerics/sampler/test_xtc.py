"""XTC ("exclude top choices"): its rule, its coin, and what both mean for texts, throws and rollouts."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from model.engine.engine import Engine
from model.lab.branching import branched
from model.lab.replay import replayed
from model.lab.rollout_statistics import first_token_test, rollout_tree
from model.lab.rollouts import MOST_ROLLOUTS, Rollouts
from model.sampler.coin import sides
from model.sampler.effects import ranked_curve
from model.sampler.landmarks import Landmarks
from model.sampler.road import road
from model.sampler.sampling import COIN, draw, shape, uniform
from model.sampler.settings import SamplerSettings
from model.sampler.throws import no_throws, throw
from model.texts.run import Run
from model.texts.stored_run import stored_run
from tests.numerics.writing import byte_ids, ended, start_with

OFF = dict(SamplerSettings.OFF)
LOGITS = st.lists(st.integers(-600, 600), min_size=2, max_size=40, unique=True).map(
    lambda hundredths: np.array(hundredths, np.float32) / 100
)
ALWAYS = SamplerSettings(**OFF | {"xtc_probability": 1.0, "xtc_threshold": 0.05})
OFTEN = SamplerSettings(**OFF | {"temperature": 0.5, "xtc_probability": 0.4, "xtc_threshold": 0.02})
FIRST_COINS = (0.20650309990981752, 0.16783896271482102, 0.5155139833915998)


def softmax(logits):
    powers = np.exp(logits.astype(np.float64) - logits.max())
    return powers / powers.sum()


def without_top_choices(probabilities, threshold, spared=()):
    """The rule of its author, on a whole distribution.

    p-e-w 2024, github.com/oobabooga/text-generation-webui/pull/6335: of all tokens that meet the threshold
    only the least probable one is kept, unless a line break or the end of the text would be removed.
    """
    meeting = sorted(np.flatnonzero(probabilities >= threshold), key=lambda one: probabilities[one])
    removed = [int(token_id) for token_id in meeting[1:]]
    if set(removed) & set(spared):
        return probabilities
    left = np.where(np.isin(np.arange(len(probabilities)), removed), 0.0, probabilities)
    return left / left.sum()


def mixed(logits, settings, text=()):
    """The distribution over all coins, from two chains that throw none."""
    always, never = (replace(settings, xtc_probability=chance) for chance in (1.0, 0.0))
    chance = settings.xtc_probability
    return chance * shape(logits, always, text).shaped + (1 - chance) * shape(logits, never, text).shaped


@given(LOGITS, st.floats(0.001, 0.6), st.sets(st.integers(0, 39), max_size=2))
def test_of_the_tokens_that_meet_the_threshold_the_least_likely_is_left(logits, threshold, spared):
    probabilities = softmax(logits)
    assume(np.abs(probabilities - threshold).min() > 1e-9)
    landmarks = Landmarks(lambda: (), spared)
    shaped = shape(logits, replace(ALWAYS, xtc_threshold=threshold), landmarks=landmarks)
    expected = without_top_choices(probabilities, threshold, spared)
    np.testing.assert_allclose(shaped.shaped, expected, atol=1e-12)
    assert shaped.excluded == np.count_nonzero(expected == 0)


@given(LOGITS, st.floats(0.01, 0.6), st.integers(2, 12), st.floats(0.3, 3))
def test_it_judges_what_the_stages_before_it_left_wherever_it_stands(logits, threshold, k, temperature):
    order = ("temperature", "top_k", "xtc_probability")
    changes = {"top_k": k, "temperature": temperature, "order": order, "xtc_threshold": threshold}
    warm = softmax(logits / np.float32(temperature))
    leading = np.argsort(-warm, kind="stable")[:k]
    left = np.zeros(len(warm))
    left[leading] = warm[leading] / warm[leading].sum()
    assume(np.abs(left - threshold).min() > 1e-6)
    expected = without_top_choices(left, threshold)
    np.testing.assert_allclose(shape(logits, replace(ALWAYS, **changes)).shaped, expected, atol=1e-6)


def test_behind_it_the_cold_leaves_what_is_left_and_no_other_token():
    probabilities = np.array([0.5, 0.2, 0.15, 0.1, 0.05])
    order = ("xtc_probability", "temperature")
    for temperature in (0.01, 1e-30, 0.0):
        settings = replace(ALWAYS, xtc_threshold=0.12, temperature=temperature, order=order)
        shaped = shape(np.log(probabilities), settings)
        np.testing.assert_allclose(shaped.shaped, [0, 0, 1, 0, 0], atol=1e-12)
        assert road(shaped, 2)[-1].probability == pytest.approx(1) and shaped.cut_by(0) == "xtc_probability"


def test_a_threshold_of_nothing_leaves_the_least_likely_token_that_has_a_chance():
    logits = np.array([3.0, 2.0, -1.0, -20_000.0, -np.inf], np.float32)
    assert list(shape(logits, replace(ALWAYS, xtc_threshold=0.0)).token_ids) == [2, 3]


def test_it_acts_where_the_coin_shows_less_than_the_probability_and_without_a_coin_it_is_shown_at_work():
    logits = np.log(np.array([0.5, 0.3, 0.2]))
    settings = replace(ALWAYS, xtc_probability=0.25)
    kept = {coin: shape(logits, settings, coin=coin).kept for coin in (0.0, 0.2499, 0.25, 0.9, None)}
    assert kept == {0.0: 1, 0.2499: 1, 0.25: 3, 0.9: 3, None: 1}
    assert shape(logits, settings, coin=0.3).coin == 0.3 and shape(logits, settings).coin is None
    off = replace(settings, xtc_probability=0.0)
    assert shape(logits, off, coin=0.3).coin is None, "a sampler without the stage throws no coin"


def test_no_step_loses_a_line_break_or_the_end_of_the_text():
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05]))
    settings = replace(ALWAYS, xtc_threshold=0.1)
    kept = []
    for tokens in ("\nabc", "a\nbc", "ab\nc", "abc\n"):
        landmarks = Landmarks(lambda tokens=tokens: enumerate(tokens))
        kept.append(shape(logits, settings, landmarks=landmarks).kept)
    assert kept == [4, 4, 2, 2], "the line break would go in the first two"
    assert shape(logits, settings, landmarks=Landmarks(lambda: (), [0])).kept == 4
    breaks = Landmarks(lambda: enumerate(["\n", "\n\n", " \n", "x"]), [3])
    assert breaks.spared == {0, 3}, "a line break alone, as its author has it"


def test_a_model_knows_its_line_breaks_and_ends(tiny_gpt2):
    spared = tiny_gpt2.landmarks.spared
    assert tiny_gpt2.eos_token_ids <= spared
    assert {tiny_gpt2.text.token(one) for one in spared - tiny_gpt2.eos_token_ids} == {"\n"}


# The coin


def test_the_coin_is_a_stream_of_its_own_that_stays_the_same_across_versions():
    # Computed once with numpy's Philox; a change here breaks every stored run.
    assert tuple(uniform(42, position, COIN) for position in (0, 1, 7)) == FIRST_COINS
    coins, dice = ([uniform(7, position, stream) for position in range(4000)] for stream in (COIN, 0))
    assert abs(np.corrcoef(coins, dice)[0, 1]) < 4 / np.sqrt(4000)
    assert np.mean(coins) == pytest.approx(0.5, abs=4 * np.sqrt(1 / 12 / 4000))
    assert not set(coins) & set(dice)


def test_every_step_records_its_coin_and_replays_it(endless, engine):
    run = ended(engine.write(start_with(byte_ids(6), settings=OFTEN, seed=5), 24))
    internals = engine.read(run.token_ids, run.precision)
    acted = 0
    for step in run.steps:
        logits, text = internals.logits(step.position - 1), run.token_ids[: step.position]
        assert step.coin == uniform(5, step.position, COIN)
        acting = replace(OFTEN, xtc_probability=float(step.coin < OFTEN.xtc_probability))
        shaped = shape(logits, acting, text, landmarks=endless.landmarks)
        assert step.token_id == draw(shaped, step.u) and step.kept == shaped.kept
        assert step.probability == pytest.approx(shaped.probability(step.token_id), abs=1e-5)
        whole = mixed(logits, OFTEN, text)
        if shape(logits, ALWAYS, text, landmarks=endless.landmarks).excluded:
            assert step.mixed_probability == pytest.approx(whole[step.token_id], abs=1e-5)
        acted += shaped.excluded > 0
    assert 0 < acted < 24, "both sides of the coin came"
    stored = stored_run(json.loads(json.dumps(run.to_json())), vocab_size=300, context_length=99)
    assert stored == run
    again = replayed(engine, stored)
    assert again.run.token_ids == run.token_ids and again.first_divergence is None
    assert [step.coin for step in again.run.steps] == [step.coin for step in run.steps]


def test_a_text_that_went_on_with_another_seed_keeps_the_coins_that_it_was_written_with(endless, engine):
    begun = ended(engine.write(start_with(byte_ids(6), settings=OFTEN, seed=5), 4))
    run = ended(engine.write(begun, 8, seed=9))
    position = run.steps[6].position
    assert run.coin_at(position) == uniform(9, position, COIN) != uniform(5, position, COIN)
    assert replayed(engine, run).first_divergence is None
    assert branched(engine, run, position, 65).steps[-1].coin == run.steps[6].coin
    seldom = replace(OFTEN, xtc_probability=0.2)
    replay = replayed(engine, run, seldom)
    assert [step.coin for step in replay.run.steps] == [step.coin for step in run.steps]


def test_a_text_written_without_it_replays_under_it_with_the_coins_of_its_seed(endless, engine):
    plain = ended(engine.write(start_with(byte_ids(6), seed=5), 12))
    assert all(step.coin is None and "coin" not in step.to_json() for step in plain.steps)
    replay = replayed(engine, plain, replace(ALWAYS, xtc_probability=0.5)).run
    assert [step.coin for step in replay.steps] == [uniform(5, one.position, COIN) for one in replay.steps]
    old = json.loads(json.dumps(plain.to_json()))
    assert "xtc_threshold" not in old["settings"] and Run.from_json(old) == plain


@pytest.mark.parametrize(
    "changes", [{"coin": 1.0}, {"coin": -0.1}, {"coin": "x"}, {"mixed_probability": 1.5}]
)
def test_a_stored_coin_that_cannot_be_is_refused(engine, changes):
    data = ended(engine.write(start_with(byte_ids(6), settings=OFTEN), 1)).to_json()
    data["steps"][0] |= changes
    with pytest.raises(ValueError, match="position 6"):
        stored_run(data, vocab_size=300, context_length=99)


def test_an_engine_refuses_a_coin_beyond_its_range(engine):
    with pytest.raises(ValueError, match="a draw must be at least 0 and below 1"):
        engine.write(start_with(byte_ids(5)), 2, coins={5: 1.0})


# Before the coin is thrown


@given(
    LOGITS,
    st.sampled_from([0, 1]) | st.floats(0.01, 0.99),
    st.floats(0.01, 0.4),
    st.floats(0.2, 3),
    st.integers(0, 10),
)
def test_over_all_coins_the_sampler_leaves_a_mixture(logits, chance, threshold, temperature, k):
    order = ("temperature", "xtc_probability", "top_k")
    changes = {"temperature": temperature, "top_k": k, "order": order}
    settings = replace(ALWAYS, xtc_probability=chance, xtc_threshold=threshold, **changes)
    either, expected = sides(shape(logits, settings, coin=0.5)), mixed(logits, settings)
    np.testing.assert_allclose(either.shaped, expected, atol=1e-12)
    assert either.shaped.sum() == pytest.approx(1) and either.probabilities.sum() == pytest.approx(1)
    assert sum(part.chance for part in either.parts) == pytest.approx(1)
    assert set(either.token_ids) == set(np.flatnonzero(expected)) and either.kept == len(either.token_ids)
    assert (np.diff(either.probabilities) <= 0).all(), "most likely first"
    assert either.kept_mass == pytest.approx(softmax(logits)[either.token_ids].sum())
    for token_id in range(len(logits)):
        assert either.probability(token_id) == pytest.approx(expected[token_id], abs=1e-12)
        assert (either.cut_by(token_id) is None) == (expected[token_id] > 0)
    for coin in (0.0, chance / 2, min(chance, 0.999), 0.999):
        under = either.under(coin)
        np.testing.assert_array_equal(under.shaped, shape(logits, settings, coin=coin).shaped)
        assert under.coin == (coin if chance > 0 else None)


def test_other_dice_at_a_step_throw_another_coin_and_come_near_the_mixture():
    logits = np.random.default_rng(3).normal(0, 1.5, 60).astype(np.float32)
    settings = replace(OFTEN, top_k=20)
    thrown = throw(no_throws(shape(logits, settings, coin=0.9), 0), 200_000, np.random.default_rng(1))
    expected = mixed(logits, settings)
    np.testing.assert_allclose(thrown.probabilities, expected[thrown.token_ids], atol=1e-12)
    assert thrown.distance < 0.006 and thrown.fit.p_value > 0.001
    one_by_one, dice = no_throws(shape(logits, settings), 0), np.random.default_rng(1)
    for _ in range(50):
        one_by_one = throw(one_by_one, 1, dice)
        u, coin = np.random.default_rng(1).random((one_by_one.total, 2))[-1][[0, 1]][::-1]
        assert one_by_one.last == draw(shape(logits, settings, coin=coin), u)


def test_first_tokens_of_rollouts_come_as_often_as_over_all_coins(endless, engine: Engine):
    run = start_with(byte_ids(6), settings=OFTEN)
    rollouts = Rollouts(engine, run, MOST_ROLLOUTS, 1, seed=1000)
    probabilities = rollouts.first_step().shaped
    logits = engine.read(byte_ids(6)).logits(5)
    np.testing.assert_allclose(probabilities, mixed(logits, OFTEN), atol=1e-9)
    coins = {step.coin < OFTEN.xtc_probability for one in rollouts.begun for step in one.steps}
    assert coins == {True, False}
    assert first_token_test(rollouts.begun, probabilities).p_value > 0.01
    one_side = rollouts.first_step().under(0.0).shaped
    assert first_token_test(rollouts.begun, one_side).p_value < 1e-6, "and the test can tell"


def test_a_rollout_is_the_run_of_its_seed_and_the_tree_knows_how_often_it_comes(endless, engine):
    run = start_with(byte_ids(6), settings=OFTEN, seed=70)
    *_, runs = Rollouts(engine, run, 6, 3)
    for one in runs:
        alone = ended(engine.write(one.cut_at(0), 3))
        assert (alone.token_ids, alone.steps[0].coin) == (one.token_ids, one.steps[0].coin)
    for node in rollout_tree(runs):
        if node.depth == 0 and len(node.token_ids) == 3:
            text, expected = list(byte_ids(6)), 1.0
            for token_id in node.token_ids:
                logits = engine.read(text).logits(len(text) - 1)
                expected *= sides(shape(logits, OFTEN, text, landmarks=endless.landmarks)).probability(
                    token_id
                )
                text.append(token_id)
            assert node.probability == pytest.approx(expected, rel=1e-3)


# What panels are told


def test_the_ranking_begins_behind_the_tokens_that_were_excluded():
    logits = np.log(np.array([0.4, 0.3, 0.2, 0.1]))
    acting = shape(logits, replace(ALWAYS, xtc_threshold=0.15, xtc_probability=0.5), coin=0.1)
    assert ranked_curve(acting).excluded == 2 and ranked_curve(acting).cuts == ()
    assert ranked_curve(acting.with_coin(0.7)).excluded == 0


def test_settings_that_differ_in_the_threshold_alone_act_alike_only_where_nothing_throws_the_coin():
    other = replace(ALWAYS, xtc_threshold=0.3)
    assert not ALWAYS.acts_like(other)
    assert replace(ALWAYS, xtc_probability=0.0).acts_like(replace(other, xtc_probability=0.0))
    assert SamplerSettings.from_json(other.to_json()) == other
    assert SamplerSettings(xtc_probability=0.5).to_json()["xtc_threshold"] == 0.1
    assert "xtc_threshold" not in SamplerSettings().to_json()
    assert not replace(ALWAYS, order=("top_k",)).throws_coin
