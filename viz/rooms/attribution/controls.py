"""Where the controls of the room stand."""

from dataclasses import dataclass

from model.interventions.surrogates import SAMPLES
from model.interventions.token_scores import METHODS, Method
from viz.pages.controls import RoomControls
from viz.server.service import Trouble
from viz.words.strings import say

COUNTS = (64, SAMPLES, 1024)
"""Samples that can be asked of LIME and kernel SHAP."""
LONGEST_WORD = 60
"""Characters of the word that the token is held against."""


@dataclass(frozen=True)
class AttributionControls(RoomControls):
    """As a browser sent them."""

    method: str = METHODS[0]
    against: str = ""
    """The token that is held against the one asked about, as typed; empty for none."""
    samples: int = SAMPLES
    every: bool = False
    """Whether all methods are measured at one press."""

    @property
    def chosen(self) -> Method:
        """The method that is shown; the first for whatever no page sends."""
        return next((one for one in METHODS if one == self.method), METHODS[0])

    def checked(self) -> "AttributionControls":
        """Return these, if a page can send them.

        Raises:
            Trouble: no page sends them.
        """
        if self.method not in METHODS or self.samples not in COUNTS or not isinstance(self.against, str):
            raise Trouble(say("why.attribution.unknown"))
        return self
