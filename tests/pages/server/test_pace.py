"""How often pages are redrawn: by what an update costs, shared by all pages that are written."""

import math
from contextlib import ExitStack

import pytest

from viz.components.writing_watch import MOST_SECONDS as MOST_ASKED
from viz.components.writing_watch import asked_pause
from viz.server.pace import AROUND, MOST_SECONDS, SHARE, Pace


def test_without_pages_nothing_is_spread():
    assert Pace().interval == 0


def test_the_interval_grows_with_the_pages_and_shrinks_again():
    pace = Pace()
    alone = None
    with ExitStack() as pages:
        intervals = []
        for _ in range(30):
            pages.enter_context(pace.page())
            intervals.append(pace.interval)
        alone = intervals[0]
        shared = [min(MOST_SECONDS, count * alone) for count in range(1, 31)]
        assert intervals == pytest.approx(shared) and intervals[10] > 10 * alone > 0
    assert pace.interval == 0
    with pace.page():
        assert pace.interval == alone


def test_a_page_that_ends_with_an_error_does_not_count_any_more():
    pace = Pace()
    with pytest.raises(RuntimeError), pace.page():
        raise RuntimeError
    assert pace.interval == 0


def test_the_interval_grows_with_the_cost_of_an_update_and_shrinks_again():
    pace = Pace()
    with pace.page():
        first = pace.interval
        for cost in (0.5, 0.001):
            for _ in range(200):
                pace.took(cost)
            assert pace.interval == pytest.approx(min(MOST_SECONDS, cost * AROUND / SHARE))
            assert (pace.interval > first) == (cost == 0.5)


@pytest.mark.parametrize("cost", [0.0005, 0.002])
@pytest.mark.parametrize("count", [1, 8, 32])
def test_all_pages_together_take_their_share_of_a_core_and_no_more(count, cost):
    pace = Pace()
    with ExitStack() as pages:
        for _ in range(count):
            pages.enter_context(pace.page())
        for _ in range(200):
            pace.took(cost)
        busy = count * cost * AROUND / pace.interval
    assert busy == pytest.approx(SHARE)


def test_no_page_waits_so_long_that_it_seems_to_stand_still():
    pace = Pace()
    with ExitStack() as pages:
        for _ in range(100):
            pages.enter_context(pace.page())
        for _ in range(200):
            pace.took(1.0)
        assert pace.interval == MOST_SECONDS


def test_a_long_text_gives_its_browser_time_to_draw_it():
    pace = Pace()
    with pace.page():
        for _ in range(200):
            pace.took(0.0)
        intervals = [pace.interval_of(tokens) for tokens in (10, 100, 1000)]
        assert intervals == sorted(intervals)
        assert intervals[0] < 1 / 10 and 0.3 < intervals[2] < MOST_SECONDS
        for _ in range(200):
            pace.took(0.1)
        assert pace.interval_of(10) == pace.interval


def test_a_single_slow_update_is_no_reason_to_become_slow():
    pace = Pace()
    with pace.page():
        for _ in range(200):
            pace.took(0.005)
        usual = pace.interval
        pace.took(0.05)
        assert usual < pace.interval < 2 * usual


def test_a_browser_that_is_too_busy_is_given_the_time_for_which_it_asks():
    pace = Pace()
    with pace.page():
        usual = pace.interval_of(100)
        assert pace.interval_of(100, 0.0) == usual < pace.interval_of(100, 2.0) == 2.0
        assert pace.interval_of(100, usual / 2) == usual, "never less than what the server spreads"


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [({"pause": 0.5}, 0.5), ({"pause": 1}, 1.0), ({"pause": 1e9}, MOST_ASKED), ({"pause": -1}, 0.0)]
    + [(nonsense, 0.0) for nonsense in (None, 3, {}, {"pause": "1"}, {"pause": True}, {"pause": math.nan})],
)
def test_whatever_a_browser_asks_for_is_a_pause_that_ends(asked, seconds):
    assert asked_pause(asked) == seconds
