"""The same dice under other settings: the text stays what it was, or parts from it where u says so."""

from dataclasses import replace

import numpy as np
import pytest

from model.engine.engine import Engine
from model.lab.branching import branched
from model.lab.replay import Replaying, replayed
from model.sampler.sampling import shape, uniform
from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from tests.numerics.writing import (
    GREEDY,
    PLENTY,
    WILD,
    byte_ids,
    ended,
    start,
    start_with,
    without_eos,
)

COOLER = SamplerSettings(temperature=0.9, top_k=0, top_p=1.0)
NARROW = SamplerSettings(temperature=1.3, top_k=3, top_p=1.0)


def under_the_dice(shaped, u: float) -> int:
    """The token whose piece of the cumulative holds u; worked out apart from `draw`."""
    ranked = np.argsort(-shaped.shaped, kind="stable")
    return int(ranked[np.searchsorted(np.cumsum(shaped.shaped[ranked]), u, side="right")])


def assert_parts_where_u_says(engine: Engine, original: Run, settings: SamplerSettings) -> None:
    """Every step of a replay, and its divergence, from the logits and the dice alone."""
    replay = replayed(engine, original, settings)
    run, token_ids = replay.run, replay.run.token_ids
    internals = engine.read(token_ids, run.precision)
    parted = None
    for index, step in enumerate(run.steps):
        position = len(run.prompt_token_ids) + index
        shaped = shape(internals.logits(position - 1), settings, token_ids[:position])
        assert step.u == original.steps[index].u
        assert step.token_id == under_the_dice(shaped, step.u)
        assert step.probability == pytest.approx(shaped.probability(step.token_id), abs=1e-4)
        assert step.kept == shaped.kept
        if parted is None and step.token_id != original.steps[index].token_id:
            parted = index
    assert replay.first_divergence == parted
    same = sum(a.token_id == b.token_id for a, b in zip(run.steps, original.steps, strict=False))
    assert replay.agreement == same / len(original.steps)
    if parted is None:
        return
    position, here = len(run.prompt_token_ids) + parted, replay.divergence
    logits, previous = internals.logits(position - 1), token_ids[:position]
    before, after = shape(logits, original.settings, previous), shape(logits, settings, previous)
    assert (here.position, here.u) == (position, original.steps[parted].u)
    assert here.was.token_id == original.steps[parted].token_id
    assert here.now.token_id == run.steps[parted].token_id
    for one in (here.was, here.now):
        assert one.probability_before == pytest.approx(before.probability(one.token_id), abs=1e-5)
        assert one.probability_after == pytest.approx(after.probability(one.token_id), abs=1e-5)
    assert here.cut_by == after.cut_by(here.was.token_id)


@pytest.mark.parametrize("settings", [None, WILD])
def test_a_replay_with_unchanged_settings_is_the_run_token_for_token(tiny_models, engines, settings):
    original = ended(engines.write(start(tiny_models, "the other", WILD, seed=3), 10))
    replay = replayed(engines, original, settings)
    assert replay.run.token_ids == original.token_ids
    assert (replay.first_divergence, replay.agreement) == (None, 1.0)
    assert replay.run.finish_reason == original.finish_reason
    for ours, theirs in zip(replay.run.steps, original.steps, strict=True):
        assert replace(ours, probability=theirs.probability) == theirs
        assert ours.probability == pytest.approx(theirs.probability, abs=1e-5)


@pytest.mark.parametrize("settings", [COOLER, NARROW, GREEDY])
def test_a_replay_parts_from_the_run_exactly_where_the_cumulative_under_u_says_so(
    tiny_models, engines, monkeypatch, settings
):
    without_eos(tiny_models, monkeypatch)
    for seed in range(3):
        original = ended(engines.write(start(tiny_models, "the other", WILD, seed), 6))
        assert_parts_where_u_says(engines, original, settings)


@pytest.mark.embedded
def test_a_replay_of_the_default_model_keeps_both_laws(embedded_model):
    first = SamplerSettings()
    with Engine(embedded_model, PLENTY) as engine:
        original = ended(engine.write(start(embedded_model, "The capital of France is", first, 5), 8))
        assert replayed(engine, original, first).run.token_ids == original.token_ids
        for settings in (SamplerSettings(temperature=1.5), SamplerSettings(temperature=0.8, top_k=2)):
            assert_parts_where_u_says(engine, original, settings)


def test_what_cut_the_token_is_named_and_none_where_the_cumulative_moved(endless, engine):
    original = ended(engine.write(start_with(byte_ids(6)), 12))
    assert replayed(engine, original, NARROW).divergence.cut_by == "top_k"
    assert replayed(engine, original, GREEDY).divergence.cut_by == "temperature"
    moved = replayed(engine, original, replace(WILD, temperature=2.5)).divergence
    assert moved.cut_by is None and moved.was.probability_after > 0
    assert moved.was.token == endless.text.token(moved.was.token_id)


def test_the_dice_are_those_that_were_thrown_whatever_seed_they_came_from(endless, engine):
    original = ended(engine.write(start_with(byte_ids(6), seed=1), 4))
    original = ended(engine.write(original, 4, seed=2))
    assert replayed(engine, original).run.token_ids == original.token_ids
    replay = replayed(engine, original, COOLER)
    assert [step.u for step in replay.run.steps] == [
        uniform(1 if position < 10 else 2, position) for position in range(6, 14)
    ]


