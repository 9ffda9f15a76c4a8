"""The model takes as many threads as there are cores that nobody else uses."""

from collections.abc import Iterator

import psutil
import pytest
import torch

from model.engine import threads
from model.engine.threads import Threads, Usage


@pytest.fixture
def two_cores(monkeypatch) -> Iterator[Threads]:
    monkeypatch.setattr(threads.os, "cpu_count", lambda: 2)
    before = torch.get_num_threads()
    yield Threads(2)
    torch.set_num_threads(before)


def after(chosen: Threads, others: float, own: float = 1.0) -> int:
    """Let many seconds pass in which others were so busy; return the number of threads."""
    now = Usage(0.0, 0.0, 0.0)
    for _ in range(20):
        then = Usage(now.wall + 1, now.all_cores + others + chosen.count * own, now.own + own)
        chosen.learn(now, then)
        now = then
    assert torch.get_num_threads() == chosen.count
    return chosen.count


def test_alone_it_takes_all_and_gives_one_back_to_whoever_is_busy(two_cores):
    assert two_cores.count == 2
    assert [after(two_cores, others) for others in (0.1, 0.9, 0.0, 5.0, 0.2)] == [2, 1, 2, 1, 2]


def test_a_little_work_of_others_takes_no_thread_away(two_cores):
    assert after(two_cores, 0.3) == 2


def test_a_machine_with_cores_to_spare_gives_them_first(monkeypatch):
    monkeypatch.setattr(threads.os, "cpu_count", lambda: 8)
    chosen = Threads(1)
    assert [after(chosen, others) for others in (0.0, 3.0, 9.0)] == [1, 1, 1]


def test_its_own_work_is_not_that_of_others(two_cores):
    assert after(two_cores, 0.0, own=1.0) == after(two_cores, 0.0, own=0.2) == 2


def test_the_clocks_go_forward_and_the_cores_work_no_more_than_all_the_time():
    first = Usage.now()
    sum(range(2_000_000))
    second = Usage.now()
    assert second.wall > first.wall and second.own > first.own
    assert (
        0
        <= second.all_cores - first.all_cores
        <= (psutil.cpu_count() or 1) * (second.wall - first.wall) + 0.1
    )
