"""When a pass fails or an engine is closed, whoever waits hears of it, and others go on."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from model.engine.engine import Engine
from tests.numerics.writing import (
    PATIENCE,
    PLENTY,
    at_once,
    byte_ids,
    ended,
    start_with,
    without_eos,
    written,
)
from tests.tiny import tiny_model

POISON = 255
"""A token whose embedding is made to be no number."""


@pytest.fixture
def poisoned(monkeypatch):
    """A model that has no numbers for a text with a certain token in it."""
    model = without_eos(tiny_model("gpt2"), monkeypatch)
    decoder = model.networks["float32"]._decoder
    embedded = decoder._embedded

    def poisoned(token_ids, positions):
        vectors = embedded(token_ids, positions)
        vectors[token_ids == POISON] = float("nan")
        return vectors

    decoder._embedded = poisoned
    return model


def break_down(monkeypatch, model, when=lambda: True) -> None:
    """Let a pass fail when keys and values have been written already."""
    decoder = model.networks["float32"]._decoder
    forward = decoder.forward

    def broken(*args):
        rows = forward(*args)
        if when():
            raise RuntimeError("out of memory")
        return rows

    monkeypatch.setattr(decoder, "forward", broken)


# A pass that fails


def test_a_pass_that_fails_ends_its_runs_with_the_error_and_the_engine_goes_on(endless, monkeypatch):
    runs = [start_with(byte_ids(5 + index, index), index) for index in range(4)]
    alone = [written(endless, run, 10).token_ids for run in runs]
    with Engine(endless, PLENTY) as engine:
        with monkeypatch.context() as patch:
            begun = []
            break_down(patch, endless, lambda: any(len(one.latest().steps) >= 4 for one in begun))
            with engine._wake:
                begun += at_once(engine, runs, 10)
            for one in begun:
                assert one.wait(PATIENCE)
                with pytest.raises(RuntimeError, match="out of memory"):
                    one.latest()
                with pytest.raises(RuntimeError, match="out of memory"):
                    list(one)
        again = at_once(engine, runs, 10)
        assert [ended(one).token_ids for one in again] == alone


def test_a_pass_that_fails_ends_whoever_looks_with_the_error(endless, monkeypatch, engine):
    with monkeypatch.context() as patch:
        break_down(patch, endless)
        with pytest.raises(RuntimeError, match="out of memory"):
            engine.read(byte_ids(20))
    assert len(engine.read(byte_ids(20))) == 20


def test_a_pass_that_fails_leaves_the_store_usable(endless, monkeypatch, engine):
    short = engine.read(byte_ids(10))
    expected = short.logits(9).copy()
    with monkeypatch.context() as patch:
        break_down(patch, endless)
        with pytest.raises(RuntimeError, match="out of memory"):
            engine.read(byte_ids(20))
    again = engine.read(byte_ids(20))
    with Engine(endless, PLENTY) as other:
        alone = other.read(byte_ids(20))
    np.testing.assert_allclose(again.logits(19), alone.logits(19), atol=1e-4)
    np.testing.assert_allclose(again.attention_heads(0, 20), alone.attention_heads(0, 20), atol=1e-5)
    np.testing.assert_allclose(again.logits(9), expected, atol=1e-4)


def test_the_very_first_pass_of_an_engine_may_fail(endless, monkeypatch, engine):
    with monkeypatch.context() as patch:
        break_down(patch, endless)
        begun = engine.write(start_with(byte_ids(20)), 5)
        assert begun.wait(PATIENCE)
    assert ended(engine.write(start_with(byte_ids(20)), 5)).token_ids == (
        written(endless, start_with(byte_ids(20)), 5).token_ids
    )


def test_runs_that_waited_for_a_place_are_written_after_a_pass_failed(endless, monkeypatch):
    failing = threading.Event()
    failing.set()
    with Engine(endless, PLENTY, places=2) as engine:
        with engine._wake:
            begun = at_once(engine, [start_with(byte_ids(5, index), index) for index in range(4)], 10)
            break_down(monkeypatch, endless, lambda: failing.is_set() and not failing.clear())
        for one in begun[:2]:
            assert one.wait(PATIENCE)
            with pytest.raises(RuntimeError, match="out of memory"):
                one.latest()
        assert [len(ended(one).steps) for one in begun[2:]] == [10, 10]


def test_a_text_without_a_token_is_refused_and_disturbs_nobody(endless, engine):
    with engine._wake:
        begun = engine.write(start_with(byte_ids(5)), 10)
        with pytest.raises(ValueError, match="no token"):
            engine.write(start_with(()), 10)
    assert len(ended(begun).steps) == 10


# Logits that are not numbers


def test_logits_that_are_not_numbers_end_only_the_run_concerned(poisoned):
    healthy = [start_with(byte_ids(5 + index, index), index) for index in range(3)]
    with Engine(poisoned, PLENTY) as engine:
        alone = [ended(engine.write(run, 12)).token_ids for run in healthy]
    with Engine(poisoned, PLENTY) as engine:
        sick, *others = at_once(engine, [start_with((1, 2, POISON, 3)), *healthy], 12)
        assert sick.wait(PATIENCE)
        with pytest.raises(ValueError, match="not numbers"):
            sick.latest()
        assert [ended(one).token_ids for one in others] == alone


@pytest.mark.parametrize("chunk", [1, 3, 5, 64])
@pytest.mark.parametrize("reading", [False, True], ids=["written", "looked at"])
def test_what_is_not_a_number_does_not_poison_a_later_run_in_the_same_place(
    poisoned, monkeypatch, reading, chunk
):
    """What stands in a slot beyond a text is masked, and a masked NaN is still a NaN."""
    runs = [start_with(byte_ids(2 + index, index), index) for index in range(6)]
    alone = [written(poisoned, run, 30).token_ids for run in runs]
    monkeypatch.setattr("model.engine.lane.CHUNK", chunk)
    monkeypatch.setattr("model.engine.lane.CHUNK_ALONE", chunk)
    sick_text = (*byte_ids(20, 9), POISON, *byte_ids(6, 5))
    with Engine(poisoned, PLENTY) as engine:
        with engine._wake:
            before = at_once(engine, runs[:2], 30)
            sick = [engine.write(start_with((*sick_text, index)), 5) for index in range(2)]
        with ThreadPoolExecutor(1) as pool:
            looking = pool.submit(engine.read, (*sick_text, 77)) if reading else None
            for one in sick:
                assert one.wait(PATIENCE)
            if looking:
                assert looking.exception(PATIENCE) or len(looking.result()) == len(sick_text) + 1
        after = at_once(engine, runs[2:], 30)
        assert [ended(one).token_ids for one in (*before, *after)] == alone


@pytest.mark.parametrize("stop", [False, True], ids=["read to its end", "stopped before"])
def test_a_prompt_with_what_is_not_a_number_leaves_nothing_behind(poisoned, passes, monkeypatch, stop):
    monkeypatch.setattr("model.engine.lane.CHUNK_ALONE", 4)
    runs = [start_with(byte_ids(2, index), index) for index in range(3)]
    alone = [written(poisoned, run, 30).token_ids for run in runs]
    passes.spans.clear()
    with Engine(poisoned, PLENTY) as engine:
        with engine._wake:
            sick = engine.write(start_with((*byte_ids(9), POISON, *byte_ids(20))), 5)
            passes.before = lambda: sick.stop() if stop and len(passes.spans) == 4 else None
        assert sick.wait(PATIENCE)
        again = at_once(engine, runs, 30)
        assert [ended(one).token_ids for one in again] == alone


def test_a_text_that_was_only_looked_at_does_not_poison_the_next_one(poisoned):
    runs = [start_with(byte_ids(2, index), index) for index in range(2)]
    alone = [written(poisoned, run, 30).token_ids for run in runs]
    with Engine(poisoned, PLENTY) as engine:
        for index in range(3):
            try:
                engine.read((*byte_ids(9, index), POISON, *byte_ids(9)))
            except ValueError as error:
                assert "not numbers" in str(error)
        assert [ended(one).token_ids for one in at_once(engine, runs, 30)] == alone


# Closing


def test_closing_ends_everybody_who_waits_with_an_error(endless, passes):
    go_on = threading.Event()
    passes.before = lambda: go_on.wait(PATIENCE)
    engine = Engine(endless, PLENTY, places=1)
    begun = at_once(engine, [start_with(byte_ids(5, index), index) for index in range(3)], 100)
    with ThreadPoolExecutor(3) as pool:
        following = [pool.submit(list, one) for one in begun[:2]]
        reading = pool.submit(engine.read, byte_ids(50, 99))
        closing = threading.Thread(target=engine.close)
        closing.start()
        while not engine._closed:
            closing.join(0.01)
        go_on.set()
        closing.join(PATIENCE)
        for one in (*following, reading):
            with pytest.raises(RuntimeError, match="closed"):
                one.result(PATIENCE)
    for one in begun:
        assert one.done
        with pytest.raises(RuntimeError, match="closed"):
            one.latest()


def test_a_closed_engine_takes_nothing_more_and_may_be_closed_again(endless):
    with Engine(endless, PLENTY) as engine:
        known = engine.read(byte_ids(5))
    with pytest.raises(RuntimeError, match="closed"):
        engine.write(start_with(byte_ids(5)), 3)
    with pytest.raises(RuntimeError, match="closed"):
        engine.read(byte_ids(6))
    assert engine.read(byte_ids(5)) is known, "what is known can still be looked at"
    engine.close()


def test_an_error_of_the_caller_closes_the_engine_too(endless):
    with pytest.raises(ZeroDivisionError), Engine(endless, PLENTY) as engine:
        begun = engine.write(start_with(byte_ids(5)), 100)
        raise ZeroDivisionError
    assert begun.done
    assert not engine._thread.is_alive()