def test_steps_keep_their_own_settings_unless_others_are_asked_for(endless, engine):
    original = ended(engine.write(start_with(byte_ids(6)), 3))
    original = ended(engine.write(original, 3, settings=GREEDY))
    original = ended(engine.write(original, 3, settings=COOLER))
    own = replayed(engine, original).run
    assert own.token_ids == original.token_ids
    assert [step.settings for step in own.steps] == [None] * 3 + [GREEDY] * 3 + [COOLER] * 3
    asked = replayed(engine, original, NARROW).run
    assert asked.settings == NARROW
    assert [step.settings for step in asked.steps] == [None] * 9
    assert all(step.kept == 3 for step in asked.steps)


def test_a_run_whose_tokens_its_dice_did_not_choose_parts_and_keeps_the_settings_of_each_step(
    endless, engine
):
    """As another number format, or a file written by hand, may leave it."""
    original = ended(engine.write(start_with(byte_ids(6)), 3))
    original = ended(engine.write(original, 2, settings=GREEDY))
    original = ended(engine.write(original, 2, settings=COOLER))
    other = (original.steps[0].token_id + 1) % 250
    steps = (replace(original.steps[0], token_id=other), *original.steps[1:])
    replay = replayed(engine, replace(original, steps=steps))
    assert replay.first_divergence == 0
    assert replay.divergence.was.probability_before == replay.divergence.was.probability_after
    assert replay.run.token_ids == original.token_ids
    assert [step.settings for step in replay.run.steps] == [None] * 3 + [GREEDY] * 2 + [COOLER] * 2


def test_a_forced_token_stays_while_the_text_agrees_and_is_drawn_once_it_does_not(endless, engine):
    original = ended(engine.write(start_with(byte_ids(6)), 4))
    least = int(np.argmin(engine.read(original.token_ids).logits(7)))
    original = ended(engine.write(branched(engine, original, 8, least), 4))
    again = replayed(engine, original)
    assert (again.run.token_ids, again.run.steps[2].forced) == (original.token_ids, True)
    greedy = replayed(engine, original, GREEDY)
    assert greedy.first_divergence < 2
    assert not any(step.forced for step in greedy.run.steps)
    kept = replayed(
        engine, replace(original, prompt_token_ids=original.token_ids[:8], steps=original.steps[2:]), GREEDY
    )
    assert kept.run.steps[0].forced and kept.run.steps[0].token_id == least
    assert (kept.run.steps[0].kept, kept.run.steps[0].probability) == (1, 0.0)


def test_the_model_reads_nothing_again_and_only_the_new_tokens(endless, passes):
    with Engine(endless, PLENTY) as engine:
        original = ended(engine.write(start_with(byte_ids(40)), 12))
        read = passes.tokens
        replayed(engine, original)
        assert passes.tokens == read
        replay = replayed(engine, original, NARROW)
        assert passes.tokens - read == len(original.steps) - replay.first_divergence - 1


def test_a_run_that_is_followed_grows_step_by_step_and_says_how_it_ended(endless, engine):
    original = ended(engine.write(start_with(byte_ids(6)), 9))
    seen = list(Replaying(engine, original, NARROW))
    assert [len(one.run.steps) for one in seen] == [*range(1, 10), 9]
    assert [one.run.finish_reason for one in seen[:-1]] == [None] * (len(seen) - 1)
    assert seen[-1].run.finish_reason == "length"
    parted = seen[-1].first_divergence
    assert [one.divergence is None for one in seen] == [len(one.run.steps) <= parted for one in seen]


@pytest.mark.parametrize("settings", [None, NARROW])
def test_who_stops_a_replay_gets_what_is_there(endless, engine, settings):
    original = ended(engine.write(start_with(byte_ids(6)), 40))
    replaying = Replaying(engine, original, settings)
    seen = []
    for replay in replaying:
        seen.append(replay)
        if len(replay.run.steps) == 1:
            replaying.stop()
    assert seen[-1].run.finish_reason == "stop"
    assert len(seen[-1].run.steps) < 40


def test_a_replay_that_meets_the_end_of_text_ends_there(endless, engine, monkeypatch):
    original = ended(engine.write(start_with(byte_ids(6)), 8))
    full = replayed(engine, original, GREEDY)
    parted = full.first_divergence
    for index in (parted, parted + 1):
        end = full.run.steps[index].token_id
        monkeypatch.setattr(endless, "eos_token_ids", frozenset([end]))
        replay = replayed(engine, original, GREEDY)
        assert replay.run.finish_reason == "eos"
        assert replay.run.token_ids[-1] == end
        assert replay.agreement <= len(replay.run.steps) / 8


def test_a_run_without_steps_agrees_with_itself(engine, tiny_gpt2):
    replay = replayed(engine, start(tiny_gpt2, "the", WILD), GREEDY)
    assert (replay.run.steps, replay.agreement, replay.first_divergence) == ((), 1.0, None)


def test_what_cannot_be_replayed_is_refused(endless, engine):
    run = ended(engine.write(start_with(byte_ids(3)), 2))
    with pytest.raises(ValueError, match="no prompt"):
        Replaying(engine, replace(run, prompt_token_ids=()))
    with pytest.raises(ValueError, match="at least 0 and below 1"):
        Replaying(engine, replace(run, steps=(replace(run.steps[0], u=1.0),)))
