"""What a pass computes: nothing twice, and a long prompt beside the texts of others, not before them."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from model.engine.engine import Engine
from tests.numerics.writing import (
    PATIENCE,
    PLENTY,
    at_once,
    byte_ids,
    ended,
    start_with,
    written,
)

LONG = 100
"""Tokens of a long prompt."""


# Side by side


def test_texts_that_are_written_share_their_passes(endless, passes):
    with Engine(endless, PLENTY) as engine:
        for one in at_once(engine, [start_with(byte_ids(5, index), index) for index in range(10)], 20):
            ended(one)
    assert len(passes.spans) == 20, "one for the prompts, one for each further token"
    assert all(len(spans) == 10 for spans in passes.spans)


def test_a_long_prompt_does_not_stall_the_others(endless, passes, monkeypatch):
    monkeypatch.setattr("model.engine.lane.CHUNK", 8)
    with Engine(endless, PLENTY) as engine:
        with engine._wake:
            others = at_once(engine, [start_with(byte_ids(3, index), index) for index in range(4)], 60)
            late = []

            def join_late() -> None:
                if not late and len(others[0].latest().steps) == 5:
                    late.append(engine.write(start_with(byte_ids(LONG, 77)), 3))
                counts.append([len(one.latest().steps) for one in others])

            counts: list[list[int]] = []
            passes.before = join_late
        for one in others:
            ended(one)
        assert len(ended(late[0]).steps) == 3
    reading = [spans for spans in passes.spans if any(len(span.token_ids) > 1 for span in spans)][1:]
    assert [len(spans) for spans in reading] == [5] * len(reading)
    assert [sum(len(span.token_ids) for span in spans) for spans in reading] == [4 + 8] * 12 + [4 + 4]
    gains = [
        [after - before for before, after in zip(*pair, strict=True)]
        for pair in pairwise(counts)
        if 5 <= pair[0][0] < 18
    ]
    assert gains == [[1] * 4] * 13, "every pass brought each of them a token"


def test_a_prompt_that_nobody_waits_for_is_read_in_larger_pieces(endless, passes, monkeypatch):
    monkeypatch.setattr("model.engine.lane.CHUNK", 8)
    monkeypatch.setattr("model.engine.lane.CHUNK_ALONE", 40)
    with Engine(endless, PLENTY) as engine:
        engine.read(byte_ids(LONG))
    assert [len(span.token_ids) for spans in passes.spans for span in spans] == [40, 40, 20]


def test_a_short_prompt_is_not_kept_waiting_by_a_long_one_nor_the_long_one_by_many_short_ones(
    endless, passes, monkeypatch
):
    monkeypatch.setattr("model.engine.lane.CHUNK_ALONE", 16)
    monkeypatch.setattr("model.engine.lane.CHUNK", 16)
    runs = [start_with(byte_ids(LONG, 77)), *(start_with(byte_ids(8, index), index) for index in range(20))]
    with Engine(endless, PLENTY) as engine:
        with engine._wake:
            long, *short = at_once(engine, runs, 20)
            seen: list[tuple[int, int]] = []
            passes.before = lambda: seen.append(
                (sum(len(one.latest().steps) > 0 for one in short), len(long.latest().steps))
            )
        assert len(ended(long).steps) == 20
        assert all(len(ended(one).steps) == 20 for one in short)
    assert [started for started, _ in seen[:5]] == [0, 1, 2, 3, 4], "half of the room is for the short ones"
    first = next(index for index, (_, steps) in enumerate(seen) if steps)
    assert first <= -(-LONG // 8), "and the other half for the long one, in every pass"


# Nothing twice


def test_a_prompt_of_many_at_once_is_computed_once(endless, passes):
    prompt = byte_ids(70)
    with Engine(endless, PLENTY) as engine:
        begun = at_once(engine, [start_with(prompt, seed) for seed in range(30)], 1)
        texts = {ended(one).token_ids for one in begun}
    assert len(texts) > 10
    assert passes.tokens == len(prompt)


@pytest.mark.parametrize("chunk", [1, 7, 256])
def test_a_prompt_of_many_at_once_is_computed_once_in_pieces_of_any_size(endless, passes, monkeypatch, chunk):
    monkeypatch.setattr("model.engine.lane.CHUNK", chunk)
    monkeypatch.setattr("model.engine.lane.CHUNK_ALONE", chunk)
    prompt = byte_ids(40)
    runs = [start_with(prompt, seed) for seed in range(8)]
    with Engine(endless, PLENTY) as engine:
        begun = at_once(engine, runs, 3)
        together = [ended(one).token_ids for one in begun]
    assert passes.tokens == len(prompt) + 8 * 2
    assert together == [written(endless, run, 3).token_ids for run in runs]


def test_a_common_beginning_of_different_prompts_is_computed_once(endless, passes):
    beginning = byte_ids(64)
    prompts = [(*beginning, 240 + index, 7) for index in range(6)]
    with Engine(endless, PLENTY) as engine:
        for one in at_once(engine, [start_with(prompt, 1) for prompt in prompts], 1):
            ended(one)
    assert passes.tokens == 64 + 6 * 2


def test_a_continued_text_computes_its_new_tokens_only(endless, passes):
    with Engine(endless, PLENTY) as engine:
        run = ended(engine.write(start_with(byte_ids(50)), 10))
        assert passes.tokens == 50 + 9
        run = ended(engine.write(run, 5))
        assert passes.tokens == 50 + 9 + 5, "the last token of before, and all new ones but the last"
        engine.read(run.token_ids)
    assert passes.tokens == len(run.token_ids)


def test_going_back_and_on_computes_what_changed(endless, passes):
    with Engine(endless, PLENTY) as engine:
        run = ended(engine.write(start_with(byte_ids(50)), 20))
        before = passes.tokens
        cut = run.cut_at(run.steps[8].position)
        again = ended(engine.write(cut, 6, seed=5))
        assert again.token_ids[:58] == run.token_ids[:58]
        assert passes.tokens == before + 5, "what was kept is known up to its end"
        assert engine.read(run.token_ids[:-1]).token_ids == run.token_ids[:-1], "the old text as well"
    assert passes.tokens == before + 5


def test_writing_a_text_again_does_not_keep_those_waiting_who_look_at_it(endless, passes):
    """Who looks wants all of it now; who writes gets to it token by token."""
    run = written(endless, start_with(byte_ids(10)), 80)
    passes.spans.clear()
    looking = []
    with Engine(endless, PLENTY) as engine, ThreadPoolExecutor(1) as pool:
        with engine._wake:
            again = engine.write(start_with(byte_ids(10)), 80)

            def look() -> None:
                if len(again.latest().steps) == 5 and not looking:
                    looking.append(pool.submit(engine.read, run.token_ids))
                    while not engine._looking:
                        looking[0].running()

            passes.before = look
        assert ended(again).token_ids == run.token_ids
        assert len(looking[0].result(PATIENCE)) == len(run.token_ids)
    lengths = [sum(len(span.token_ids) for span in spans) for spans in passes.spans]
    assert max(lengths[5:8]) == 1 + 64, "at once, beside the text, and not at its end"


def test_looking_at_a_text_while_it_is_written_computes_nothing(endless, passes):
    """What was written is known at once: nobody waits for the pass that is under way."""
    looked: list[int] = []
    with Engine(endless, PLENTY) as engine:
        with engine._wake:
            begun = engine.write(start_with(byte_ids(10)), 60)

            def look() -> None:
                """In the engine's own thread: if anything had to be computed, it would wait for itself."""
                looked.append(len(engine.read(begun.latest().token_ids[:-1])) if begun.latest().steps else 0)

            passes.before = look
        ended(begun)
    assert looked == [0, *range(10, 69)]
    assert passes.tokens == 10 + 59
