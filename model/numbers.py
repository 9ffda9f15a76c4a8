"""Numbers that come from outside: their ranges, and what is said of those beyond."""

import math
import reprlib

LN2 = math.log(2.0)
MAX_SEED = 2**53 - 1
"""Largest seed: the largest integer that JSON and JavaScript carry without loss."""


def whole_number(value: object, name: str) -> int:
    """Return a value that must be a whole number, 0 or more.

    Raises:
        ValueError: it is none; says which.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SEED:
        raise ValueError(f"{name} must be a whole number, not {reprlib.repr(value)}")
    return value


class OutOfRange(ValueError):
    """A value outside its range; says which argument, what was given and what is allowed."""

    def __init__(self, name: str, value: object, low: float, high: float, kind: str = "") -> None:
        self.name, self.value, self.low, self.high = name, value, low, high
        super().__init__(f"{name} must be between {low:,} and {high:,}{kind}, not {reprlib.repr(value)}")


def within(name: str, value: object, low: float, high: float, *, whole: bool = False) -> float:
    """Return `value` as a number of [low, high]; a whole one on request.

    Raises:
        OutOfRange: not a number, NaN, outside the range, or not whole where it must be.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise OutOfRange(name, value, low, high)
    if whole and value != int(value):
        raise OutOfRange(name, value, low, high, ", a whole number")
    return int(value) if whole else float(value)
