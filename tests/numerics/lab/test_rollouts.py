"""Many continuations of one text: as likely as the model says, ordinary runs, and a burden to nobody."""

import threading
from collections import Counter

import numpy as np
import pytest

from model.engine.engine import Engine
from model.lab.rollout_statistics import first_token_test, first_tokens, statistics_of
from model.lab.rollouts import AT_ONCE, MOST_ROLLOUTS, Rollouts, Sweep
from model.numbers import MAX_SEED, OutOfRange
from model.sampler.goodness_of_fit import chi_square_tail
from model.sampler.sampling import uniform
from model.sampler.settings import SamplerSettings
from tests.numerics.writing import GREEDY, PATIENCE, PLENTY, WILD, byte_ids, ended, start, start_with
from tests.tiny import CONTEXT

HOT = SamplerSettings(temperature=0.6, top_k=0, top_p=1.0)


def last_of(rollouts):
    *_, last = rollouts
    return last


def test_first_tokens_come_as_often_as_the_sampler_says(endless, engine):
    rollouts = Rollouts(engine, start_with(byte_ids(6), settings=HOT), MOST_ROLLOUTS, 1, seed=1000)
    runs, probabilities = last_of(rollouts), rollouts.first_step().shaped
    assert len(runs) == MOST_ROLLOUTS
    test = first_token_test(runs, probabilities)
    assert test.degrees_of_freedom >= 3
    assert test.p_value > 0.01
    assert test.p_value == chi_square_tail(test.statistic, test.degrees_of_freedom)
    rows = first_tokens(runs, probabilities)
    assert sum(row.inside for row in rows) >= len(rows) - 2
    wrong = np.roll(probabilities, 1)
    assert first_token_test(runs, wrong).p_value < 1e-6, "and the test can tell"


def test_each_rollout_is_the_run_that_its_seed_writes(endless, engine):
    run = start_with(byte_ids(6), seed=MAX_SEED - 1)
    runs = last_of(Rollouts(engine, run, 5, 4))
    assert [one.seed for one in runs] == [MAX_SEED - 1, MAX_SEED, 0, 1, 2]
    for one in runs:
        assert one.prompt_token_ids == run.token_ids
        assert one.finish_reason == "length"
        alone = ended(engine.write(one.cut_at(0), 4))
        assert alone.token_ids == one.token_ids
        assert [step.u for step in alone.steps] == [step.u for step in one.steps]
        assert [step.text for step in alone.steps] == [step.text for step in one.steps]
        first = alone.steps[0]
        assert (one.steps[0].rank, one.steps[0].kept) == (first.rank, first.kept)
        assert one.steps[0].logprob == pytest.approx(first.logprob, abs=1e-5)
        assert one.steps[0].probability == pytest.approx(first.probability, abs=1e-6)


def test_every_first_token_is_the_one_under_the_dice_before_anything_is_written(endless, engine):
    rollouts = Rollouts(engine, start_with(byte_ids(6), settings=HOT), MOST_ROLLOUTS, 9, seed=50)
    logits = engine.read(byte_ids(6)).logits(5).astype(np.float64) / HOT.temperature
    likely = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    ranked = np.argsort(-likely, kind="stable")
    dice = [uniform(50 + index, 6) for index in range(MOST_ROLLOUTS)]
    under = ranked[np.searchsorted(np.cumsum(likely[ranked]), dice, side="right")]
    assert [one.token_ids[6:] for one in rollouts.begun] == [(token_id,) for token_id in under]
    assert {one.finish_reason for one in rollouts.begun} == {None}
    assert rollouts.tokens == 0


def test_first_tokens_of_a_cancelled_set_are_those_of_the_whole_set_however_soon_some_end(
    endless, monkeypatch
):
    run, count = start_with(byte_ids(6), settings=HOT, seed=200), 60
    with Engine(endless, PLENTY, places=4) as engine:
        likely = Rollouts(engine, run, 1, 1).first_step().shaped
        eos = [int(token_id) for token_id in np.argsort(-likely)[1:4]]
        monkeypatch.setattr(endless, "eos_token_ids", frozenset(eos))
        rollouts = Rollouts(engine, run, count, 90)
        seen = []
        for runs in rollouts:
            seen.append(runs)
            rollouts.stop()
        alone = [ended(engine.write(run, 1, seed=200 + index)) for index in range(count)]
    drawn = Counter(one.steps[0].token_id for one in rollouts.begun)
    assert len(seen[-1]) < count, "cancelled"
    assert drawn == Counter(one.steps[0].token_id for one in alone)
    ends = sum(one.steps[0].token_id in eos for one in alone)
    assert 0 < ends < count
    rows = {row.token_id: row for row in first_tokens(rollouts.begun, likely)}
    assert sum(rows[token_id].count for token_id in eos if token_id in rows) == ends
    assert first_token_test(rollouts.begun, likely).p_value > 0.01
    for one in rollouts.begun:
        assert (one.finish_reason == "eos") == (one.steps[0].token_id in eos)


