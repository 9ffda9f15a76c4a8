"""Who is written next: first come, first served, but owners take turns."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from model.engine.continuation import Continuation
from model.engine.job import WritingJob
from model.engine.turnover import Turnover
from model.engine.waiting_line import WaitingLine
from model.sampler.settings import SamplerSettings
from model.texts.run import Run


def job(owner: str, prompt_tokens: int = 3, new_tokens: int = 5) -> WritingJob:
    """A run of somebody; nothing of it is computed here."""
    run = Run(model="m", prompt="", prompt_token_ids=tuple(range(prompt_tokens)))
    return WritingJob(Continuation(run, SamplerSettings(), 1, new_tokens), None, owner)


def line_of(*jobs: WritingJob) -> WaitingLine:
    line = WaitingLine()
    for one in jobs:
        line.join(one)
    return line


def places(count: int):
    """So many runs can be written at the same time."""
    return lambda jobs: len(jobs) <= count


def test_how_long_a_run_waits_is_said_by_how_fast_places_have_become_free():
    class Clock:
        now = 0.0

        def __call__(self) -> float:
            return self.now

    clock = Clock()
    turnover = Turnover(clock)
    turnover.note(admitted=2, waiting=3)
    assert turnover.seconds(3) is None, "nobody has waited yet"
    for _ in range(3):
        clock.now += 4
        turnover.note(admitted=0, waiting=3)
        clock.now += 6
        turnover.note(admitted=1, waiting=3)
    assert turnover.seconds(1) == 10 and turnover.seconds(3) == 30
    turnover.note(admitted=3, waiting=0)
    clock.now += 1000
    turnover.note(admitted=0, waiting=1)
    clock.now += 10
    turnover.note(admitted=1, waiting=0)
    assert turnover.seconds(1) <= 10, "the time when nobody waited does not count"


def test_runs_are_served_in_the_order_of_their_arrival():
    jobs = [job(owner) for owner in "abc"]
    line = line_of(*jobs)
    assert line.admit([], places(2)) == jobs[:2]
    assert line.admit(jobs[:2], places(2)) == []
    assert line.admit(jobs[:1], places(2)) == jobs[2:]
    assert len(line) == 0


def test_each_is_told_its_number_in_the_line_and_0_once_it_is_written():
    jobs = [job(owner) for owner in "abcd"]
    line = line_of(*jobs)
    line.admit([], places(1))
    assert [one.continuation.ahead for one in jobs] == [0, 1, 2, 3]
    line.admit([], places(1))
    assert [one.continuation.ahead for one in jobs] == [0, 0, 1, 2]


def test_the_second_run_of_one_owner_comes_after_the_first_ones_of_all_others():
    greedy = [job("greedy") for _ in range(4)]
    others = [job("b"), job("c")]
    line = line_of(*greedy, *others)
    served = []
    while len(line):
        served += line.admit([], places(1))
    assert served == [greedy[0], *others, *greedy[1:]]


def test_a_run_that_is_being_written_counts_as_a_turn_of_its_owner():
    first, second, other = job("a"), job("a"), job("b")
    line = line_of(first)
    assert line.admit([], places(1)) == [first]
    line.join(second)
    line.join(other)
    assert line.admit([first], places(2)) == [other]
    assert second.continuation.ahead == 1


def test_who_sends_many_has_no_second_wave_before_somebody_who_came_during_the_first():
    wave, late = [job("many") for _ in range(6)], job("one")
    line = line_of(*wave)
    assert line.admit([], places(3)) == wave[:3]
    line.join(late)
    assert line.admit([], places(3)) == [late, *wave[3:5]], "though all three of the first ended at once"


def test_who_was_away_has_saved_up_no_turns():
    line = line_of(*(job("a") for _ in range(5)))
    for _ in range(5):
        line.admit([], places(1))
    returned, others = [job("b") for _ in range(3)], [job("a") for _ in range(3)]
    for pair in zip(returned, others, strict=True):
        for one in pair:
            line.join(one)
    served = [line.admit([], places(1))[0].owner for _ in range(6)]
    assert served == ["b", "a", "b", "a", "b", "a"]


def test_who_stops_while_waiting_is_out_of_the_line_and_the_others_move_up():
    jobs = [job(owner) for owner in "abc"]
    line, written = line_of(*jobs), job("w")
    line.admit([written], places(1))
    jobs[0].continuation.stop()
    assert line.admit([written], places(1)) == []
    assert jobs[0].continuation.done
    assert jobs[0].continuation.latest().finish_reason == "stop"
    assert len(line) == 2
    assert [one.continuation.ahead for one in jobs[1:]] == [1, 2]


def test_a_short_run_does_not_overtake_a_long_one_that_waits_for_memory():
    written, long, short = job("w"), job("a", new_tokens=90), job("b", new_tokens=1)

    def fits(jobs):
        return sum(one.most_tokens for one in jobs) <= 100

    line = line_of(long, short)
    assert line.admit([written], fits) == []
    assert (long.continuation.ahead, short.continuation.ahead) == (1, 2)
    assert line.admit([], fits) == [long, short]


def test_owners_who_are_gone_are_forgotten():
    line = WaitingLine()
    for index in range(9):
        line.join(job(f"visitor {index}"))
        line.admit([], places(1))
    assert len(line._latest) == 1


def test_a_cleared_line_gives_back_everybody_who_waited():
    jobs = [job(owner) for owner in "abc"]
    line = line_of(*jobs)
    assert line.clear() == jobs
    assert len(line) == 0


@given(st.lists(st.sampled_from("abcd"), max_size=20), st.integers(1, 5), st.data())
def test_everybody_is_served_once_and_in_rounds_of_one_run_of_each_owner(owners, count, data):
    jobs = [job(owner) for owner in owners]
    line, written, served = line_of(*jobs), [], []
    while len(line):
        admitted = line.admit(written, places(count))
        served += admitted
        written += admitted
        assert len(written) == count or (len(written) < count and not len(line)), "no place stays empty"
        written.pop(data.draw(st.integers(0, len(written) - 1)))
    had, expected = Counter(), []
    for arrival, one in enumerate(jobs):
        expected.append((had[one.owner], arrival))
        had[one.owner] += 1
    assert served == [jobs[arrival] for _, arrival in sorted(expected)]
