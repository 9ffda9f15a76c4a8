"""What the room of the heads reads of a text: each head as a number, as a picture, and as its vectors."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from model.engine.internals import Internals
from model.interior.head_memory import HeadMemory
from model.interior.head_quantities import Values, patterns
from model.interior.queries_keys import QueriesKeys, queries_and_keys

if TYPE_CHECKING:  # It imports torch, which takes seconds.
    from model.network.language_model import ModelInfo


class HeadReadings:
    """The heads of a model on one text; nothing is computed before it is asked for."""

    def __init__(self, internals: Callable[[], Internals], memory: HeadMemory, length: int) -> None:
        """Take a text.

        Args:
            internals: of the text, or further; raises what the page says instead.
            memory: of the visitor who looks.
            length: T, the number of tokens that the model has read.
        """
        self._internals = internals
        self._memory = memory
        self.length = length

    @property
    def info(self) -> "ModelInfo":
        """The model's size, and whether it turns queries and keys."""
        return self._internals().model.info

    def quantity(self, name: str, *, query: int | None = None, key: int | None = None) -> Values:
        """Return (layers, heads) values: see `head_quantities`."""
        return self._memory.quantity(self._internals(), name, self.length, query=query, key=key)

    def patterns(self, layer: int) -> Values:
        """Return (heads, n, n) small pictures of a layer: see `model.head_quantities.patterns`."""
        return patterns(self._internals(), layer, self.length)

    def queries_and_keys(self, layer: int, head: int) -> QueriesKeys:
        """Return the vectors of one head, over the whole text."""
        return queries_and_keys(self._internals(), layer, head, self.length)