def test_a_rollout_whose_first_token_ends_the_text_has_that_token_alone(endless, engine, monkeypatch):
    run = start_with(byte_ids(6))
    drawn = [one.steps[0].token_id for one in Rollouts(engine, run, 12, 5).begun]
    monkeypatch.setattr(endless, "eos_token_ids", frozenset({drawn[3]}))
    runs = last_of(Rollouts(engine, run, 12, 5))
    assert [one.steps[0].token_id for one in runs] == drawn
    for one, token_id in zip(runs, drawn, strict=True):
        if token_id == drawn[3]:
            assert (len(one.steps), one.finish_reason) == (1, "eos")
        else:
            assert len(one.steps) > 1


def test_where_the_context_is_full_rollouts_have_no_first_token(endless, engine):
    rollouts = Rollouts(engine, start_with(byte_ids(CONTEXT)), 3, 2)
    assert [one.steps for one in rollouts.begun] == [(), (), ()]
    assert [one.finish_reason for one in last_of(rollouts)] == ["context"] * 3
    assert first_token_test(rollouts.begun, rollouts.first_step().shaped) is None


def test_a_first_token_completes_the_character_that_the_text_has_begun(endless, engine):
    begun = start(endless, "中", WILD)
    *prompt, last = begun.prompt_token_ids
    always = SamplerSettings(temperature=1.0, top_k=0, top_p=1.0, logit_bias={last: 100.0})
    (one,) = Rollouts(engine, start_with(prompt, settings=always), 1, 1).begun
    assert one.text == "中"


def test_a_text_with_steps_is_the_prompt_as_a_whole(endless, engine):
    run = ended(engine.write(start_with(byte_ids(6)), 3))
    (one,) = last_of(Rollouts(engine, run, 1, 2, settings=GREEDY, seed=9))
    assert one.prompt_token_ids == run.token_ids
    assert one.prompt == run.prompt + run.text
    assert (one.settings, one.seed, len(one.steps)) == (GREEDY, 9, 2)


def test_the_prompt_is_read_once_and_no_more_than_some_are_written_at_a_time(endless, passes):
    most: list[int] = []
    with Engine(endless, PLENTY) as engine:
        passes.before = lambda: most.append(len(engine._written()))
        runs = last_of(Rollouts(engine, start_with(byte_ids(50)), 40, 3))
    assert len(runs) == 40
    assert len({one.steps[0].token_id for one in runs}) > 1
    assert 50 + 40 < passes.tokens <= 50 + 40 * 2, "the last token of each is read by nobody"
    assert max(most) <= AT_ONCE


def test_half_of_the_places_are_left_to_others(endless, passes):
    most: list[int] = []
    with Engine(endless, PLENTY, places=4) as engine:
        passes.before = lambda: most.append(len(engine._written()))
        assert len(last_of(Rollouts(engine, start_with(byte_ids(5)), 9, 3))) == 9
    assert max(most) == 2


def test_rollouts_leave_only_their_prompt_behind(endless):
    with Engine(endless, PLENTY) as engine:
        other = ended(engine.write(start_with(byte_ids(20, first=3)), 3))
        before = engine.store.nbytes
        runs = last_of(Rollouts(engine, start_with(byte_ids(40)), 20, 30))
        known = {(one.token_ids) for one in runs}
    prompt = engine.store.find("float32", byte_ids(40))
    assert prompt is not None and len(prompt) == 40
    assert all(engine.store.find("float32", token_ids[:-1]) is None for token_ids in known)
    assert engine.store.find("float32", other.token_ids[:-1]) is not None
    bound = 2 * 32 * endless.networks["float32"].bytes_per_token + 4 * 4 * endless.info.vocab_size
    assert engine.store.nbytes - before <= bound


def test_progress_is_told_in_the_order_of_the_seeds(endless, engine):
    seen = list(Rollouts(engine, start_with(byte_ids(5), seed=3), 20, 2))
    counts = [len(runs) for runs in seen]
    assert counts == sorted(set(counts)) and counts[-1] == 20
    for runs in seen:
        assert [one.seed for one in runs] == sorted(one.seed for one in runs)


