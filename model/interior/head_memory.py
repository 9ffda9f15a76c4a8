"""What is known of all heads of the texts that a visitor looked at last: another quantity is a look-up."""

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock

from model.engine.internals import Internals
from model.interior.head_quantities import QUANTITIES, Values, head_quantities

KEPT = 12
"""Texts, steps and chosen keys; of the embedded model one takes 8 kB."""
CHOSEN_KEY = "token"
"""The quantity that asks about a key which a person chose."""
OTHERS = tuple(name for name in QUANTITIES if name != CHOSEN_KEY)


class HeadMemory:
    """Quantities by text and step. All that need no key are computed together: they cost what one does."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[object, ...], Mapping[str, Values]] = OrderedDict()
        self._lock = Lock()

    def quantity(
        self,
        internals: Internals,
        name: str,
        length: int,
        *,
        query: int | None = None,
        key: int | None = None,
    ) -> Values:
        """Return (layers, heads) values of one quantity; arguments and errors as of `head_quantities`."""
        names = (CHOSEN_KEY,) if name == CHOSEN_KEY else OTHERS
        key = key if name == CHOSEN_KEY else None
        text = internals.model.info.identity, internals.format, internals.token_ids[:length]
        asked = names, *text, query, key
        with self._lock:  # of two events at once the second waits for what the first computes
            if asked not in self._known:
                self._known[asked] = head_quantities(internals, names, length, query=query, key=key)
                while len(self._known) > KEPT:
                    self._known.popitem(last=False)
            self._known.move_to_end(asked)
            return self._known[asked][name]
