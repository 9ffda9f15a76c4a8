"""Internals of a text, derived on demand from its recording, and the bounded store that keeps them."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.sampler.distribution import Softmax
from model.texts.comparison import shared

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.network.language_model import LanguageModel
    from model.network.recording import Recording

KEPT_LOGITS = 4
AT_ONCE = 64
"""Distributions computed together; of 50,000 tokens each they take 25 MB."""

MEAN_HEAD = -1
"""The head that stands for the mean over all heads of a layer."""


class Internals:
    """What the model computed on one text. Grows at the end; what is there never changes."""

    def __init__(
        self, model: "LanguageModel", form: str, token_ids: Sequence[int], recording: "Recording"
    ) -> None:
        self.model = model
        self.format = form
        """The number format that computed it."""
        self.token_ids = tuple(token_ids)
        self.recording = recording
        self.in_use = False
        """Whether the engine is extending it: it must neither be evicted nor extended twice."""
        self._softmaxes: OrderedDict[int, Softmax] = OrderedDict()

    def __len__(self) -> int:
        return len(self.token_ids)

    def grow(self, token_ids: Sequence[int]) -> None:
        """Add tokens whose rows have been put into the recording. For the one thread that computes."""
        self.recording.grow(len(token_ids))
        self.token_ids += tuple(token_ids)

    def prefix(self, length: int) -> "Internals":
        """Return the internals of the first `length` tokens, free to go on differently."""
        return Internals(self.model, self.format, self.token_ids[:length], self.recording.prefix(length))

    def logits(self, position: int) -> NDArray[np.float32]:
        """Return (V,) logits of the token after `position`, from the residual stream there."""
        logits: NDArray[np.float32] = self.softmax(position).scores
        return logits

    def softmax(self, position: int) -> Softmax:
        """Return the model's own distribution of the token after `position`."""
        return softmaxes_after([self], position)[0]

    def softmaxes(self, positions: range) -> Iterator[Softmax]:
        """Yield the model's own distributions of the tokens after some positions, none of which is kept."""
        network = self.model.networks[self.format]
        for start in range(0, len(positions), AT_ONCE):
            places = [self.recording.place(position) for position in positions[start : start + AT_ONCE]]
            yield from self.model.read(partial(network.softmaxes, places))

    def remember(self, position: int, softmax: Softmax) -> None:
        """Keep a distribution at hand for a while: who follows a text asks for the newest."""
        self._softmaxes[position] = softmax
        while len(self._softmaxes) > KEPT_LOGITS:
            self._softmaxes.popitem(last=False)

    def hidden(self, length: int, first: int = 0) -> NDArray[np.float32]:
        """Return (length - first, d) hidden states after the final norm: what logits are made of.

        Args:
            length: number of leading tokens.
            first: position of the first one asked for.
        """
        recording = self.recording
        final = recording.layout.final
        return self.model.read(lambda: recording.vectors(final, length)[first:, 0].float().cpu().numpy())

    def attention(self, layer: int, head: int, length: int) -> NDArray[np.float32]:
        """Return (T, T) attention weights of the first T = `length` tokens, queries by keys.

        Args:
            layer: counted from 0.
            head: counted from 0, or MEAN_HEAD.
            length: number of leading tokens.
        """
        if head == MEAN_HEAD:
            return np.asarray(self.attention_heads(layer, length).mean(axis=0))
        return self._attention(layer, length, head)

    def attention_row(self, layer: int, head: int, position: int) -> NDArray[np.float32]:
        """Return (position + 1,) weights of one query: a row of `attention`, alone."""
        from model.network.recording import attention_weights  # noqa: PLC0415 - imports torch: see above

        def row() -> NDArray[np.float32]:
            one = None if head == MEAN_HEAD else head
            weights = attention_weights(self.recording, layer, position + 1, one, position)
            return np.asarray((weights.mean(0) if one is None else weights)[0].cpu().numpy())

        return self.model.read(row)

    def attention_heads(self, layer: int, length: int) -> NDArray[np.float32]:
        """Return (heads, T, T) attention weights of a layer."""
        return self._attention(layer, length, None)

    def _attention(self, layer: int, length: int, head: int | None) -> NDArray[np.float32]:
        from model.network.recording import attention_weights  # noqa: PLC0415 - imports torch: see above

        return self.model.read(lambda: attention_weights(self.recording, layer, length, head).cpu().numpy())


