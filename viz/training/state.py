"""What is remembered of a visitor's trainings: their names, by which the server has them on its disk."""

from viz.pages.kept import RoomState

MOST = 24
"""Trainings of one visitor that are remembered."""


class TrainingState(RoomState):
    """Which training each room shows a visitor, and a text of their own to learn from."""

    comes_back = True

    def __init__(self) -> None:
        self.chosen: dict[str, str] = {}
        """The training that a room shows, by the room."""
        self.shown: dict[str, tuple[str, int, str]] = {}
        """How much of which training a room shows, in which state it was, by the room."""
        self.file: tuple[str, str] | None = None
        """Name and text of a file that was chosen."""
