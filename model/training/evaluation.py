"""How well a model foresees a text: perplexity and bits per byte, each with an interval."""

import csv
import io
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.numbers import LN2, within
from model.training.intervals import Interval, ratio_interval
from model.training.material import Material, text_material
from model.training.settings import SettingsError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

LENGTH = 256
"""Tokens that are read at once at most, where the model could read more."""
LOGITS = 2**24
"""Logits in memory at the same time, 64 MB in float32, and as much again for their softmax."""
LARGEST = 700.0
"""Above it the exponential leaves the range of floats."""


@dataclass(frozen=True)
class Evaluation:
    """What was measured of one model on one text."""

    model: str
    text: str
    """The name of the text."""
    tokens: int
    """That were scored."""
    bytes: int
    """UTF-8 bytes of these tokens."""
    perplexity: Interval
    """exp of the mean surprisal of a token in nats. Not comparable between tokenizers: the fewer tokens a
    text has, the more each of them has to say."""
    bits_per_byte: Interval | None
    """Surprisal in bits over bytes (Gao et al. 2020, arXiv:2101.00027), comparable between tokenizers; None
    without bytes."""

    def to_row(self) -> dict[str, str | int | float | None]:
        """Return one row of a table; None where nothing can be told."""
        bits = self.bits_per_byte or Interval(math.nan)
        return {
            "model": self.model,
            "text": self.text,
            "tokens": self.tokens,
            "bytes": self.bytes,
            "perplexity": self.perplexity.value,
            "perplexity_low": self.perplexity.low,
            "perplexity_high": self.perplexity.high,
            "bits_per_byte": None if math.isnan(bits.value) else bits.value,
            "bits_per_byte_low": bits.low,
            "bits_per_byte_high": bits.high,
        }


@dataclass(frozen=True, eq=False)
class ScoredBlocks:
    """The blocks of a text that a model has read so far, and what it made of them."""

    nats: NDArray[np.float64]
    """(blocks read,) surprisal of all scored tokens of a block."""
    tokens: NDArray[np.int64]
    """(blocks read,) tokens scored."""
    bytes: NDArray[np.int64]
    """(blocks read,) their bytes."""
    blocks: int
    """Of the whole text."""

    @property
    def done(self) -> float:
        """Share of the blocks that are read, 0 to 1."""
        return len(self.nats) / self.blocks

    def evaluation(self, model: str = "", text: str = "") -> Evaluation:
        """Return what the blocks so far say together, under the names of a model and a text.

        Raises:
            SettingsError: none of their tokens is scored.
        """
        if not self.tokens.sum():
            raise SettingsError("The text is too short to measure on: nothing in it follows on anything.")
        per_token = ratio_interval(self.nats, self.tokens.astype(float))
        size = int(self.bytes.sum())
        bits = ratio_interval(self.nats / LN2, self.bytes.astype(float)) if size else None
        return Evaluation(model, text, int(self.tokens.sum()), size, per_token.mapped(_exp), bits)


@dataclass(frozen=True, eq=False)
class Contender:
    """A model that is measured beside others."""

    name: str
    load: Callable[[], "tuple[PreTrainedModel, PreTrainedTokenizerFast]"]
    """Called when its turn comes, so that one model at a time is in memory."""


@dataclass(frozen=True)
class Table:
    """The models that have been measured so far on one text."""

    evaluations: tuple[Evaluation, ...]
    done: float
    """Share of all the work, 0 to 1."""

    def to_csv(self) -> str:
        """Return a row for each model under a head."""
        return as_csv([evaluation.to_row() for evaluation in self.evaluations])


