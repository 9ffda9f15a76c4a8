"""In which order the events get the controls, and what is made of the values that they get."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace
from functools import wraps
from inspect import isgeneratorfunction, signature
from itertools import islice
from typing import Any

import orjson

from viz.pages.controls import NAMES, Controls, RoomControls

Handler = Callable[..., Any]


MOST_BYTES = 100_000
"""Of the value of one control; what our scripts send is far smaller, and a page's last values are kept."""


def is_small(value: object) -> bool:
    """Return whether a value is small enough to be kept for as long as its page is."""
    if value is None or isinstance(value, bool | int | float):
        return True
    return len(value if isinstance(value, str) else orjson.dumps(value, default=str)) <= MOST_BYTES


@dataclass(frozen=True)
class InputOrder:
    """The controls of the page in the order of their fields, then those of each room in theirs."""

    rooms: tuple[type[RoomControls], ...] = ()

    def __len__(self) -> int:
        return len(NAMES) + sum(len(fields(kind)) for kind in self.rooms)

    def controls(self, values: Sequence[Any]) -> Controls:
        """Return where the controls stand; one whose value is too large to be kept as it stood at first."""
        rest = iter(values)
        page = {name: value for name in NAMES if is_small(value := next(rest))}
        return Controls(**page, rooms={kind: _filled(kind, rest) for kind in self.rooms})

    def taking(self, handler: Handler, told: Callable[[Any], Any] = lambda answer: answer) -> Handler:
        """Return a handler of `Controls` as Gradio takes it: their values are its last inputs.

        Args:
            handler: gets them as one value, after its other inputs.
            told: what Gradio takes of an answer.
        """

        def taken(values: Sequence[Any]) -> list[Any]:
            others = len(values) - len(self)
            return [*values[:others], self.controls(values[others:])]

        if isgeneratorfunction(handler):

            @_like(handler)
            def stream(*values: Any) -> Iterator[Any]:
                with closing(
                    handler(*taken(values))
                ) as answers:  # what is written ends when its page is closed
                    for one in answers:
                        yield told(one)

            return stream

        @_like(handler)
        def answer(*values: Any) -> Any:
            return told(handler(*taken(values)))

        return answer

    def values(self, controls: Controls) -> list[Any]:
        """Return the values of the controls."""
        page = [getattr(controls, name) for name in NAMES]
        own = [controls.of(kind) for kind in self.rooms]
        return page + [getattr(one, field.name) for one in own for field in fields(one)]


def _like(handler: Handler) -> Callable[[Handler], Handler]:
    """Name a function after another, whose arguments it does not share: Gradio counts those."""

    def named(function: Handler) -> Handler:
        vars(function)["__signature__"] = signature(function)
        return wraps(handler)(function)

    return named


def _filled(kind: type[RoomControls], values: Iterator[Any]) -> RoomControls:
    names = [field.name for field in fields(kind)]
    told = zip(names, islice(values, len(names)), strict=True)
    return replace(kind(), **{name: value for name, value in told if is_small(value)})
