"""What rooms remember of one visitor, each in a type of its own."""

from copy import copy
from typing import ClassVar, TypeVar, cast


class RoomState:
    """What one room remembers of one visitor; each room's own is a class of its own, made empty."""

    comes_back: ClassVar[bool] = False
    """Whether it is there again when the page was loaded anew."""
    of_page: ClassVar[bool] = False
    """Whether it stays whichever model the page has; else each model of the page has its own."""


State = TypeVar("State", bound=RoomState)


class Kept:
    """The states of all rooms of one open page, each made when it is first asked for."""

    def __init__(self) -> None:
        self._states: dict[type[RoomState], RoomState] = {}
        self._others: dict[str, dict[type[RoomState], RoomState]] = {}
        """What is of models that the page has had before, by the model."""

    def of(self, kind: type[State]) -> State:
        """Return the state of this type."""
        return cast(State, self._states.setdefault(kind, kind()))

    def turn(self, before: str, after: str) -> None:
        """Put aside what is of one model, and take up what was remembered of another one.

        Args:
            before: key of the model that the page has had.
            after: key of the one that it has from now on.
        """
        own = {kind: state for kind, state in self._states.items() if not kind.of_page}
        stays = {kind: state for kind, state in self._states.items() if kind.of_page}
        self._others[before] = own
        self._states = stays | self._others.pop(after, {})

    def again(self) -> "Kept":
        """Return what comes back when the page is loaded anew; what it remembers from then on is its own."""
        again = Kept()
        again._states = {kind: copy(state) for kind, state in self._states.items() if kind.comes_back}
        return again