def evaluating(model: "PreTrainedModel", material: Material, length: int = LENGTH) -> Iterator[ScoredBlocks]:
    """Yield a text as a model reads it, some blocks at a time; whoever stops listening stops it.

    Args:
        model: in any number format; the softmax is taken in float32.
        material: the text in the model's tokens.
        length: tokens of a block, at most as many as the model reads.

    Raises:
        SettingsError: there is one token alone, or one that the model does not know.
        OutOfRange: a length below 2.
    """
    most = getattr(model.config, "max_position_embeddings", None) or length
    length = min(int(within("length", length, 2, 2**20, whole=True)), most)
    blocks = material.blocks(length)
    if not blocks:
        raise SettingsError("The text is too short to measure on: nothing in it follows on anything.")
    embeddings: Any = model.get_input_embeddings()
    vocabulary = int(embeddings.weight.shape[0])
    if int(material.token_ids.max()) >= vocabulary:
        raise SettingsError("The text has tokens that the model does not know: it has another tokenizer.")
    at_once = max(1, LOGITS // (length * vocabulary))
    found: list[tuple[float, int, int]] = []
    for first in range(0, len(blocks), at_once):
        some = blocks[first : first + at_once]
        surprisals = surprisals_of(model, [material.token_ids[block] for block in some])
        found += [_sums(material, *pair) for pair in zip(some, surprisals, strict=True)]
        nats, tokens, sizes = zip(*found, strict=True)
        yield ScoredBlocks(np.array(nats), np.array(tokens), np.array(sizes), len(blocks))


def evaluated(model: "PreTrainedModel", material: Material, length: int = LENGTH) -> ScoredBlocks:
    """Return a text once it is read; arguments and errors as of `evaluating`."""
    *_, last = evaluating(model, material, length)
    return last


def comparing(
    contenders: Sequence[Contender], text: str, name: str = "", length: int = LENGTH
) -> Iterator[Table]:
    """Yield the table as models are measured on the same text, each in its own tokens.

    Bits per byte can be compared between all of them, perplexity between those of one tokenizer.

    Args:
        contenders: in the order of the rows.
        text: what is read.
        name: of the text.
        length: tokens that are read at once; a model that reads fewer has less to foresee from.

    Raises:
        SettingsError: the text is too short.
        UnreadableText: it holds half a character.
    """
    rows: list[Evaluation] = []
    for place, contender in enumerate(contenders):
        model, tokenizer = contender.load()
        for blocks in evaluating(model, text_material(text, tokenizer), length):
            if blocks.done == 1:
                rows.append(blocks.evaluation(contender.name, name))
            yield Table(tuple(rows), (place + blocks.done) / len(contenders))
        del model, tokenizer  # before the next one is loaded


def token_bits(model: "PreTrainedModel", material: Material, length: int = LENGTH) -> NDArray[np.float64]:
    """Return (N,) the surprisal of every token in bits, NaN for the first; arguments as of `evaluating`.

    As in `evaluating` a token is foreseen from its block, so a text of no more than `length` tokens is
    foreseen from all that stands before.
    """
    bits = np.full(len(material.token_ids), np.nan)
    for block in material.blocks(length):
        (surprisals,) = surprisals_of(model, [material.token_ids[block]])
        bits[block.start + 1 : block.stop] = surprisals / LN2
    return bits


def perplexity_ratio(one: ScoredBlocks, other: ScoredBlocks) -> Interval:
    """Return the perplexity of one model over that of another on the same text.

    The blocks are drawn for both at once, so that what is hard for both does not blur the difference: where
    1 lies outside the ends, one foresees the text better.

    Raises:
        ValueError: they have read other blocks.
    """
    if not np.array_equal(one.tokens, other.tokens):
        raise ValueError("two models can be set against each other on the same blocks of the same tokens")
    return ratio_interval(one.nats - other.nats, one.tokens.astype(float)).mapped(_exp)


def surprisals_of(model: "PreTrainedModel", rows: Sequence[NDArray[np.integer]]) -> list[NDArray[np.float64]]:
    """Return for each row of n tokens (n - 1,) surprisals in nats, of all tokens but its first.

    The model is left in the mode it was in.
    """
    longest = max(map(len, rows))
    padded = np.zeros((len(rows), longest), dtype=np.int64)
    for index, row in enumerate(rows):  # what stands behind a row is read after it, and changes nothing in it
        padded[index, : len(row)] = row
    tokens = torch.from_numpy(padded).to(model.device)
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            forward: Any = model
            logits: Tensor = forward(input_ids=tokens, use_cache=False).logits
            lost = torch.nn.functional.cross_entropy(
                logits[:, :-1].float().flatten(0, 1), tokens[:, 1:].flatten(), reduction="none"
            )
    finally:
        model.train(training)
    table = lost.view(len(rows), -1).cpu().double().numpy()
    return [table[index, : len(row) - 1] for index, row in enumerate(rows)]


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows with the same keys as CSV, under a head; nothing where nothing can be told."""
    if not rows:
        return ""
    written = io.StringIO()
    writer = csv.DictWriter(written, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def _sums(material: Material, block: slice, surprisals: NDArray[np.float64]) -> tuple[float, int, int]:
    """Return nats, tokens and bytes of the scored tokens of a block."""
    scored = material.scored(block)
    sizes = material.sizes[block.start + 1 : block.stop]
    return float(surprisals[scored].sum()), int(scored.sum()), int(sizes[scored].sum())


def _exp(nats: float) -> float:
    return math.exp(nats) if not nats > LARGEST else math.inf
