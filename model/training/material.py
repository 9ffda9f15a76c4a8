"""A text as a model is measured on it: its tokens, the bytes of each, and the blocks to read at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.tokenizer.pieces import TokenText, require_whole_characters
from model.training.settings import SettingsError

if TYPE_CHECKING:  # Transformers takes seconds to import.
    from transformers import PreTrainedTokenizerFast


@dataclass(frozen=True, eq=False)
class Material:
    """The tokens of a text, of which each but the first is scored, unless it is left out."""

    token_ids: NDArray[np.int64]
    """(N,)"""
    sizes: NDArray[np.int64]
    """(N,) UTF-8 bytes of the text that each token adds."""
    counted: NDArray[np.bool_] | None = None
    """(N,) which tokens are scored; None for all but the first."""

    def blocks(self, length: int) -> list[slice]:
        """Return the stretches that are read at once, of `length` tokens, the last one shorter.

        The last token of a block is the first of the next, where it stands to predict from: so every token
        but the text's first is scored once, with `length` - 1 tokens before it at most.
        """
        last = len(self.token_ids) - 1
        return [slice(first, min(first + length, last + 1)) for first in range(0, last, length - 1)]

    def scored(self, block: slice) -> NDArray[np.bool_]:
        """Return (n - 1,) which tokens of a block are scored, its first left out."""
        behind = slice(block.start + 1, block.stop)
        if self.counted is None:
            return np.ones(block.stop - block.start - 1, dtype=bool)
        return self.counted[behind]


def ends_of(text: str, tokenizer: "PreTrainedTokenizerFast") -> tuple[list[int], NDArray[np.int64]]:
    """Return the tokens of a text, none added to it, and (N,) where in its characters each one ends.

    Of several tokens that make one character, the first has it. The ends never fall, and the last is the
    end of the text, whatever a tokenizer leaves out.

    Raises:
        UnreadableText: the text holds half a character.
        SettingsError: no token, or a tokenizer that does not tell where its tokens stand.
    """
    require_whole_characters(text)
    if not tokenizer.is_fast:
        raise SettingsError("This tokenizer does not tell where its tokens stand in a text.")
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    token_ids = list(encoded["input_ids"])
    if not token_ids:
        raise SettingsError("There is no text to measure on.")
    ends = np.maximum.accumulate(np.array([end for _, end in encoded["offset_mapping"]], dtype=np.int64))
    ends[-1] = len(text)
    return token_ids, ends


def text_material(text: str, tokenizer: "PreTrainedTokenizerFast") -> Material:
    """Return a text in the tokens of a model; errors as of `ends_of`."""
    token_ids, ends = ends_of(text, tokenizer)
    sizes = np.diff(byte_positions(text)[ends], prepend=0)
    return Material(np.array(token_ids, dtype=np.int64), sizes)


def token_material(
    token_ids: Sequence[int] | NDArray[np.integer],
    tokenizer: "PreTrainedTokenizerFast",
    counted: NDArray[np.bool_] | None = None,
) -> Material:
    """Return tokens that are there already, such as the test part of a training.

    A special token, such as the one between two texts, is scored and adds no byte.

    Args:
        token_ids: (N,), one at least.
        tokenizer: whose they are.
        counted: (N,) which of them are scored; None for all but the first.

    Raises:
        SettingsError: there is none.
    """
    if not len(token_ids):
        raise SettingsError("There is no text to measure on.")
    reader = TokenText(tokenizer).reader()
    sizes = [_size(reader.read(int(token_id)).kind, reader.size) for token_id in token_ids]
    return Material(np.asarray(token_ids, dtype=np.int64), np.array(sizes, dtype=np.int64), counted)


def byte_positions(text: str) -> NDArray[np.int64]:
    """Return (characters + 1,) the UTF-8 bytes before each character, and those of the whole text."""
    points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    sizes = 1 + (points >= 0x80).astype(np.int64) + (points >= 0x800) + (points >= 0x10000)
    return np.concatenate([[0], np.cumsum(sizes)])


def _size(kind: str, size: int) -> int:
    return 0 if kind == "special" else size
