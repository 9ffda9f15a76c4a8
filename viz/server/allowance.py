"""What one visitor, and one address, may ask of a public server, and in how long.

A visitor is an open page, or a program with a session of its own. Names of sessions cost nothing, so an
honest visitor is held by the first bound, and whoever makes up names by the second. The second leaves room
for a class of thirty behind one address. A request that names no session counts for its address alone.
"""

import math
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Literal

from viz.server.rates import Rate, Rates
from viz.words.strings import say

Kind = Literal["event", "work"]
"""Work is what writes texts or searches; an event is anything that is pressed, moved or asked, work too."""

VISITOR: dict[Kind, Rate] = {"event": Rate(200, 1 / 5), "work": Rate(12, 4)}
"""Of one page or program: 300 events and 15 texts a minute, and so many at once."""
ADDRESS: dict[Kind, Rate] = {"event": Rate(3000, 1 / 60), "work": Rate(120, 1 / 4)}
"""Of everybody at one address: 3,600 events and 240 texts a minute."""
VISITOR_AT_ONCE = 4
"""Texts and searches of one visitor that are under way or wait."""
ADDRESS_AT_ONCE = 64
"""Of everybody at one address."""
GUESSES = Rate(40, 10)
"""Wrong passwords from one address; right ones, such as those of a class, do not count."""
ABANDONED = 600
"""Seconds after which something is taken to have ended, though nothing was heard of it."""


@dataclass(frozen=True)
class Refusal:
    """Why something is not done now, and when to try again."""

    sentence: str
    seconds: int


class Allowance:
    """Counts what visitors and addresses ask for."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rates = {
            (scale, kind): Rates(rate, clock)
            for scale, rates in (("visitor", VISITOR), ("address", ADDRESS))
            for kind, rate in rates.items()
        }
        self._under_way: dict[str, tuple[float, tuple[Hashable, ...]]] = {}
        """What was let in as work: when, and for whom."""

    def ask(
        self, kind: Kind, address: str, session: str, is_under_way: Callable[[str], bool]
    ) -> Refusal | None:
        """Count something that is asked for, or return why it is refused; what is refused does not count.

        Args:
            kind: of what is asked.
            address: where it comes from.
            session: name of the page or program; empty if it has none.
            is_under_way: tells of the event of some name whether it waits or is computed.
        """
        counted: list[tuple[Rates, Hashable]] = []
        for one in dict.fromkeys(("event", kind)):
            counted.append((self._rates["address", one], address))
            if session:
                counted.append((self._rates["visitor", one], (address, session)))
        seconds = max(rates.wait(name) for rates, name in counted)
        if seconds > 0:
            whole = math.ceil(seconds)
            return Refusal(say("page.too_fast", seconds=whole), whole)
        if kind == "work" and (refusal := self._too_many(address, session, is_under_way)):
            return refusal
        for rates, name in counted:
            rates.take(name)
        return None

    def began(self, event: str, address: str, session: str) -> None:
        """Note the name of an event that was let in as work."""
        self._under_way[event] = self._clock(), (address, (address, session))

    def _too_many(self, address: str, session: str, is_under_way: Callable[[str], bool]) -> Refusal | None:
        since = self._clock() - ABANDONED
        self._under_way = {
            event: (began, names)
            for event, (began, names) in self._under_way.items()
            if began > since and is_under_way(event)
        }
        for name, most in (
            ((address, session), VISITOR_AT_ONCE if session else 0),
            (address, ADDRESS_AT_ONCE),
        ):
            count = sum(name in names for _, names in self._under_way.values())
            if most and count >= most:
                return Refusal(say("page.too_many_at_once", count=count), 5)
        return None


class Guesses:
    """Counts wrong passwords."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._rates = Rates(GUESSES, clock)

    def guess(self, address: str) -> Refusal | None:
        """Count a password as wrong before it is looked at, or return why it is not looked at now."""
        seconds = math.ceil(self._rates.wait(address))
        if seconds > 0:
            return Refusal(say("page.login.too_many", seconds=seconds), seconds)
        self._rates.take(address)
        return None

    def right(self, address: str) -> None:
        """Note that the password was right."""
        self._rates.give_back(address)
