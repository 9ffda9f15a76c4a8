"""A text as a person typed it: its tokens, and which characters each of them stands for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from model.tokenizer.pieces import UnreadableText, require_whole_characters

if TYPE_CHECKING:  # Transformers takes seconds to import, and the page is up before it is there.
    from transformers import PreTrainedTokenizerBase

UNSPACED = re.compile(r"\S*")
SOMETHING = "a"
"""A text, to see what the tokenizer puts before and behind any."""


class UnknownToken(UnreadableText):
    """A text with a token that the tokenizer knows and the model does not."""


@dataclass(frozen=True)
class TypedText:
    """The tokens of a text."""

    token_ids: tuple[int, ...]
    slices: tuple[str, ...]
    """What was typed for each token; joined, they are the text. Empty for a token that nobody typed, and
    for those of a character's tokens that are not its last."""


class Typist:
    """Turns what people type into tokens.

    What the tokenizer puts before a text by itself, such as a beginning token, stays. What it puts behind,
    such as an end of text, does not: the model is to go on with the text.
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", size: int) -> None:
        """Look at a tokenizer.

        Args:
            tokenizer: of the model.
            size: number of token ids that the model knows.
        """
        self._tokenizer = tokenizer
        self._size = size
        something = self._something()
        self.beginning: tuple[int, ...] = _beginning(
            self._encoded(something, around=True).ids, self._encoded(something).ids
        )
        """Tokens that the tokenizer puts before every text."""

    def typed(self, text: str) -> TypedText:
        """Return the tokens of a text.

        Raises:
            UnreadableText: the text holds half a character, or a token that the model does not know.
        """
        require_whole_characters(text)
        encoding = self._encoded(text)
        self._require_known(encoding.ids)
        slices = _slices(text, encoding.offsets) if encoding.ids else ()
        return TypedText((*self.beginning, *encoding.ids), ("",) * len(self.beginning) + slices)

    def _something(self) -> str:
        """Return a text that has tokens: a tokenizer for proteins does not know every letter."""
        special = set(self._tokenizer.all_special_tokens)
        own = (token for token in self._tokenizer.get_vocab() if token not in special)
        return next((text for text in (SOMETHING, *own) if self._encoded(text).ids), SOMETHING)

    def _encoded(self, text: str, *, around: bool = False) -> Any:
        """Return a text as the `tokenizers` library has it.

        Args:
            text: as typed.
            around: with what the tokenizer puts around it.
        """
        return self._tokenizer(text, add_special_tokens=around).encodings[0]

    def _require_known(self, token_ids: Sequence[int]) -> None:
        for token_id in token_ids:
            if token_id >= self._size:
                name = self._tokenizer.convert_ids_to_tokens(token_id)
                raise UnknownToken(
                    f"its token {name!r} (id {token_id:,}) is one of the tokenizer's alone, the model knows "
                    f"the ids from 0 to {self._size - 1:,}; delete it and try again"
                )


def _beginning(around: Sequence[int], bare: Sequence[int]) -> tuple[int, ...]:
    """Return what stands before a text among the tokens of the text with everything around it."""
    for first in range(len(around) - len(bare) + 1):
        if list(around[first : first + len(bare)]) == list(bare):
            return tuple(around[:first])
    return ()


def _slices(text: str, offsets: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """Cut a text where one token ends and the next begins.

    Where two share characters, the later token has them: a character is there with its last token. Of what
    belongs to no token, marks and the like go with the letter before them, a space and the rest with the
    next word.
    """
    cuts = [0]
    for (_, end), (start, _) in pairwise(offsets):
        marks = UNSPACED.match(text, end, max(start, end))
        cuts.append(max(cuts[-1], min(start, marks.end() if marks else end)))
    cuts.append(len(text))
    return tuple(text[start:end] for start, end in pairwise(cuts))
