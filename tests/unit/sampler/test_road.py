"""One token through the stages, and the leading ones as shares of every column."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.sampler.road import road
from model.sampler.sampling import shape
from model.sampler.settings import BAN, SamplerSettings
from model.sampler.stage_records import STAGES
from model.sampler.stage_shares import stage_shares

LOGITS = np.random.default_rng(8).gumbel(0, 2, 400).astype(np.float32)
TEXT = [1, 2, 3, 1, 2]
ALL = SamplerSettings(
    temperature=1.2, top_k=60, top_p=0.97, min_p=0.01, repetition_penalty=1.2, presence_penalty=0.3,
    frequency_penalty=0.2, no_repeat_ngram_size=3, top_n_sigma=4.0, typical_p=0.95, epsilon_cutoff=0.004,
    eta_cutoff=0.02, logit_bias={int(LOGITS.argmax()): BAN, 7: 3.0},
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.permutations(STAGES), st.integers(0, 399))
def test_a_road_ends_at_the_stage_that_cut_the_token_in_any_order(order, token_id):
    shaped = shape(LOGITS, SamplerSettings(**{**ALL.__dict__, "order": order}), TEXT)
    passages = road(shaped, token_id)
    assert [passage.name for passage in passages] == list(order[: len(passages)])
    cut = shaped.cut_by(token_id)
    assert [passage.name for passage in passages if passage.cut] == ([cut] if cut else [])
    for passage in passages:
        assert passage.probability_before == pytest.approx(passage.before.over_vocabulary[token_id])
        assert passage.probability == pytest.approx(passage.stage.over_vocabulary[token_id])
        left = passage.before.leading(passage.before.kept)
        assert left[passage.rank - 1] == token_id
        if passage.name == "top_k":
            assert passage.cut == (passage.rank > passage.stage.kept)


@settings(max_examples=60, deadline=None)
@given(st.permutations(STAGES), st.integers(1, 12))
def test_every_column_is_the_whole_probability_and_what_is_cut_is_missing_from_the_next(order, most):
    shaped = shape(LOGITS, SamplerSettings(**{**ALL.__dict__, "order": order}), TEXT)
    shares = stage_shares(shaped, most=most)
    assert shares.names == ("model", *order, "dice")
    assert shares.shares.sum(axis=1) + shares.others + shares.cut == pytest.approx(1.0)
    assert len(shares.token_ids) == most
    for column, stage in enumerate(shaped.stages, start=1):
        assert shares.cut[column] == pytest.approx(1 - stage.mass, abs=1e-9)
        gone = [token_id for token_id in shares.token_ids if token_id not in stage.token_ids]
        assert not shares.shares[column][np.isin(shares.token_ids, gone)].any()
    assert shares.shares[-1] == pytest.approx(shaped.shaped[shares.token_ids])
    assert shares.shares[0] == pytest.approx(shaped.probabilities[shares.token_ids])


def test_tokens_that_must_be_followed_are_and_stand_by_rank():
    shaped = shape(LOGITS, ALL, TEXT)
    rare = int(shaped.ranking[-1])
    shares = stage_shares(shaped, most=5, always=[rare])
    assert len(shares.token_ids) == 5 and shares.token_ids[-1] == rare


def test_the_bounds_of_a_cut_stand_between_what_was_kept_and_what_was_not():
    bounds = {"epsilon_cutoff": 0, "eta_cutoff": 0, "min_p": 0, "top_n_sigma": 0, "typical_p": 0}
    shaped = shape(LOGITS, ALL, TEXT)
    for token_id in shaped.most_likely(120):
        last = road(shaped, int(token_id))[-1]
        if not last.cut or last.name not in bounds:
            continue
        bounds[last.name] += 1
        if last.name == "top_n_sigma":
            assert last.behind > last.most_behind
        elif last.name == "typical_p":
            assert last.surprise >= last.most_surprise
        else:
            assert last.probability_before < last.least
        if last.name == "min_p":
            assert last.probability_before < ALL.min_p * last.leading
    assert sum(bounds.values()) > 10
