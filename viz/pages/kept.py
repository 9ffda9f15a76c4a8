"""What rooms remember of one visitor, each in a type of its own."""

from copy import copy
from typing import ClassVar, TypeVar, cast


class RoomState:
    """What one room remembers of one visitor; each room's own is a class of its own, made empty."""

    comes_back: ClassVar[bool] = False
    """Whether it is there again when the page was loaded anew."""


State = TypeVar("State", bound=RoomState)


class Kept:
    """The states of all rooms of one open page, each made when it is first asked for."""

    def __init__(self) -> None:
        self._states: dict[type[RoomState], RoomState] = {}

    def of(self, kind: type[State]) -> State:
        """Return the state of this type."""
        return cast(State, self._states.setdefault(kind, kind()))

    def again(self) -> "Kept":
        """Return what comes back when the page is loaded anew; what it remembers from then on is its own."""
        again = Kept()
        again._states = {kind: copy(state) for kind, state in self._states.items() if kind.comes_back}
        return again