def test_tokens_are_counted_while_they_are_written_and_afterwards(endless, engine):
    rollouts = Rollouts(engine, start_with(byte_ids(5)), 20, 3)
    seen = [(rollouts.tokens, sum(len(one.steps) for one in runs)) for runs in rollouts]
    assert all(counted >= of_ended for counted, of_ended in seen)
    assert rollouts.tokens == 60
    sweep = Sweep(engine, start_with(byte_ids(5)), "temperature", (0.5, 1.0), 2, 3)
    assert sweep.tokens == 0 and sweep.start.token_ids == byte_ids(5)
    last_of(sweep)
    assert sweep.tokens == 12


def test_who_cancels_gets_the_finished_ones_and_frees_the_places(endless, passes):
    with Engine(endless, PLENTY) as engine:
        rollouts = Rollouts(engine, start_with(byte_ids(5)), 100, 4)
        seen = []
        for runs in rollouts:
            seen.append(runs)
            rollouts.stop()
        assert rollouts.stopped
        assert 1 <= len(seen[-1]) <= AT_ONCE
        assert all(len(one.steps) == 4 for one in seen[-1]), "none that was cut short"
        assert list(rollouts) == [], "and it stays stopped"
        assert len(ended(engine.write(start_with(byte_ids(5, 2)), 2)).steps) == 2
        assert engine.waiting == 0


def test_whoever_stops_listening_stops_them(endless, passes, monkeypatch):
    monkeypatch.setattr(endless, "eos_token_ids", frozenset(range(60)))  # they end one after the other
    gone = threading.Event()
    with Engine(endless, PLENTY) as engine:
        rollouts = Rollouts(engine, start_with(byte_ids(5)), 100, 90)

        def wait_once_one_has_ended() -> None:
            if any(one.done for one in list(rollouts._written.values())):
                gone.wait(PATIENCE)

        passes.before = wait_once_one_has_ended
        following = iter(rollouts)
        next(following)
        under_way = list(rollouts._written.values())
        following.close()
        gone.set()
        assert under_way
        reasons = [ended(one).finish_reason for one in under_way]
        assert "stop" in reasons
        assert {*reasons} <= {"stop", "eos"}, "none is written to its full length"


def test_an_error_reaches_whoever_listens(endless, engine, monkeypatch):
    def broken(*_):
        raise ValueError("no dice")

    monkeypatch.setattr("model.engine.generation.draw", broken)
    with pytest.raises(ValueError, match="no dice"):
        list(Rollouts(engine, start_with(byte_ids(5)), 3, 4))


@pytest.mark.parametrize(("count", "length"), [(0, 3), (MOST_ROLLOUTS + 1, 3), (3, 0), (2.5, 3)])
def test_what_cannot_be_written_is_refused(engine, count, length):
    with pytest.raises(OutOfRange):
        Rollouts(engine, start_with(byte_ids(5)), count, length)
    with pytest.raises(ValueError, match="no token"):
        Rollouts(engine, start_with(()), 1, 1)


# Sweeps


def test_a_sweep_tries_every_value_with_the_same_dice_and_diversity_grows_with_temperature(endless, engine):
    sweep = Sweep(engine, start_with(byte_ids(5), settings=WILD), "temperature", (0.0, 0.5, 2.0), 12, 6)
    seen = list(sweep)
    points = seen[-1]
    assert [point.value for point in points] == [0.0, 0.5, 2.0]
    assert [point.settings.temperature for point in points] == [0.0, 0.5, 2.0]
    assert all(len(point.runs) == 12 for point in points)
    assert len({tuple(run.seed for run in point.runs) for point in points}) == 1
    found = [statistics_of(point.runs) for point in points]
    assert found[0].different == 1
    assert found[0].distinct_2 < found[1].distinct_2 < found[2].distinct_2
    assert found[0].mean_logprob > found[1].mean_logprob > found[2].mean_logprob
    assert [len(points) for points in seen] == sorted(len(points) for points in seen)


def test_a_sweep_of_top_k_keeps_whole_numbers_and_refuses_others(endless, engine):
    run = start_with(byte_ids(5), settings=WILD)
    points = last_of(Sweep(engine, run, "top_k", (1, 5), 2, 2))
    assert [{step.kept for one in point.runs for step in one.steps} for point in points] == [{1}, {5}]
    with pytest.raises(OutOfRange, match="top_k"):
        Sweep(engine, run, "top_k", (1.5,), 2, 2)
    with pytest.raises(ValueError, match=r"setting must be one of .*temperature.*, not 'colour'"):
        Sweep(engine, run, "colour", (1,), 2, 2)


def test_a_stopped_sweep_tries_no_value_more(endless, engine):
    sweep = Sweep(engine, start_with(byte_ids(5)), "top_k", (1, 5), 2, 2)
    seen = []
    for points in sweep:
        seen.append(points)
        sweep.stop()
    assert len(seen[-1]) == 1
