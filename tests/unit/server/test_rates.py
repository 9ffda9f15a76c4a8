"""How much may happen in how long, by a clock that the tests move."""

import math

from hypothesis import given
from hypothesis import strategies as st

from viz.server.rates import Rate, Rates

RATES = st.builds(Rate, st.integers(1, 20), st.sampled_from([0.25, 0.5, 1.0, 2.0, 8.0]))
WAITS = st.lists(st.integers(0, 40).map(lambda quarter: quarter / 4), max_size=60)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def let_through(rates: Rates, clock: Clock, waits: list[float], name: str = "ann") -> list[float]:
    """Ask after each wait; return when it was allowed."""
    when = []
    for seconds in waits:
        clock.now += seconds
        if rates.wait(name) == 0:
            rates.take(name)
            when.append(clock.now)
    return when


@given(RATES, WAITS)
def test_in_no_span_of_time_more_is_let_through_than_the_burst_and_one_an_interval(rate, waits):
    clock = Clock()
    when = let_through(Rates(rate, clock), clock, waits)
    for first, start in enumerate(when):
        for count, end in enumerate(when[first:], start=1):
            assert count <= rate.burst + math.floor((end - start) / rate.interval)


@given(RATES, WAITS)
def test_who_waits_as_long_as_was_said_is_let_through_and_not_earlier(rate, waits):
    clock = Clock()
    rates = Rates(rate, clock)
    let_through(rates, clock, [0.0] * rate.burst + waits)
    seconds = rates.wait("ann")
    if seconds:
        clock.now += seconds / 2
        assert rates.wait("ann") > 0
        clock.now += seconds / 2
    assert rates.wait("ann") == 0


@given(RATES, WAITS)
def test_whoever_keeps_to_the_interval_is_never_refused(rate, waits):
    clock = Clock()
    paced = [rate.interval + seconds for seconds in waits]
    assert len(let_through(Rates(rate, clock), clock, paced)) == len(paced)


@given(RATES, st.integers(1, 200))
def test_what_one_does_costs_another_nothing(rate, presses):
    clock = Clock()
    rates = Rates(rate, clock)
    let_through(rates, clock, [0.0] * presses)
    assert len(let_through(rates, clock, [0.0] * rate.burst, "bob")) == rate.burst


def test_what_is_given_back_was_never_taken():
    clock = Clock()
    rates = Rates(Rate(1, 10), clock)
    rates.take("ann")
    assert rates.wait("ann") == 10
    rates.give_back("ann")
    assert rates.wait("ann") == 0


def test_those_who_are_forgiven_are_forgotten_and_of_many_who_are_not_the_first():
    clock = Clock()
    rates = Rates(Rate(1, 10), clock, most=3)
    for name in "abcde":
        rates.take(name)
    assert len(rates) == 3 and rates.wait("a") == 0 and rates.wait("e") == 10
    clock.now += 20
    rates.take("f")
    assert len(rates) == 1
