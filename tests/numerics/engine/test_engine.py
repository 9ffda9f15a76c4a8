"""Places, the waiting line, stopping, precision and following: what the engine promises those who ask it."""

import json
import threading
from dataclasses import replace

import pytest

from model.engine.engine import Engine, UnknownPrecision
from model.texts.run import Run
from tests.numerics.writing import (
    GREEDY,
    PATIENCE,
    PLENTY,
    WILD,
    at_once,
    byte_ids,
    ended,
    start,
    start_with,
    written,
)
from tests.tiny import tiny_model


def present(engine: Engine) -> int:
    """Return how many runs are being written."""
    return len(engine._written())


# Places


def test_runs_beyond_the_places_wait_and_are_served_in_the_order_of_their_arrival(endless, passes):
    most: list[int] = []
    order: list[int] = []
    with Engine(endless, PLENTY, places=2) as engine:
        with engine._wake:
            begun = [
                engine.write(start_with(byte_ids(5, index), index), 4, owner=index) for index in range(6)
            ]
            assert [one.ahead for one in begun] == [0, 0, 1, 2, 3, 4]
            assert engine.waiting == 6

            def look() -> None:
                most.append(present(engine))
                order.extend(set(has_steps(begun)) - set(order))

            passes.before = look
        assert all(len(ended(one).steps) == 4 for one in begun)
        assert engine.waiting == 0
    assert max(most) == 2
    assert order == [0, 1, 2, 3, 4, 5][: len(order)] and len(order) >= 4
    assert all(one.ahead == 0 for one in begun)


def has_steps(begun) -> list[int]:
    return [index for index, one in enumerate(begun) if one.latest().steps]


def test_who_waits_is_told_the_number_in_the_line_and_moves_up(endless, passes):
    told: list[int] = []
    with Engine(endless, PLENTY, places=1) as engine:
        with engine._wake:
            begun = at_once(engine, [start_with(byte_ids(5, index), index) for index in range(4)], 3)
            passes.before = lambda: told.append(begun[3].ahead)
        for one in begun:
            ended(one)
    assert told == [3] * 3 + [2] * 3 + [1] * 3 + [0] * 3


def test_owners_take_turns(endless, passes):
    order: list[int] = []
    with Engine(endless, PLENTY, places=1) as engine:
        with engine._wake:
            begun = [
                engine.write(start_with(byte_ids(5, index), index), 2, owner=owner)
                for index, owner in enumerate("aaabc")
            ]
            passes.before = lambda: order.extend(set(has_steps(begun)) - set(order))
        for one in begun:
            ended(one)
    assert order == [0, 3, 4, 1, 2]


@pytest.mark.parametrize(("share", "together"), [(2.7, 2), (0.0, 1)])
def test_a_run_that_would_not_fit_into_memory_waits_and_one_always_can(endless, passes, share, together):
    size = 2 * 32 * endless.networks["float32"].bytes_per_token
    most: list[int] = []
    with Engine(endless, int(share * size)) as engine:
        passes.before = lambda: most.append(present(engine))
        begun = at_once(engine, [start_with(byte_ids(40, index), index) for index in range(5)], 10)
        assert all(len(ended(one).steps) == 10 for one in begun)
    assert max(most) == together


# Stopping


def test_who_stops_while_waiting_ends_at_once_and_the_others_move_up(endless, passes):
    then: list[tuple[int, int, int]] = []
    with Engine(endless, PLENTY, places=1) as engine:
        with engine._wake:
            begun = at_once(engine, [start_with(byte_ids(5, index), index) for index in range(3)], 60)
            first, second, third = begun

            def stop_the_second() -> None:
                if len(first.latest().steps) == 5:
                    second.stop()
                if second.done:
                    then.append((len(first.latest().steps), third.ahead, engine.waiting))

            passes.before = stop_the_second
        run = ended(second)
        assert (run.steps, run.finish_reason) == ((), "stop")
        assert [len(ended(one).steps) for one in (first, third)] == [60, 60]
    assert then[0] == (6, 1, 1), "one pass later, long before its turn"


def test_a_stopped_run_frees_its_place_before_the_next_token(endless, passes):
    with Engine(endless, PLENTY, places=1) as engine:
        with engine._wake:
            one, two = at_once(engine, [start_with(byte_ids(5, index), index) for index in (1, 2)], 30)
            passes.before = lambda: one.stop() if len(one.latest().steps) == 4 else None
        assert len(ended(one).steps) == 4
        assert len(ended(two).steps) == 30
        assert ended(one).finish_reason == "stop"
    single = [spans for spans in passes.spans if len(spans[0].token_ids) == 1]
    assert len(single) == 3 + 29, "no pass was spent on a token that nobody wanted"


