"""What a person reads when something did not go well."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from model.network.unknown_part import UnknownPart
from model.numbers import OutOfRange
from viz.server.log import LOG
from viz.server.service import Trouble
from viz.words.strings import say

Shown = TypeVar("Shown")

UNDERSTOOD = (Trouble, OutOfRange, UnknownPart)
"""What is raised with a sentence for the person who asked."""


def or_why_not(
    screens: Iterator[Shown], explained: Callable[[str], Shown], unexpected: str = "lab.failed"
) -> Iterator[Shown]:
    """Yield screens, and at last one that says so if it did not go well.

    Args:
        screens: of one event.
        explained: makes the last screen from a sentence; called once the others have ended.
        unexpected: key of the sentence, with a `problem`, for what is no fault of the person who asked.
    """
    try:
        yield from screens
    except UNDERSTOOD as trouble:
        yield explained(str(trouble))
    except Exception as error:  # noqa: BLE001 - the page must not stay as if something were under way
        LOG.exception("What a visitor asked for failed.")
        yield explained(say(unexpected, problem=str(error) or type(error).__name__))


def one_or_why_not(
    screen: Callable[[], Shown], explained: Callable[[str], Shown], unexpected: str = "lab.failed"
) -> Shown:
    """Return the one screen of an event, or one that says why there is none; see `or_why_not`."""
    return next(or_why_not((made() for made in (screen,)), explained, unexpected))
