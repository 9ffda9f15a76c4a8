"""A token that a person put there: true numbers beside it, and a text that goes on from what is shared."""

from dataclasses import replace

import pytest

from model.engine.engine import Engine
from model.lab.branching import branched
from model.lab.replay import replayed
from model.sampler.sampling import shape, uniform
from model.texts.run import Run
from tests.numerics.writing import GREEDY, PLENTY, WILD, byte_ids, ended, start, start_with, without_eos
from tests.tiny import CONTEXT


@pytest.fixture
def run(endless, engine) -> Run:
    return ended(engine.write(start(endless, "the other", WILD, seed=7), 8))


def test_a_forced_token_has_the_numbers_of_its_own_distribution(tiny_models, engines, monkeypatch):
    model = without_eos(tiny_models, monkeypatch)
    run = ended(engines.write(start(model, "the other", WILD, seed=7), 6))
    for position in (run.steps[0].position, run.steps[3].position, len(run.token_ids)):
        branch = branched(engines, run, position, 65)
        assert branch.token_ids == (*run.token_ids[:position], 65)
        step, previous = branch.steps[-1], run.token_ids[:position]
        left = shape(engines.read(previous).logits(position - 1), WILD, previous)
        assert (step.forced, step.position, step.u) == (True, position, uniform(7, position))
        assert (step.token, step.text) == (model.text.token(65), model.text.token(65))
        assert step.logprob == pytest.approx(left.logprob(65), abs=1e-5)
        assert step.probability == pytest.approx(left.probability(65), abs=1e-6)
        assert step.entropy_bits == pytest.approx(left.entropy_bits, abs=1e-5)
        assert (step.rank, step.kept) == (left.rank(65), left.kept)


def test_the_branch_leaves_the_run_as_it_is_and_goes_on_without_computing_what_they_share(endless, passes):
    with Engine(endless, PLENTY) as engine:
        run = ended(engine.write(start_with(byte_ids(40)), 8))
        read = passes.tokens
        branch = branched(engine, run, run.steps[2].position, 65)
        assert passes.tokens == read
        longer = ended(engine.write(branch, 5))
        assert passes.tokens == read + 5, "the forced token, and each new one but the last"
    assert len(run.steps) == 8
    assert longer.steps[:3] == branch.steps
    assert [step.forced for step in longer.steps] == [False, False, True, *[False] * 5]
    alone = start_with(branch.token_ids)
    with Engine(endless, PLENTY) as other:
        assert ended(other.write(alone, 5)).token_ids == longer.token_ids, "the dice go by position"


def test_forcing_the_token_that_stands_there_gives_the_same_text_again(engine, run):
    step = run.steps[3]
    branch = branched(engine, run, step.position, step.token_id)
    assert replace(branch.steps[-1], forced=False) == step
    assert ended(engine.write(branch, 4)).token_ids == run.token_ids


def test_the_step_keeps_the_settings_that_hold_at_its_position(engine, run):
    longer = ended(engine.write(run, 2, settings=GREEDY))
    step = branched(engine, longer, longer.steps[-1].position, 65).steps[-1]
    assert step.settings == GREEDY
    assert (step.kept, step.probability) == (1, 0.0)


@pytest.fixture
def reseeded(engine, run) -> Run:
    """A text whose last steps have the dice of another seed than that of the run."""
    longer = ended(engine.write(run, 5, seed=8))
    assert longer.seed == 7
    return longer


def test_the_step_has_the_dice_that_the_run_recorded_there_whatever_its_seed(engine, reseeded):
    first = len(reseeded.prompt_token_ids)
    for position in (first + 2, first + 9):
        step = branched(engine, reseeded, position, 65).steps[-1]
        assert step.u == uniform(7 if position < first + 8 else 8, position)
    beyond = len(reseeded.token_ids)
    assert branched(engine, reseeded, beyond, 65).steps[-1].u == uniform(7, beyond)


def test_a_replay_that_parts_before_the_branch_throws_the_dice_recorded_there(engine, reseeded):
    position = len(reseeded.prompt_token_ids) + 9
    branch = branched(engine, reseeded, position, 65)
    replay = replayed(engine, branch, GREEDY)
    assert replay.first_divergence is not None and replay.divergence.position < position
    step = replay.run.step_at(position)
    assert step is not None and not step.forced
    assert step.u == uniform(8, position)


def test_a_forced_end_of_text_does_not_end_the_run(tiny_gpt2, engine):
    (eos,) = tiny_gpt2.eos_token_ids
    branch = branched(engine, start(tiny_gpt2, "the"), len(tiny_gpt2.encode("the")), eos)
    assert branch.finish_reason is None
    assert branch.text == ""
    assert len(ended(engine.write(branch, 2)).steps) > 1


def test_a_forced_piece_completes_the_character_begun_before_it(tiny_gpt2, engine):
    *begun, last = tiny_gpt2.encode("中")
    assert branched(engine, start_with(begun), len(begun), last).text == "中"


def test_where_no_token_can_be_put_is_said(engine, run, tiny_gpt2):
    first, last = len(run.prompt_token_ids), len(run.token_ids)
    for position in (-1, 0, first - 1, last + 1):
        with pytest.raises(ValueError, match=f"between positions {first} and {last}, not at {position}"):
            branched(engine, run, position, 65)
    with pytest.raises(ValueError, match="between positions 1 and 0"):
        branched(engine, start_with(()), 0, 65)
    with pytest.raises(ValueError, match="context"):
        branched(engine, start_with(byte_ids(CONTEXT)), CONTEXT, 65)
    for token_id in (-1, tiny_gpt2.info.vocab_size):
        with pytest.raises(ValueError, match="token id must be from 0 to"):
            branched(engine, run, last, token_id)


def test_token_ids_that_the_model_does_not_know_are_refused_before_they_reach_a_pass(engine, tiny_gpt2):
    beyond = tiny_gpt2.info.vocab_size
    for token_ids in ((1, beyond), (-1, 2)):
        with pytest.raises(ValueError, match=f"from 0 to {beyond - 1}"):
            engine.write(start_with(token_ids), 3)
        with pytest.raises(ValueError, match=f"from 0 to {beyond - 1}"):
            engine.read(token_ids)
    with pytest.raises(ValueError, match=f"at most {CONTEXT} tokens"):
        engine.read(byte_ids(CONTEXT + 1))


# Dice by position


def test_dice_given_by_position_take_the_place_of_the_seed_s(endless, engine):
    usual = ended(engine.write(start_with(byte_ids(5)), 6))
    loaded = ended(engine.write(start_with(byte_ids(5)), 6, draws={7: 0.0, 99: 0.5}))
    assert [step.u for step in loaded.steps] == [
        uniform(42, 5),
        uniform(42, 6),
        0.0,
        *(uniform(42, p) for p in (8, 9, 10)),
    ]
    assert loaded.token_ids[:7] == usual.token_ids[:7]
    shaped_there = shape(engine.read(loaded.token_ids).logits(6), WILD, loaded.token_ids[:7])
    assert loaded.token_ids[7] == shaped_there.token_ids[0], "u = 0 falls on the most likely one"


@pytest.mark.parametrize("u", [1.0, -0.1, float("nan")])
def test_what_no_dice_can_show_is_refused(engine, u):
    with pytest.raises(ValueError, match="at least 0 and below 1"):
        engine.write(start_with(byte_ids(5)), 6, draws={7: u})
