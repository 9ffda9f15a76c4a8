"""Every stage does what Transformers' processor of the same name does, and any order of them is possible."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from transformers.generation import logits_process as theirs

from model.numbers import OutOfRange
from model.sampler.distribution import Softmax, Stage
from model.sampler.road import road
from model.sampler.sampling import draw, shape
from model.sampler.settings import BAN, SamplerSettings, UnknownStage
from model.sampler.stage_records import STAGES
from model.sampler.stages import completions

OFF = dict(SamplerSettings.OFF)
LOGITS = arrays(np.float32, st.integers(2, 40), elements=st.floats(-12, 12, width=32), unique=True)
TEXTS = st.lists(st.integers(0, 39), max_size=12)
VALUES = {
    "temperature": st.floats(0.1, 4),
    "top_k": st.integers(1, 45),
    "top_p": st.floats(0.01, 0.99),
    "min_p": st.floats(0.001, 1),
    "typical_p": st.floats(0.01, 0.99),
    "epsilon_cutoff": st.floats(1e-5, 0.5),
    "eta_cutoff": st.floats(1e-5, 0.5),
    "top_n_sigma": st.floats(0.05, 3),
    "repetition_penalty": st.floats(0.5, 3),
    "presence_penalty": st.floats(-2, 2),
    "frequency_penalty": st.floats(-2, 2),
    "no_repeat_ngram_size": st.integers(1, 4),
    "xtc_probability": st.floats(0.01, 1),
    "dry_multiplier": st.floats(0.1, 5),
    "logit_bias": st.dictionaries(st.integers(0, 39), st.floats(-20, 20), max_size=4),
}
"""Values with which each stage acts."""
CHAINS = st.lists(st.sampled_from(STAGES), unique=True).flatmap(
    lambda order: st.fixed_dictionaries({name: VALUES[name] for name in order}).map(
        lambda values: SamplerSettings(**OFF | values, order=tuple(order))
    )
)


def fitted(text, settings, size):
    """Return a text and settings in which no token lies beyond a vocabulary."""
    bias = {token_id % size: bias for token_id, bias in settings.logit_bias}
    return [token_id % size for token_id in text], replace(settings, logit_bias=bias)


def processor(name, value, size):
    """Return Transformers' processor as a function of a text and logits; None where it has none."""
    made = {
        "temperature": lambda: theirs.TemperatureLogitsWarper(value),
        "top_k": lambda: theirs.TopKLogitsWarper(value),
        "top_p": lambda: theirs.TopPLogitsWarper(value),
        "min_p": lambda: theirs.MinPLogitsWarper(value),
        "typical_p": lambda: theirs.TypicalLogitsWarper(value),
        "epsilon_cutoff": lambda: theirs.EpsilonLogitsWarper(value),
        "eta_cutoff": lambda: theirs.EtaLogitsWarper(value),
        "repetition_penalty": lambda: theirs.RepetitionPenaltyLogitsProcessor(value),
        "no_repeat_ngram_size": lambda: theirs.NoRepeatNGramLogitsProcessor(value),
        "logit_bias": lambda: theirs.SequenceBiasLogitsProcessor({(one,): bias for one, bias in value}),
    }.get(name)
    if made is None or (name == "logit_bias" and not value):
        return None
    return lambda text, scores: made()(torch.tensor([text], dtype=torch.long), scores[None])[0]


def in_their_chain(logits, settings, text):
    """Return (V,) probabilities after Transformers' processors in the order asked for; -1 kept is none."""
    scores = torch.tensor(logits.astype(np.float64))
    for name in settings.chain:
        process = processor(name, getattr(settings, name), len(logits))
        scores = scores if process is None else process(text, scores)
    return torch.softmax(scores, -1).numpy()


NOT_THEIRS = ("presence_penalty", "frequency_penalty", "dry_multiplier", "top_n_sigma", "xtc_probability")
THEIRS = [name for name in STAGES if name not in NOT_THEIRS]


