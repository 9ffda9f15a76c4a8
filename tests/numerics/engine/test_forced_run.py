"""Tokens that nobody drew, as a run: forced steps, with the numbers that the model itself gives them."""

import pytest

from model.engine.engine import Engine
from model.lab.beam_search import beam_search
from model.lab.branching import branched, forced_run
from model.texts.run import Run
from tests.numerics.writing import WILD, ended, start
from tests.tiny import CONTEXT


@pytest.fixture
def run(endless, engine) -> Run:
    return ended(engine.write(start(endless, "the other", WILD, seed=7), 4))


def test_every_forced_step_is_the_one_that_a_branch_would_have(engine, run):
    one_by_one = run
    for token_id in (65, 3, 65):
        one_by_one = branched(engine, one_by_one, len(one_by_one.token_ids), token_id)
    together = forced_run(engine, run, (65, 3, 65))
    assert together.steps[:4] == run.steps and len(run.steps) == 4
    for ours, theirs in zip(together.steps[4:], one_by_one.steps[4:], strict=True):
        assert (ours.forced, ours.token, ours.text, ours.u) == (True, theirs.token, theirs.text, theirs.u)
        assert (ours.position, ours.rank, ours.kept) == (theirs.position, theirs.rank, theirs.kept)
        assert ours.logprob == pytest.approx(theirs.logprob, abs=1e-5)
    assert together.finish_reason == "length"
    assert forced_run(engine, run, ()) is run


def test_the_logprobs_of_a_found_text_add_up_to_what_the_search_said(engine, run):
    *_, found = beam_search(engine, run.token_ids, 3, 6)
    best = found.hypotheses[0]
    opened = forced_run(engine, run, best.token_ids)
    assert sum(step.logprob for step in opened.steps[4:]) == pytest.approx(best.logprob_sum, abs=1e-4)


def test_a_forced_end_of_text_ends_the_run(engine, run, monkeypatch):
    monkeypatch.setattr(engine.model, "eos_token_ids", frozenset({65}))
    assert forced_run(engine, run, (3, 65)).finish_reason == "eos"


@pytest.mark.parametrize("token_ids", [(-1,), (10**6,), (65,) * CONTEXT])
def test_tokens_that_cannot_stand_there_are_refused(engine: Engine, run, token_ids):
    with pytest.raises(ValueError, match="token"):
        forced_run(engine, run, token_ids)


def test_a_text_without_a_beginning_has_no_forced_tokens(engine: Engine):
    with pytest.raises(ValueError, match="no token"):
        forced_run(engine, Run("tiny", "", ()), (65,))
