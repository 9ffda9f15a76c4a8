"""Internals of a text, derived on demand from its recording, and the bounded store that keeps them."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.attention_view import MEAN_HEAD

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.language_model import LanguageModel
    from model.recording import Recording

KEPT_LOGITS = 4


class Internals:
    """What the model computed on one text. Grows at the end; what is there never changes."""

    def __init__(
        self, model: "LanguageModel", token_ids: Sequence[int] = (), recording: "Recording | None" = None
    ) -> None:
        self.model = model
        self.token_ids = tuple(token_ids)
        self._recording = recording if recording is not None else model.new_recording()
        self._logits: OrderedDict[int, NDArray[np.float32]] = OrderedDict()
        self.writing = Lock()
        """Held by whoever extends the text. Readers need no lock: they read what is there."""

    def __len__(self) -> int:
        return len(self.token_ids)

    def extend(self, token_ids: Sequence[int]) -> None:
        """Run the model over more tokens. A text for which that fails must not be extended again."""
        if token_ids:
            self.model.forward(token_ids, self._recording)
            self.token_ids += tuple(token_ids)

    def prefix(self, length: int) -> "Internals":
        """Return the internals of the first `length` tokens, free to go on differently."""
        return Internals(self.model, self.token_ids[:length], self._recording.copy(length))

    def logits(self, position: int) -> NDArray[np.float32]:
        """Return (V,) logits of the token after `position`, from the residual stream there."""
        known = self._logits.get(position)
        if known is None:
            known = self.model.logits(self._recording.final.upto(position + 1)[position])
            self._logits[position] = known
            while len(self._logits) > KEPT_LOGITS:
                self._logits.popitem(last=False)
        return known

    def attention(self, layer: int, head: int, length: int) -> NDArray[np.float32]:
        """Return (T, T) attention weights of the first T = `length` tokens, queries by keys.

        Args:
            layer: counted from 0.
            head: counted from 0, or MEAN_HEAD.
            length: number of leading tokens.
        """
        if head == MEAN_HEAD:
            return np.asarray(self.attention_heads(layer, length).mean(axis=0))
        return self.model.attention(self._recording, layer, length, head)

    def attention_heads(self, layer: int, length: int) -> NDArray[np.float32]:
        """Return (heads, T, T) attention weights of a layer."""
        return self.model.attention(self._recording, layer, length)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        # A list first: another thread may be reading logits, which come and go.
        return self._recording.nbytes + sum(logits.nbytes for logits in list(self._logits.values()))


class InternalsStore:
    """The internals of the texts used last, over all visitors, within a budget.

    A text that was evicted, or that is a little longer than what is known, costs one forward pass over
    the tokens that are missing.
    """

    def __init__(self, model: "LanguageModel", budget_bytes: int) -> None:
        self.model = model
        self.budget_bytes = budget_bytes
        self._known: OrderedDict[int, Internals] = OrderedDict()
        self._lock = Lock()

    def get(self, token_ids: Sequence[int]) -> Internals:
        """Return internals that cover these tokens; there may be more behind them."""
        wanted = tuple(token_ids)
        with self._lock:
            for internals in self._known.values():
                if internals.token_ids[: len(wanted)] == wanted:
                    self._known.move_to_end(id(internals))
                    return internals
        with self.writer(wanted) as internals:
            return internals

    @contextmanager
    def writer(self, token_ids: Sequence[int]) -> Iterator[Internals]:
        """Lend internals of exactly these tokens, to be extended by nobody else meanwhile."""
        wanted = tuple(token_ids)
        internals = self._begin(wanted)
        try:
            internals.extend(wanted[len(internals) :])
            yield internals
        except Exception:
            self._forget(internals)  # a pass that failed may have recorded half of itself
            raise
        finally:
            internals.writing.release()
            self._evict()

    @property
    def nbytes(self) -> int:
        """Bytes held by all texts."""
        with self._lock:
            return sum(internals.nbytes for internals in self._known.values())

    def _begin(self, wanted: tuple[int, ...]) -> Internals:
        """Return a locked text that is a beginning of the wanted one: a known one, or a copy of its part."""
        with self._lock:
            nearest = max(self._known.values(), key=lambda known: _shared(known, wanted), default=None)
            shared = _shared(nearest, wanted) if nearest is not None else 0
            if nearest is not None and shared == len(nearest) and nearest.writing.acquire(blocking=False):
                if shared == len(nearest):  # still: another writer may have been here a moment ago
                    self._known.move_to_end(id(nearest))
                    return nearest
                nearest.writing.release()
        internals = nearest.prefix(shared) if nearest is not None and shared else Internals(self.model)
        internals.writing.acquire()
        with self._lock:
            self._known[id(internals)] = internals
        return internals

    def _forget(self, internals: Internals) -> None:
        with self._lock:
            self._known.pop(id(internals), None)

    def _evict(self) -> None:
        """Forget the texts used longest ago until the budget holds; the last and those being written stay."""
        with self._lock:
            held = sum(internals.nbytes for internals in self._known.values())
            for key, internals in list(self._known.items())[:-1]:
                if held <= self.budget_bytes:
                    break
                if not internals.writing.locked():
                    held -= internals.nbytes
                    del self._known[key]


def _shared(internals: Internals, wanted: tuple[int, ...]) -> int:
    """Return how many leading tokens two texts share."""
    known = internals.token_ids  # once: a writer may be extending it
    pairs = enumerate(zip(known, wanted, strict=False))
    return next((index for index, (ours, theirs) in pairs if ours != theirs), min(len(known), len(wanted)))