@pytest.mark.parametrize("name", THEIRS)
@given(data=st.data())
def test_a_stage_leaves_what_the_processor_of_transformers_leaves(name, data):
    logits, text = data.draw(LOGITS), data.draw(TEXTS)
    text = [token_id % len(logits) for token_id in text]
    value = data.draw(VALUES[name])
    if name == "logit_bias":
        value = {token_id % len(logits): bias for token_id, bias in value.items()}
    settings = SamplerSettings(**OFF | {name: value})
    ours, expected = shape(logits, settings, text), in_their_chain(logits, settings, text)
    assume(np.isfinite(expected).all())  # theirs leaves nothing where every token is ruled out
    margin = edge(name, value, logits)
    assume(margin > 1e-5)
    np.testing.assert_allclose(ours.shaped, expected, atol=1e-6)


def edge(name, value, logits):
    """Return how far the nearest token is from the threshold, where float32 and float64 could differ."""
    p = np.sort(np.exp(logits - logits.max(), dtype=np.float64))[::-1]
    p /= p.sum()
    if name == "top_p":
        return np.abs(np.cumsum(p) - value).min()
    if name == "min_p":
        return np.abs(p[1:] / p[0] - value).min()
    entropy = -(p * np.log(p)).sum()
    if name == "typical_p":
        distance = np.abs(-np.log(p) - entropy)
        order = np.argsort(distance)
        gaps = np.diff(distance[order])
        return min(np.abs(np.cumsum(p[order]) - value).min(), gaps.min())
    if not name.endswith("cutoff"):
        return 1.0
    floor = {"epsilon_cutoff": value, "eta_cutoff": min(value, value**0.5 * math.exp(-entropy))}
    return np.abs(p - floor[name]).min()


@pytest.mark.parametrize(
    "settings",
    [
        {"top_k": 40, "top_p": 0.95, "min_p": 0.02},
        {"typical_p": 0.8, "epsilon_cutoff": 3e-4, "eta_cutoff": 2e-3},
        {"no_repeat_ngram_size": 2, "repetition_penalty": 1.3, "temperature": 0.7, "top_k": 100},
        {"order": ("min_p", "temperature", "repetition_penalty", "top_p"), "min_p": 0.05, "temperature": 1.8,
         "repetition_penalty": 1.2, "top_p": 0.9},
        {"logit_bias": {11: 4.0, 198: -3.0}, "temperature": 1.4, "typical_p": 0.9},
    ],
    ids=str,
)  # fmt: skip
def test_a_chain_on_real_logits_leaves_what_the_processors_of_transformers_leave(settings, real_logits):
    logits, text = real_logits
    chain = SamplerSettings(**OFF | settings)
    np.testing.assert_allclose(
        shape(logits, chain, text).shaped, in_their_chain(logits, chain, text), atol=1e-7
    )


@pytest.fixture(scope="module")
def real_logits(embedded_model, embedded_transformer):
    text = embedded_model.encode("Once upon a time there was a robot. The robot was called the")
    with torch.no_grad():
        logits = embedded_transformer(torch.tensor([text])).logits[0, -1].float().numpy()
    return logits, list(text)


@given(LOGITS, TEXTS, CHAINS, st.floats(0, 1, exclude_max=True))
def test_whatever_the_order_something_is_left_it_sums_to_one_and_can_be_drawn(logits, text, settings, u):
    text, settings = fitted(text, settings, len(logits))
    shaped = shape(logits, settings, text)
    names = [stage.name for stage in shaped.stages]
    assert names == list(settings.order or ()) or names[0] == "no_repeat_ngram_size", "it left nothing there"
    assert sorted(names) == sorted(settings.order or ())
    assert 1 <= shaped.kept <= len(logits)
    assert shaped.kept_probabilities.sum() == pytest.approx(1) and shaped.shaped.sum() == pytest.approx(1)
    assert (np.diff(shaped.kept_probabilities) <= 1e-12).all(), "most likely first"
    assert shaped.probability(draw(shaped, u)) > 0
    kept = [len(logits), *(stage.kept for stage in shaped.stages)]
    assert kept == sorted(kept, reverse=True), "what was cut never comes back"
    for stage in shaped.stages:
        assert 0 < stage.mass <= 1 + 1e-12
        assert stage.probabilities.sum() == pytest.approx(1)
        assert len(stage.probabilities) == len(stage.token_ids) == stage.kept


