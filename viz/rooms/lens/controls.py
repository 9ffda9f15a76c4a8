"""What can be set in the room of the layers."""

from dataclasses import dataclass

from viz.figures.lens_grid import COLOURS, WORDS
from viz.pages.controls import RoomControls


@dataclass(frozen=True)
class LensControls(RoomControls):
    """Where its controls stand."""

    against_rival: bool = False
    """Whether the logit of the chosen token is held against that of the next best."""
    colour: str = COLOURS[0]
    """What a cell of the lens over the text is coloured by."""
    size: int = WORDS
    """Positions that it is computed for."""
