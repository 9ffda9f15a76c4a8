"""What the room of the layers reads of the selected step: each number worked out once, when asked for."""

from collections.abc import Callable
from functools import cached_property

from model.engine.internals import Internals
from model.interior.attribution import Attribution, attribution
from model.interior.lens import LensLayer, lens
from model.interior.residual import Update, updates


class Readings:
    """The query that chose, or would choose, one token, seen from within."""

    def __init__(self, internals: Callable[[], Internals], position: int, chosen: int | None) -> None:
        """Take a step; nothing is computed yet.

        Args:
            internals: of the text up to the query, or further; raises what the page says instead.
            position: of the query.
            chosen: id of the token after it; None past the end of the text.
        """
        self._internals = internals
        self.position = position
        self.chosen = chosen
        self._attributions: dict[bool, Attribution] = {}

    @cached_property
    def lens(self) -> tuple[LensLayer, ...]:
        """(L + 1,) what the model would say after each layer.

        Raises:
            UnknownPart: the model's final norm could not be found.
        """
        return lens(self._internals(), self.position, self.chosen)

    @cached_property
    def updates(self) -> tuple[Update, ...]:
        """(L,) what each layer added to the stream."""
        return updates(self._internals(), self.position)

    @property
    def target(self) -> int:
        """The token whose logit is taken apart: the chosen one, past the end the model's first choice."""
        return self.lens[-1].token_ids[0] if self.chosen is None else self.chosen

    @property
    def rival(self) -> int:
        """The most likely token but for the target."""
        return next(token_id for token_id in self.lens[-1].token_ids if token_id != self.target)

    def attribution(self, against_rival: bool) -> Attribution:
        """Return the logit of the target as a sum, or how far it lies above that of the rival.

        Raises:
            UnknownPart: the model's final norm could not be found, or its scale not be told.
        """
        if against_rival not in self._attributions:
            rival = self.rival if against_rival else None
            found = attribution(self._internals(), self.position, self.target, rival)
            self._attributions[against_rival] = found
        return self._attributions[against_rival]
