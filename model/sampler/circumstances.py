"""What stages of the sampler look at beside the distribution of a step."""

from collections.abc import Sequence
from dataclasses import dataclass

from model.sampler.landmarks import NO_LANDMARKS, Landmarks


@dataclass(frozen=True, eq=False)
class Circumstances:
    """One step: the text before it, its coin, and the vocabulary."""

    text: Sequence[int] = ()
    """The text so far, prompt included."""
    coin: float | None = None
    """In [0, 1), says whether XTC acts at this step; None where none was thrown: then it is shown at work."""
    landmarks: Landmarks = NO_LANDMARKS
    """Of the vocabulary."""
