"""What can be set in the room of the heads."""

from dataclasses import dataclass
from typing import Any

from viz.pages.controls import RoomControls


@dataclass(frozen=True)
class HeadsControls(RoomControls):
    """Where its controls stand."""

    of_the_moment = ("choice",)

    quantity: str = "entropy"
    """Of the grid of all heads, by the names of `QUANTITIES`."""
    of_step: bool = False
    """Whether the grid is of the selected step alone."""
    choice: dict[str, Any] | None = None
    """The value of `HeadChoice`: the key that the grid may ask about."""
