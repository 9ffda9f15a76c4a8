"""A measured number with the ends of its interval, as escaped HTML."""

from html import escape
from typing import TYPE_CHECKING

from viz.words.strings import say

if TYPE_CHECKING:  # the page is up before SciPy is there
    from model.training.intervals import Interval


def interval_html(interval: "Interval | None", digits: int) -> str:
    """Return a number and, where they could be told, its ends.

    Args:
        interval: the number; a dash for None.
        digits: behind the point.
    """
    if interval is None:
        return "–"
    value = f"{interval.value:,.{digits}f}"
    if interval.low is None or interval.high is None:
        return value
    ends = say("train.forgotten.ends", low=f"{interval.low:,.{digits}f}", high=f"{interval.high:,.{digits}f}")
    return f"{value} <small>{escape(ends)}</small>"