class InternalsStore:
    """The internals of the texts used last, over all visitors, within a budget.

    Texts are added, extended and evicted by the engine's thread alone; any thread may look for one.
    """

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self._known: OrderedDict[int, Internals] = OrderedDict()
        self._lock = Lock()

    def find(self, form: str, token_ids: Sequence[int]) -> Internals | None:
        """Return internals that cover these tokens, and perhaps more behind them; None if there are none."""
        wanted = tuple(token_ids)
        with self._lock:
            for internals in self._known.values():
                if internals.format == form and internals.token_ids[: len(wanted)] == wanted:
                    self._known.move_to_end(id(internals))
                    return internals
        return None

    def nearest(self, form: str, token_ids: Sequence[int]) -> tuple[Internals | None, int]:
        """Return the internals that share the most leading tokens, and how many."""
        wanted = tuple(token_ids)
        with self._lock:
            candidates = [known for known in self._known.values() if known.format == form]
        lengths = [shared(known.token_ids, wanted) for known in candidates]
        longest = max(range(len(lengths)), key=lengths.__getitem__, default=None)
        return (None, 0) if longest is None else (candidates[longest], lengths[longest])

    def add(self, internals: Internals) -> None:
        """Keep internals, as the ones used last."""
        with self._lock:
            self._known[id(internals)] = internals
            self._known.move_to_end(id(internals))

    def forget(self, internals: Internals) -> None:
        """Drop internals, whose memory is free once nobody reads them any more."""
        with self._lock:
            self._known.pop(id(internals), None)

    def forget_text(self, form: str, token_ids: Sequence[int]) -> None:
        """Drop the internals of this very text, unless the engine is extending them."""
        text = tuple(token_ids)
        with self._lock:
            for key, internals in list(self._known.items()):
                # One that is about to be extended is added again after it was marked as in use.
                if internals.format == form and internals.token_ids == text and not internals.in_use:
                    del self._known[key]

    def evict(self) -> None:
        """Forget the texts used longest ago until the budget holds; those in use and the last one stay."""
        with self._lock:
            for key, internals in list(self._known.items())[:-1]:
                if self._bytes() <= self.budget_bytes:
                    break
                if not internals.in_use:
                    del self._known[key]

    def clear(self) -> None:
        """Forget all texts."""
        with self._lock:
            self._known.clear()

    @property
    def nbytes(self) -> int:
        """Bytes held by all texts."""
        with self._lock:
            return self._bytes()

    def _bytes(self) -> int:
        from model.network.recording import bytes_held  # noqa: PLC0415 - imports torch: see above

        kept = [softmax for one in self._known.values() for softmax in list(one._softmaxes.values())]
        logits = sum(softmax.scores.nbytes for softmax in kept)
        return logits + bytes_held(one.recording for one in self._known.values())


def softmaxes_after(texts: Sequence[Internals], position: int) -> list[Softmax]:
    """Return the model's own distributions of the token after `position` in texts of one number format."""
    known = {id(text): text._softmaxes.get(position) for text in texts}
    missing = [text for text in texts if known[id(text)] is None]
    if missing:
        model, network = missing[0].model, missing[0].model.networks[missing[0].format]
        places = [text.recording.place(position) for text in missing]
        for text, softmax in zip(missing, model.read(lambda: network.softmaxes(places)), strict=True):
            known[id(text)] = softmax
            text.remember(position, softmax)
    found = [known[id(text)] for text in texts]
    # Others of the same scores: what is worked out for figures need not be kept as long.
    return [Softmax(one.scores, summary=one.summary) for one in found if one is not None]