@given(LOGITS, TEXTS, CHAINS)
def test_mass_is_what_the_tokens_left_had_before(logits, text, settings):
    text, settings = fitted(text, settings, len(logits))
    before = np.exp(logits.astype(np.float64) - logits.max())
    before /= before.sum()
    for stage in shape(logits, settings, text).stages:
        assert stage.mass == pytest.approx(before[stage.token_ids].sum(), abs=1e-9)
        before = stage.over_vocabulary


def test_min_p_before_temperature_judges_the_model_and_after_it_what_the_temperature_made():
    """The worked example: 0.6, 0.24 and 0.16; a token stays with half of the leader's share; temperature 2.

    First min-p: 0.24 and 0.16 are below 0.3, one token is left. First temperature: the square roots
    0.775 : 0.490 : 0.4 make 0.465, 0.294, 0.240, all above 0.233, and all stay. Of 0.6, 0.36 and 0.04 both
    orders keep two, whose square roots 0.775 : 0.6 make 0.564 and 0.436.
    """

    def left(probabilities, *order):
        settings = SamplerSettings(**OFF | {"temperature": 2.0, "min_p": 0.5, "order": order})
        return shape(np.log(np.array(probabilities)), settings).shaped

    for order in (("min_p", "temperature"), ("temperature", "min_p")):
        np.testing.assert_allclose(left([0.6, 0.36, 0.04], *order), [0.563508, 0.436492, 0], atol=1e-6)
    np.testing.assert_allclose(left([0.6, 0.24, 0.16], "min_p", "temperature"), [1, 0, 0], atol=1e-6)
    roots = np.sqrt([0.6, 0.24, 0.16])
    np.testing.assert_allclose(
        left([0.6, 0.24, 0.16], "temperature", "min_p"), roots / roots.sum(), atol=1e-6
    )


@pytest.mark.parametrize("temperature", [1e-3, 1e-30, 5e-324])
def test_in_the_cold_a_stage_that_removed_the_leader_leaves_probabilities_of_the_others(temperature):
    probabilities = np.array([0.3, *[0.05] * 14])
    order = ("typical_p", "temperature")
    settings = SamplerSettings(**OFF | {"typical_p": 0.5, "temperature": temperature, "order": order})
    shaped = shape(np.log(probabilities), settings)
    assert 0 not in shaped.token_ids, "the leader is the farthest from the entropy"
    np.testing.assert_allclose(shaped.kept_probabilities, np.full(10, 0.1), rtol=1e-12)
    assert shaped.probability(int(shaped.token_ids[0])) == pytest.approx(0.1)
    assert [passage.probability for passage in road(shaped, int(shaped.token_ids[-1]))][-1] == pytest.approx(
        0.1
    )


@given(LOGITS, st.floats(0.1, 4), st.floats(0.05, 3))
def test_top_n_sigma_keeps_the_same_tokens_at_every_temperature(logits, temperature, n):
    z = (logits.astype(np.float64).max() - logits) / logits.astype(np.float64).std(ddof=1)
    assume(np.abs(z - n).min() > 1e-6)
    for order in (("temperature", "top_n_sigma"), ("top_n_sigma", "temperature"), ("top_n_sigma",)):
        settings = SamplerSettings(**OFF | {"temperature": temperature, "top_n_sigma": n, "order": order})
        assert set(shape(logits, settings).token_ids) == set(np.flatnonzero(z <= n))


@given(LOGITS, TEXTS, st.floats(-2, 2), st.floats(-2, 2))
def test_presence_counts_once_and_frequency_every_time(logits, text, presence, frequency):
    text = [token_id % len(logits) for token_id in text]
    settings = SamplerSettings(**OFF | {"presence_penalty": presence, "frequency_penalty": frequency})
    counts = np.bincount(text, minlength=len(logits))
    expected = torch.tensor(logits.astype(np.float64) - presence * (counts > 0) - frequency * counts)
    np.testing.assert_allclose(shape(logits, settings, text).shaped, torch.softmax(expected, -1), atol=1e-12)