def test_a_run_stopped_while_its_prompt_is_read_has_no_steps(endless, passes, monkeypatch):
    monkeypatch.setattr("model.engine.lane.CHUNK_ALONE", 8)
    with Engine(endless, PLENTY) as engine:
        with engine._wake:
            begun = engine.write(start_with(byte_ids(90)), 5)
            passes.before = lambda: begun.stop() if len(passes.spans) == 3 else None
        run = ended(begun)
        assert (run.steps, run.finish_reason) == ((), "stop")
        assert passes.tokens == 24
        engine.read(byte_ids(90))
    assert passes.tokens == 90, "and what was read of it is known"


# Following


def test_a_consumer_slower_than_the_engine_still_sees_every_step(endless, engine):
    begun = engine.write(start_with(byte_ids(5)), 20)
    following = iter(begun)
    seen = [next(following)]
    ended(begun)
    seen += following
    assert [len(run.steps) for run in seen] == [*range(1, 21), 20]
    assert [run.finish_reason for run in seen] == [None] * 20 + ["length"]


def test_whoever_stops_listening_stops_the_run_and_the_text_goes_on_where_it_was(endless, passes):
    gone = threading.Event()
    with Engine(endless, PLENTY) as engine:
        with engine._wake:
            begun = engine.write(start_with(byte_ids(5)), 100)
            passes.before = lambda: gone.wait(PATIENCE) if len(begun.latest().steps) == 2 else None
        following = iter(begun)
        next(following)
        following.close()
        gone.set()
        run = ended(begun)
        assert len(run.steps) in (1, 2), "the second may have been on its way"
        assert run.finish_reason == "stop"
        internals = engine.read(run.token_ids[:-1])
        *_, more = engine.write(run, 3)
        assert engine.read(more.token_ids) is internals, "the same text went on, no copy was made"


def test_latest_waits_until_the_run_is_another_one_and_no_longer_than_asked(endless, passes):
    may_go_on = threading.Event()
    passes.before = lambda: may_go_on.wait(PATIENCE)
    with Engine(endless, PLENTY) as engine:
        begun = engine.write(start_with(byte_ids(5)), 3)
        first = begun.latest()
        assert begun.latest(beyond=first, timeout=0.01) is first
        assert (begun.wait(0.01), begun.done) == (False, False)
        may_go_on.set()
        assert len(begun.latest(beyond=first).steps) >= 1
        last = ended(begun)
        assert begun.latest(beyond=last) is last, "nothing more comes, so nobody waits for it"
        assert begun.done


def test_settings_of_new_steps_are_kept_beside_those_of_the_run(endless, engine):
    *_, run = engine.write(start_with(byte_ids(5)), 3)
    *seen, run = engine.write(run, 2, settings=GREEDY, seed=7)
    assert [len(one.steps) for one in seen] == [4, 5]
    assert [step.settings for step in run.steps] == [None] * 3 + [GREEDY] * 2
    assert run.settings == WILD


# Number formats


@pytest.fixture(scope="module")
def twofold():
    return tiny_model("llama", formats=("bfloat16", "float32"))


def test_an_unknown_precision_is_refused_by_name(twofold, engine):
    with pytest.raises(UnknownPrecision, match=r"'bfloat16' is not to be had here, but float32"):
        engine.write(replace(start_with(byte_ids(5)), precision="bfloat16"), 3)
    with pytest.raises(UnknownPrecision, match="bfloat16"):
        engine.read(byte_ids(5), "bfloat16")
    with Engine(twofold, PLENTY) as other, pytest.raises(UnknownPrecision, match="bfloat16 and float32"):
        other.read(byte_ids(5), "int8 weights")


def test_each_run_is_computed_in_its_own_precision_and_keeps_it(twofold):
    runs = [start(twofold, "the other", WILD, precision=form) for form in ("float32", "bfloat16")] * 2
    with Engine(twofold, PLENTY) as engine:
        together = [ended(one) for one in at_once(engine, runs, 12)]
        kinds = [
            engine.read(run.token_ids, run.precision).recording.blocks[0].dtype.itemsize for run in together
        ]
        usual = engine.read(runs[0].token_ids)
    assert [run.precision for run in together] == [run.precision for run in runs]
    assert kinds == [4, 2, 4, 2]
    assert usual.format == "bfloat16", "the first format is the usual one"
    assert [run.token_ids for run in together[:2]] == [run.token_ids for run in together[2:]]
    alone = written(tiny_model("llama"), runs[0], 12)
    assert together[0].token_ids == alone.token_ids
    assert together[0].steps[0].logprob != together[1].steps[0].logprob


def test_a_run_carries_its_precision_into_json_and_back(twofold):
    run = written(twofold, start(twofold, "the", WILD, precision="bfloat16"), 2)
    stored = Run.from_json(json.loads(json.dumps(run.to_json())))
    assert stored == run
    assert stored.precision == "bfloat16"
    assert run.cut_at(0).precision == "bfloat16"


def test_a_run_stored_before_there_were_precisions_is_one_of_float32(tiny_gpt2):
    data = written(tiny_gpt2, start(tiny_gpt2, "the"), 2).to_json()
    del data["precision"]
    assert Run.from_json(data).precision == "float32"
