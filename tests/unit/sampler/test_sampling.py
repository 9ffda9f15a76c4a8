"""Laws of the sampler: what each stage keeps, where the dice fall, and what is never lost or invented."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model.numbers import MAX_SEED
from model.sampler.distribution import PARTS, descending, entropy_bits, leading
from model.sampler.sampling import draw, shape, uniform
from model.sampler.settings import SamplerSettings
from model.sampler.stage_records import STAGES

OFF = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "repetition_penalty": 1.0}
BARELY = np.nextafter(1.0, 0.0)
"""The largest draw there is."""
FIRST_DRAWS = (0.8201981478608876, 0.36812845090913937, 0.9727497821102699)


def sampler(**changes) -> SamplerSettings:
    """Every stage off but the ones named."""
    return SamplerSettings(**OFF | changes)


LOGITS = arrays(np.float32, st.integers(1, 20), elements=st.floats(-30, 30, width=32))
TIED_LOGITS = arrays(np.float32, st.integers(1, 20), elements=st.sampled_from([-2.0, 0.0, 0.5, 3.0]))
ANY_LOGITS = LOGITS | TIED_LOGITS
TEXTS = st.lists(st.integers(0, 19), max_size=6)
SETTINGS = st.builds(
    SamplerSettings,
    temperature=st.sampled_from([0.0, 5e-324, 1.0]) | st.floats(0, 5),
    top_k=st.integers(0, 50),
    top_p=st.floats(0, 1),
    min_p=st.floats(0, 1),
    repetition_penalty=st.just(1.0) | st.floats(0.1, 10),
)


def shaped_by(logits, settings, text=()):
    return shape(logits, settings, [token_id % len(logits) for token_id in text])


def softmax(logits):
    powers = np.exp(logits.astype(np.float64) - logits.max())
    return powers / powers.sum()


# What is always so, whatever the settings


@given(ANY_LOGITS, SETTINGS, SETTINGS, TEXTS)
def test_settings_that_act_alike_leave_the_same_whatever_stands_at_stages_that_do_nothing(
    logits, settings, other, text
):
    idle = {name: getattr(other, name) for name in STAGES if name not in settings.chain}
    alike = replace(settings, **idle, order=settings.chain)
    assert settings.acts_like(alike) and alike.acts_like(settings)
    found, same = shaped_by(logits, settings, text), shaped_by(logits, alike, text)
    np.testing.assert_array_equal(found.shaped, same.shaped)


def test_settings_that_do_something_else_do_not_act_alike():
    greedy = sampler(temperature=0.0)
    assert greedy.acts_like(sampler(temperature=0.0, top_k=7))
    assert not greedy.acts_like(sampler(temperature=0.0, repetition_penalty=1.2))
    assert not sampler(top_k=7).acts_like(sampler(top_k=8))
    order = ("top_p", "top_k")
    assert not sampler(top_k=7, top_p=0.9).acts_like(sampler(top_k=7, top_p=0.9, order=order))


@given(ANY_LOGITS, SETTINGS, TEXTS)
@example(np.array([20, 3, -20_000], np.float32), sampler(temperature=5e-324), [])
def test_the_shaped_probabilities_sum_to_one_and_none_is_negative(logits, settings, text):
    shaped = shaped_by(logits, settings, text)
    assert shaped.kept_probabilities.sum() == pytest.approx(1, abs=1e-12)
    assert shaped.shaped.sum() == pytest.approx(1, abs=1e-12)
    assert shaped.scaled.sum() == pytest.approx(1, abs=1e-12)
    assert (shaped.kept_probabilities >= 0).all()
    assert shaped.kept >= 1


@given(ANY_LOGITS, SETTINGS, TEXTS)
def test_the_raw_probabilities_are_the_softmax_of_the_logits_whatever_the_settings(logits, settings, text):
    before = logits.copy()
    shaped = shaped_by(logits, settings, text)
    np.testing.assert_allclose(shaped.probabilities, softmax(logits), atol=1e-12)
    np.testing.assert_array_equal(logits, before)
    for token_id in range(len(logits)):
        assert shaped.logprob(token_id) == pytest.approx(math.log(shaped.probabilities[token_id]), abs=1e-9)


@given(ANY_LOGITS, SETTINGS, TEXTS)
def test_the_shaped_probability_of_a_token_is_zero_where_a_stage_cut_it(logits, settings, text):
    shaped = shaped_by(logits, settings, text)
    for token_id in range(len(logits)):
        assert shaped.probability(token_id) == shaped.shaped[token_id]
        if shaped.cut_by(token_id) is None:
            assert token_id in shaped.token_ids
        else:
            assert shaped.shaped[token_id] == 0
            assert token_id not in shaped.token_ids


@given(ANY_LOGITS, SETTINGS, TEXTS)
def test_cut_by_names_the_first_stage_after_which_the_token_is_gone(logits, settings, text):
    shaped = shaped_by(logits, settings, text)
    for token_id in range(len(logits)):
        gone = [stage.name for stage in shaped.stages if token_id not in stage.token_ids]
        assert shaped.cut_by(token_id) == (gone[0] if gone else None)


@given(ANY_LOGITS, SETTINGS, TEXTS)
def test_stages_act_in_the_stated_order_and_only_ever_remove_tokens(logits, settings, text):
    shaped = shaped_by(logits, settings, text)
    names = [stage.name for stage in shaped.stages]
    assert names == sorted(names, key=STAGES.index)
    left = set(range(len(logits)))
    for stage in shaped.stages:
        assert set(stage.token_ids) <= left
        assert stage.kept == len(stage.token_ids) == len(set(stage.token_ids)) >= 1
        assert stage.probabilities.sum() == pytest.approx(1, abs=1e-12)
        left = set(stage.token_ids)
    assert left == set(shaped.token_ids)


@given(ANY_LOGITS, SETTINGS, TEXTS)
def test_the_masses_of_the_stages_multiply_to_what_the_survivors_held_before_any_cut(logits, settings, text):
    shaped = shaped_by(logits, settings, text)
    if settings.temperature == 0:  # greedy: its one stage cuts, on the distribution that the penalty left
        penalty = [stage for stage in shaped.stages if stage.name == "repetition_penalty"]
        uncut = penalty[0].probabilities if penalty else shaped.probabilities
    else:
        uncut = shaped.scaled
    assert shaped.mass == pytest.approx(uncut[shaped.token_ids].sum(), abs=1e-9)


@given(ANY_LOGITS, SETTINGS, TEXTS)
def test_the_kept_mass_is_the_models_own_probability_of_the_survivors(logits, settings, text):
    shaped = shaped_by(logits, settings, text)
    survivors = [token_id for token_id in range(len(logits)) if shaped.cut_by(token_id) is None]
    assert shaped.kept_mass == pytest.approx(math.fsum(softmax(logits)[survivors]), abs=1e-9)


@given(ANY_LOGITS, SETTINGS, TEXTS)
def test_survivors_keep_their_proportions(logits, settings, text):
    shaped = shaped_by(logits, settings, text)
    before = shaped.scaled[shaped.token_ids]
    np.testing.assert_allclose(shaped.kept_probabilities * before.sum(), before, atol=1e-12)


@given(ANY_LOGITS, SETTINGS)
def test_survivors_come_most_likely_first_and_by_lower_id_where_logits_tie(logits, settings):
    survivors = shaped_by(logits, settings).token_ids
    expected = sorted(survivors, key=lambda token_id: (-logits[token_id], token_id))
    assert list(survivors) == expected


@given(ANY_LOGITS, SETTINGS)
def test_whoever_survives_everybody_more_likely_survives_too(logits, settings):
    shaped = shaped_by(logits, settings)
    np.testing.assert_array_equal(shaped.token_ids, shaped.ranking[: shaped.kept])


def test_with_everything_off_nothing_acts():
    logits = np.array([0.5, 2.0, -1.0], np.float32)
    shaped = shape(logits, sampler(), [0, 1, 2])
    assert shaped.stages == ()
    np.testing.assert_array_equal(shaped.shaped, shaped.probabilities)
    assert shaped.entropy_bits == pytest.approx(shaped.shaped_entropy_bits)


# Nothing is lost by sorting no more than is needed


def logits_of(kind, size, seed):
    random = np.random.default_rng(seed)
    logits = random.normal(0, 3, size)
    if kind == "ties":
        logits = np.round(logits)
    elif kind == "flat":
        logits /= 1000
    elif kind == "ruled out":
        logits[random.random(size) < 0.6] = -math.inf
        logits[random.integers(size)] = 1.0
    return logits.astype(np.float32)


KINDS = ("text", "ties", "flat", "ruled out")
ROUND_A_PART = [size + more for size in PARTS[:2] for more in (-1, 0, 1)]
WIDE_LOGITS = st.builds(
    logits_of,
    st.sampled_from(KINDS),
    st.integers(1, 5000) | st.sampled_from(ROUND_A_PART),
    st.integers(0, 2**32),
)
WIDE_SETTINGS = st.builds(
    SamplerSettings,
    temperature=st.sampled_from([0.0, 1e-310, 1.0]) | st.floats(0.05, 5),
    top_k=st.just(0) | st.integers(0, 5100),
    top_p=st.just(1.0) | st.floats(0, 1),
    min_p=st.just(0.0) | st.floats(0, 1) | st.floats(0, 0.01),
    repetition_penalty=st.just(1.0) | st.floats(0.1, 10),
)
THROUGH_EVERY_PART = [
    sampler(),
    sampler(temperature=5.0),
    sampler(temperature=0.7, top_k=40, top_p=0.95),
    sampler(top_k=20_000),
    sampler(top_p=0.5),
    sampler(top_p=0.999),
    sampler(min_p=0.9),
    sampler(temperature=1.2, min_p=0.001),
    sampler(temperature=1.5, top_k=3000, top_p=0.99, min_p=0.001, repetition_penalty=1.2),
    sampler(temperature=0.0, repetition_penalty=1.3),
]


def plainly(logits, settings, text):
    """The sampler with a full softmax and a full sort: names and (ids, probabilities, mass) of its stages.

    The first is the model's own, without a name; ids run from the most likely down. None where rounding
    decides how many tokens a cut keeps.
    """

    def after(scores, temperature=1.0):
        ids = np.lexsort((np.arange(len(scores)), -scores))
        with np.errstate(over="ignore"):
            powers = np.exp((scores[ids] - scores.max()) / temperature)
        possible = np.count_nonzero(scores > -np.inf)  # a token that is ruled out is not there to choose
        ids, powers = ids[:possible], powers[:possible]
        return ids, powers / powers.sum(), 1.0

    def keep(name, count):
        ids, p, _ = stages[-1][1]
        mass = p[:count].sum()
        stages.append((name, (ids[:count], p[:count] / mass, mass)))

    scores = logits.astype(np.float64)
    stages, clearances = [("", after(scores))], [1.0]
    if settings.repetition_penalty != 1:
        for token_id in set(text):
            penalty = settings.repetition_penalty
            scores[token_id] *= penalty if scores[token_id] < 0 else 1 / penalty
        stages.append(("repetition_penalty", after(scores)))
    if settings.temperature == 0:
        keep("temperature", 1)
        return stages
    if settings.temperature != 1:
        stages.append(("temperature", after(scores, settings.temperature)))
    if settings.top_k > 0:
        keep("top_k", settings.top_k)
    if settings.top_p < 1:
        cumulative = np.cumsum(stages[-1][1][1])
        clearances.append(np.abs(cumulative - settings.top_p).min())
        keep("top_p", np.count_nonzero(cumulative < settings.top_p) + 1)
    if settings.min_p > 0:
        p = stages[-1][1][1]
        floor = settings.min_p * p[0]
        clearances.append(
            np.abs(p / p[0] - settings.min_p)[p != p[0]].min(initial=1.0) / max(settings.min_p, 1e-300)
        )
        keep("min_p", np.count_nonzero(p >= floor))
    return stages if min(clearances) > 1e-12 else None


def nearly(numbers):
    return pytest.approx(numbers, rel=1e-12, abs=1e-300)


def check_against(expected, logits, settings, text, u):
    shaped = shape(logits, settings, text)
    ids, p, _ = expected[-1][1]
    cumulative = np.cumsum(p)
    if np.abs(cumulative - u).min() > 1e-12:
        token_id = draw(shaped, u)  # before anything else is asked, as the generator does
        assert token_id == ids[np.searchsorted(cumulative, u, side="right")]
        assert shaped.probability(token_id) == nearly(p[list(ids).index(token_id)])
    np.testing.assert_array_equal(shaped.token_ids, ids)
    np.testing.assert_allclose(shaped.kept_probabilities, p, rtol=1e-12, atol=1e-300)
    own_ids, own, _ = expected[0][1]
    np.testing.assert_array_equal(shaped.ranking[: len(own_ids)], own_ids)
    np.testing.assert_allclose(shaped.probabilities[own_ids], own, rtol=1e-12, atol=1e-300)
    assert shaped.kept == len(ids)
    assert shaped.entropy_bits == pytest.approx(entropy_bits(own), abs=1e-11)
    assert shaped.shaped_entropy_bits == pytest.approx(entropy_bits(p), abs=1e-11)
    assert shaped.kept_mass == nearly(shaped.probabilities[ids].sum())
    assert [stage.name for stage in shaped.stages] == [name for name, _ in expected[1:]]
    cut_by = np.full(len(logits), None)
    for stage, (name, (ids, p, mass)) in reversed(list(zip(shaped.stages, expected[1:], strict=True))):
        by_id = stage.survivors is None
        order = np.argsort(ids) if by_id else slice(None)
        np.testing.assert_array_equal(stage.token_ids, ids[order])
        np.testing.assert_allclose(stage.probabilities, p[order], rtol=1e-12, atol=1e-300)
        assert (stage.kept, stage.mass) == (len(ids), nearly(mass))
        assert stage.entropy_bits == pytest.approx(entropy_bits(p), abs=1e-11)
        cut_by[np.setdiff1d(np.arange(len(logits)), ids)] = name
    assert [shaped.cut_by(token_id) for token_id in range(len(logits))] == list(cut_by)


@given(WIDE_LOGITS, WIDE_SETTINGS, TEXTS, st.floats(0, 1, exclude_max=True))
@settings(deadline=None)
def test_every_number_is_that_of_a_full_softmax_and_a_full_sort(logits, settings, text, u):
    text = [token_id % len(logits) for token_id in text]
    expected = plainly(logits, settings, text)
    assume(expected is not None)
    check_against(expected, logits, settings, text, u)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("settings", THROUGH_EVERY_PART, ids=str)
def test_a_large_vocabulary_makes_no_difference_to_that(kind, settings):
    logits, text = logits_of(kind, 49_152, seed=1), [5, 5, 40_000]
    expected = plainly(logits, settings, text)
    for u in (0.1, 0.97, 0.99999):
        check_against(expected, logits, settings, text, u)


@given(WIDE_LOGITS, st.data())
@settings(deadline=None)
def test_the_leading_ones_are_the_first_of_a_full_sort_however_many_tie(logits, data):
    k = data.draw(st.integers(1, len(logits)) | st.integers(1, min(len(logits), 60)))
    ranked = np.argsort(-logits.astype(np.float64), kind="stable")
    np.testing.assert_array_equal(descending(logits), ranked)
    np.testing.assert_array_equal(leading(logits, k), ranked[:k])


@pytest.mark.parametrize(
    "settings",
    [
        SamplerSettings(),
        sampler(temperature=0.7),
        sampler(top_p=0.9),
        sampler(min_p=0.1),
        sampler(temperature=0),
    ],
    ids=str,
)
def test_choosing_a_token_neither_sorts_nor_writes_out_the_whole_vocabulary(settings):
    shaped = shape(logits_of("text", 49_152, seed=2), settings, [1, 2, 3])
    token_id = draw(shaped, 0.3)
    assert shaped.rank(token_id) >= 1 and shaped.logprob(token_id) < 0 < shaped.probability(token_id)
    assert shaped.entropy_bits > 0 and shaped.kept >= 1
    for part in (shaped, shaped.model, shaped.uncut, shaped.left, shaped.model.softmax, shaped.left.softmax):
        wide = [name for name, value in vars(part).items() if np.size(value) == 49_152]
        assert set(wide) <= {"logits", "scores"}


# Temperature


@given(ANY_LOGITS, st.floats(0.01, 5))
def test_temperature_divides_the_logits(logits, temperature):
    shaped = shape(logits, sampler(temperature=temperature))
    np.testing.assert_allclose(shaped.shaped, softmax(logits.astype(np.float64) / temperature), atol=1e-12)


@given(ANY_LOGITS, st.floats(0, 5, exclude_min=True))
@example(np.array([0, -1000, -800], np.float32), 0.5)
def test_the_order_of_tokens_never_changes_with_temperature(logits, temperature):
    cold_or_hot = shape(logits, sampler(temperature=temperature))
    np.testing.assert_array_equal(cold_or_hot.token_ids, shape(logits, sampler()).token_ids)
    assert (np.diff(cold_or_hot.kept_probabilities) <= 1e-15).all()


@given(ANY_LOGITS)
def test_temperature_zero_is_the_most_likely_token_the_lowest_id_of_ties(logits):
    shaped = shape(logits, sampler(temperature=0.0))
    best = min(np.flatnonzero(logits == logits.max()))
    assert list(shaped.token_ids) == [best]
    assert shaped.probability(best) == 1
    assert shaped.shaped_entropy_bits == 0


@given(LOGITS)
def test_a_falling_temperature_tends_to_the_most_likely_token(logits):
    ranked = np.sort(logits)[::-1]
    assume(len(ranked) == 1 or ranked[0] - ranked[1] > 1e-3)
    shaped = shape(logits, sampler(temperature=1e-5))
    greedy = shape(logits, sampler(temperature=0.0))
    np.testing.assert_allclose(shaped.shaped, greedy.shaped, atol=1e-12)


@given(ANY_LOGITS, st.floats(0.05, 5), st.floats(0.05, 5))
def test_entropy_rises_with_temperature(logits, one, other):
    cold, hot = sorted([one, other])
    entropy = [shape(logits, sampler(temperature=value)).shaped_entropy_bits for value in (cold, hot)]
    assert entropy[0] <= entropy[1] + 1e-9
    assert entropy[1] <= math.log2(len(logits)) + 1e-9


@pytest.mark.parametrize("temperature", [5e-324, 1e-310, 1e-30])
def test_a_temperature_next_to_zero_is_no_error(temperature):
    shaped = shape(np.array([20, 3, -20_000], np.float32), sampler(temperature=temperature))
    np.testing.assert_array_equal(shaped.shaped, [1, 0, 0])


# Top-k


@given(ANY_LOGITS, st.integers(1, 60), st.floats(0.05, 5))
def test_top_k_keeps_exactly_k_the_lower_ids_where_logits_tie(logits, k, temperature):
    shaped = shape(logits, sampler(top_k=k, temperature=temperature))
    ranked = sorted(range(len(logits)), key=lambda token_id: (-logits[token_id], token_id))
    assert list(shaped.token_ids) == ranked[:k]


@given(ANY_LOGITS, st.integers(0, 100))
def test_a_top_k_of_the_whole_vocabulary_or_more_is_the_same_as_off(logits, surplus):
    wide, off = (shape(logits, sampler(top_k=k)) for k in (len(logits) + surplus, 0))
    assert wide.kept == off.kept == len(logits) and not off.stages
    np.testing.assert_array_equal(wide.shaped, off.shaped)


@given(ANY_LOGITS | arrays(np.float32, 6, elements=st.sampled_from([-math.inf, 0.0, 1.0])), st.data())
def test_leading_and_descending_sort_like_python_does(logits, data):
    k = data.draw(st.integers(1, len(logits)))
    ranked = sorted(range(len(logits)), key=lambda token_id: (-logits[token_id], token_id))
    assert list(descending(logits)) == ranked
    assert list(leading(logits, k)) == ranked[:k]


@given(ANY_LOGITS)
def test_ranks_count_from_one_and_agree_with_the_ranking(logits):
    shaped = shape(logits, sampler())
    ranks = [shaped.rank(token_id) for token_id in shaped.ranking]
    assert ranks == list(range(1, len(logits) + 1))


# Top-p


@given(ANY_LOGITS, st.floats(0, 1, exclude_max=True))
def test_top_p_keeps_the_smallest_leading_set_that_reaches_it(logits, top_p):
    shaped = shape(logits, sampler(top_p=top_p))
    cumulative = np.cumsum(shaped.probabilities[shaped.ranking])
    assert cumulative[shaped.kept - 1] >= min(top_p, cumulative[-1])
    if shaped.kept > 1:
        assert cumulative[shaped.kept - 2] < top_p, "one token fewer would not have reached it"
    assert shaped.stages[0].mass == pytest.approx(cumulative[shaped.kept - 1], abs=1e-12)


def test_top_p_counts_the_probability_that_top_k_left():
    logits = np.log(np.array([0.4, 0.3, 0.2, 0.1], np.float32))
    assert shape(logits, sampler(top_p=0.5)).kept == 2
    assert shape(logits, sampler(top_k=2, top_p=0.5)).kept == 1, "0.4 of 0.7 is more than half"


def test_top_p_zero_keeps_the_most_likely_token():
    assert list(shape(np.array([0, 2, 2], np.float32), sampler(top_p=0.0)).token_ids) == [1]


# Min-p


@given(ANY_LOGITS, st.floats(0, 1, exclude_min=True))
def test_min_p_keeps_tokens_that_reach_its_share_of_the_most_likely_one(logits, min_p):
    shaped = shape(logits, sampler(min_p=min_p))
    floor = min_p * shaped.probabilities.max()
    assert set(shaped.token_ids) == set(np.flatnonzero(shaped.probabilities >= floor))


def test_min_p_one_keeps_those_that_tie_with_the_most_likely_one():
    assert list(shape(np.array([2, 0, 2], np.float32), sampler(min_p=1.0)).token_ids) == [0, 2]


# Repetition penalty


@given(ANY_LOGITS, st.floats(1, 10), TEXTS)
def test_a_repetition_penalty_never_makes_a_token_of_the_text_more_likely(logits, penalty, text):
    seen = {token_id % len(logits) for token_id in text}
    shaped = shaped_by(logits, sampler(repetition_penalty=penalty), text)
    if not seen:
        assert shaped.left.softmax is shaped.model.softmax
    for token_id in set(range(len(logits))) - seen:
        assert shaped.shaped[token_id] >= shaped.probabilities[token_id] - 1e-12
    if len(seen) == 1:
        token_id = seen.pop()
        assert shaped.shaped[token_id] <= shaped.probabilities[token_id] + 1e-12


def test_the_penalty_divides_positive_logits_and_multiplies_negative_ones_once_each():
    logits = np.array([2.0, -2.0, 0.0, 3.0])
    (stage,) = shape(logits, sampler(repetition_penalty=2.0), [0, 1, 0, 2, 0]).stages
    np.testing.assert_array_equal(stage.softmax.scores, [1.0, -4.0, 0.0, 3.0])


def test_greedy_takes_the_most_likely_token_after_the_penalty():
    shaped = shape(np.array([3.0, 2.9], np.float32), sampler(temperature=0.0, repetition_penalty=1.3), [0])
    assert list(shaped.token_ids) == [1]
    assert shaped.rank(1) == 2, "the rank speaks of the model's own logits"


# The dice


@given(ANY_LOGITS, SETTINGS, TEXTS, st.floats(0, 1, exclude_max=True))
@example(np.zeros(7, np.float32), sampler(), [], BARELY)
@example(np.zeros(7, np.float32), sampler(), [], 0.0)
def test_the_token_drawn_is_the_one_whose_interval_holds_u(logits, settings, text, u):
    shaped = shaped_by(logits, settings, text)
    token_id = draw(shaped, u)
    index = list(shaped.token_ids).index(token_id)
    cumulative = np.concatenate([[0.0], np.cumsum(shaped.kept_probabilities)])
    assert cumulative[index] - 1e-12 <= u <= cumulative[index + 1] + 1e-12
    assert shaped.probability(token_id) > 0


def test_an_interval_holds_its_lower_end_and_not_its_upper():
    shaped = shape(np.zeros(4, np.float32), sampler())
    drawn = [draw(shaped, u) for u in (0, 0.25, 0.5, 0.75)]
    assert drawn == [0, 1, 2, 3]
    assert draw(shaped, np.nextafter(0.25, 0)) == 0
    assert draw(shaped, BARELY) == 3


@given(ANY_LOGITS, SETTINGS)
def test_the_dice_at_zero_show_the_most_likely_token(logits, settings):
    shaped = shape(logits, settings)
    assert draw(shaped, 0.0) == shaped.ranking[0]


@given(st.integers(0, MAX_SEED), st.integers(0, 100_000))
def test_a_draw_follows_from_seed_and_position_alone(seed, position):
    u = uniform(seed, position)
    assert 0 <= u < 1
    uniform(seed + 1, position + 1)
    assert uniform(seed, position) == u


def test_draws_stay_the_same_across_versions_so_that_old_runs_replay():
    # Computed once with numpy's Philox; a change here breaks every stored run.
    assert uniform(42, 0) == FIRST_DRAWS[0]
    assert uniform(42, 1) == FIRST_DRAWS[1]
    assert uniform(MAX_SEED, 7) == FIRST_DRAWS[2]


def test_neighbouring_positions_and_seeds_give_different_draws():
    draws = {uniform(seed, position) for seed in range(50) for position in range(50)}
    assert len(draws) == 2500


@pytest.mark.parametrize(
    "draws",
    [
        pytest.param([uniform(42, position) for position in range(10_000)], id="positions"),
        pytest.param([uniform(seed, 5) for seed in range(10_000)], id="seeds"),
    ],
)
def test_draws_are_uniform_and_neighbours_are_unrelated(draws):
    draws = np.array(draws)
    assert draws.mean() == pytest.approx(0.5, abs=4 * math.sqrt(1 / 12 / len(draws)))
    counts, _ = np.histogram(draws, bins=100, range=(0, 1))
    chi_square = ((counts - 100) ** 2 / 100).sum()
    assert 50 < chi_square < 160, "99 degrees of freedom: too even is as wrong as too uneven"
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 4 / math.sqrt(len(draws))


@pytest.mark.parametrize(
    "settings",
    [
        sampler(),
        sampler(temperature=0.7),
        sampler(temperature=1.5, top_k=6),
        sampler(top_p=0.8),
        sampler(min_p=0.1, repetition_penalty=1.5),
    ],
)
def test_empirical_draws_match_the_shaped_probabilities(settings):
    logits = np.random.default_rng(0).normal(0, 1.2, 12).astype(np.float32)
    shaped = shape(logits, settings, [3, 5])
    draws = [draw(shaped, uniform(2024, position)) for position in range(5000)]
    counts = np.bincount(draws, minlength=12)[shaped.token_ids]
    assert counts.sum() == 5000, "no token that was cut is ever drawn"
    expected = 5000 * shaped.kept_probabilities
    chi_square = ((counts - expected) ** 2 / expected).sum()
    freedom = shaped.kept - 1
    assert chi_square < freedom + 4 * math.sqrt(2 * freedom)


# Entropy, log-probabilities, and logits that are no numbers


def test_the_entropy_of_equals_is_the_logarithm_of_their_number_and_certainty_has_none():
    assert entropy_bits(np.full(8, 1 / 8)) == pytest.approx(3)
    assert entropy_bits(np.array([1.0, 0.0])) == 0


@given(ANY_LOGITS, st.floats(-1000, 1000))
def test_log_probabilities_do_not_depend_on_the_level_of_the_logits(logits, level):
    here, there = (
        [shape(moved, sampler()).logprob(token_id) for token_id in range(len(logits))]
        for moved in (logits.astype(np.float64), logits.astype(np.float64) + level)
    )
    assert here == pytest.approx(there, abs=1e-9)
    assert math.fsum(np.exp(here)) == pytest.approx(1, abs=1e-12)


def test_a_surprise_too_small_for_a_probability_still_has_a_log_probability():
    assert shape(np.array([0, -2000], np.float32), sampler()).logprob(1) == -2000


@given(ANY_LOGITS)
def test_the_entropy_from_the_logits_is_that_of_the_probabilities(logits):
    shaped = shape(logits, sampler())
    assert shaped.entropy_bits == pytest.approx(entropy_bits(shaped.probabilities), abs=1e-9)


def test_a_token_that_is_ruled_out_adds_nothing_to_the_entropy():
    assert shape(np.array([0, 0, -np.inf], np.float32), sampler()).entropy_bits == pytest.approx(1)


@pytest.mark.parametrize(
    "logits", [[0, math.nan, 1], [math.nan] * 3, [math.inf, 0, 0], [-math.inf] * 3], ids=str
)
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_logits_that_are_no_numbers_are_an_error_and_not_a_token(logits, temperature):
    with pytest.raises(ValueError, match="not numbers"):
        shape(np.array(logits, np.float32), sampler(temperature=temperature))


@given(SETTINGS, TEXTS)
@settings(max_examples=50)
def test_tokens_that_the_model_rules_out_are_never_drawn(settings, text):
    logits = np.array([-math.inf, 1.0, -math.inf, 2.0, 0.5], np.float32)
    shaped = shaped_by(logits, settings, text)
    assert shaped.probabilities[[0, 2]].sum() == 0
    assert {draw(shaped, u) for u in (0.0, 0.5, BARELY)} <= {1, 3, 4}


def test_a_sampler_that_keeps_everything_keeps_all_of_the_mass():
    logits = np.random.default_rng(0).normal(size=50_000).astype(np.float32)
    assert shape(logits, sampler(temperature=0.7)).kept_mass == 1.0