def test_a_ban_rules_a_token_out_and_says_who_did_it():
    settings = SamplerSettings(**OFF | {"logit_bias": {0: BAN, 2: 1.5}})
    shaped = shape(np.array([9.0, 1.0, 1.0], np.float32), settings)
    assert shaped.shaped[0] == 0 and shaped.cut_by(0) == "logit_bias" and shaped.kept == 2
    assert shaped.probability(2) / shaped.probability(1) == pytest.approx(math.exp(1.5))


def test_where_every_token_would_be_a_repetition_repetitions_may_come():
    settings = SamplerSettings(**OFF | {"no_repeat_ngram_size": 1})
    shaped = shape(np.array([1.0, 2.0], np.float32), settings, [0, 1])
    assert shaped.kept == 2 and [stage.kept for stage in shaped.stages] == [2]


KEEPING_ONE = {
    "top_k": {"top_k": 1},
    "temperature": {"temperature": 0.0},
    "top_p": {"top_p": 0.0},
    "min_p": {"min_p": 1.0},
}


@pytest.mark.parametrize("keeping", KEEPING_ONE)
def test_a_ban_behind_a_stage_that_keeps_the_banned_token_alone_acts_before_it(keeping):
    order = (keeping, "logit_bias")
    settings = SamplerSettings(**OFF | KEEPING_ONE[keeping] | {"logit_bias": {0: BAN}, "order": order})
    shaped = shape(np.array([9.0, 1.0, 3.0], np.float32), settings)
    assert [stage.name for stage in shaped.stages] == ["logit_bias", keeping]
    assert list(shaped.token_ids) == [2] and shaped.probability(2) == 1.0
    assert shaped.probability(0) == 0.0 and shaped.cut_by(0) == "logit_bias"
    assert {draw(shaped, u) for u in (0.0, 0.5, 0.999)} == {2}


def test_there_the_processors_of_transformers_leave_no_token_and_in_the_other_order_what_is_left_here():
    logits = np.array([9.0, 1.0, 3.0, 2.0], np.float32)
    asked = {"top_k": 2, "logit_bias": {0: BAN, 2: BAN}}
    behind = SamplerSettings(**OFF | asked | {"order": ("top_k", "logit_bias")})
    before = SamplerSettings(**OFF | asked | {"order": ("logit_bias", "top_k")})

    def theirs_in(order):
        scores = torch.tensor(logits)[None]
        for name in order:
            process = {
                "top_k": theirs.TopKLogitsWarper(2),
                "logit_bias": theirs.SuppressTokensLogitsProcessor([0, 2]),
            }[name]
            scores = process(torch.tensor([[0]]), scores)
        return torch.softmax(scores, -1)[0].numpy()

    assert np.isnan(theirs_in(behind.chain)).all(), "generate would end with an error"
    np.testing.assert_allclose(shape(logits, behind).shaped, theirs_in(before.chain), atol=1e-6)


@given(st.data())
def test_whatever_the_order_a_banned_token_is_never_drawn(data):
    logits, text = data.draw(LOGITS), data.draw(TEXTS)
    text = [token_id % len(logits) for token_id in text]
    banned = data.draw(st.lists(st.integers(0, len(logits) - 1), max_size=len(logits) - 1, unique=True))
    assume(0 < len(banned) < len(logits))
    asked = data.draw(CHAINS)
    values = {name: getattr(asked, name) for name in SamplerSettings.RANGES}
    order = data.draw(st.permutations(STAGES))
    settings = SamplerSettings(**values, logit_bias=dict.fromkeys(banned, BAN), order=tuple(order))
    shaped = shape(logits, settings, text)
    assert shaped.kept > 0 and not set(shaped.token_ids) & set(banned)
    assert sorted(stage.name for stage in shaped.stages) == sorted(STAGES)
    assert draw(shaped, data.draw(st.floats(0, 1, exclude_max=True))) not in banned


def test_an_ngram_ban_behind_a_cut_acts_before_it_too_and_behind_the_bans():
    order = ("top_k", "no_repeat_ngram_size", "logit_bias")
    chain = {"top_k": 1, "no_repeat_ngram_size": 1, "logit_bias": {1: BAN}, "order": order}
    shaped = shape(np.array([9.0, 5.0, 3.0], np.float32), SamplerSettings(**OFF | chain), [0])
    assert [stage.name for stage in shaped.stages] == ["logit_bias", "no_repeat_ngram_size", "top_k"]
    assert list(shaped.token_ids) == [2]
    only = shape(np.array([9.0, 5.0, 3.0], np.float32), SamplerSettings(**OFF | chain), [0, 2])
    assert list(only.token_ids) == [0], "all others are banned or repetitions, and a ban weighs more"


@pytest.mark.parametrize(
    ("bias", "message"),
    [
        ({999_999: BAN}, "a token id of logit_bias must be between 0 and 2, not 999999"),
        ({3: 1.0}, "a token id of logit_bias must be between 0 and 2, not 3"),
        ({0: BAN, 1: BAN, 2: BAN}, "the number of banned tokens must be between 0 and 2, not 3"),
    ],
    ids=str,
)
def test_a_bias_that_means_nothing_to_the_model_is_refused_with_the_range(bias, message):
    with pytest.raises(OutOfRange, match=message):
        shape(np.array([9.0, 5.0, 3.0], np.float32), SamplerSettings(**OFF | {"logit_bias": bias}))


def test_where_all_that_the_model_gives_a_chance_is_banned_that_is_said():
    logits = np.array([9.0, -np.inf, -np.inf], np.float32)
    with pytest.raises(OutOfRange, match="every token to which the model gives a chance here is banned"):
        shape(logits, SamplerSettings(**OFF | {"logit_bias": {0: BAN}}))


@given(TEXTS, st.integers(1, 4))
def test_completions_are_the_tokens_that_would_make_an_ngram_twice(text, size):
    def ngrams(tokens):
        return [tuple(tokens[start : start + size]) for start in range(len(tokens) - size + 1)]

    expected = {
        token for token in range(40) if len(text) >= size and ngrams([*text, token])[-1] in ngrams(text)
    }
    assert set(completions(text, size)) == expected


def test_without_an_order_the_stages_that_do_something_act_in_the_usual_order():
    settings = SamplerSettings(temperature=0.7, top_k=0, top_p=0.9, presence_penalty=0.5, eta_cutoff=0.001)
    assert settings.chain == ("presence_penalty", "temperature", "top_p", "eta_cutoff")
    assert SamplerSettings(temperature=0.0).chain == ("temperature",)
    assert SamplerSettings(order=()).chain == (), "an order of nothing is the model's own distribution"


@pytest.mark.parametrize("order", [("top_k", "top_k"), ("topk",), "top_k", 5, [["top_k"]]], ids=str)
def test_an_order_of_something_else_than_stages_is_refused(order):
    with pytest.raises(UnknownStage, match="each once"):
        SamplerSettings(order=order)


@pytest.mark.parametrize(
    "bias", [{0: 101}, {0: math.nan}, {-1: 1}, {"one": 1}, 5, {0: "much"}, {0: True}], ids=str
)
def test_a_bias_that_cannot_be_used_is_refused(bias):
    with pytest.raises((OutOfRange, ValueError), match="logit_bias"):
        SamplerSettings(logit_bias=bias)


@given(CHAINS)
def test_settings_of_the_whole_family_are_the_same_after_a_trip_through_json(settings):
    assert SamplerSettings.from_json(settings.to_json()) == settings


def test_cutting_a_cut_goes_by_what_is_left():
    whole = Stage("", Softmax(np.log(np.array([0.4, 0.3, 0.2, 0.1]))))
    cut = whole.cut("top_k", np.array([1, 2]))
    assert list(cut.leading(1)) == [1] and cut.mass == pytest.approx(0.5)
    np.testing.assert_allclose(cut.leading_probabilities, [0.6, 0.4])
