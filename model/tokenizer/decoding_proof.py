"""The proof, when a tokenizer is loaded, that its text can be told token by token."""

import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from model.tokenizer.pieces import TokenText
from model.tokenizer.spelling import BYTE_FALLBACK, UnfollowableDecoder

if TYPE_CHECKING:  # Transformers takes seconds to import, and the page shows pieces before it is there.
    from transformers import PreTrainedTokenizerBase

SAMPLES = 24
"""Texts of random tokens that are compared."""
LENGTH = 12
PROSE = "Hello, it's the 2nd time  that I don't know. (Äpfel, 中文, 😀!)\nIs it?"
BROKEN = "\ufffd"


def require_followed(text: TokenText, tokenizer: "PreTrainedTokenizerBase") -> None:
    """Compare what pieces join to with what the tokenizer decodes, on prose and on random tokens.

    Bytes that are no character stand aside: the tokenizer writes � for them, pieces show their values.

    Raises:
        UnfollowableDecoder: they differ; says where.
    """
    for token_ids in (tokenizer(PROSE)["input_ids"], *_random_texts(text, tokenizer)):
        ours = "".join(piece.text for piece in text.pieces(token_ids)).replace(BROKEN, "")
        decoded = str(
            tokenizer.decode(token_ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        ).replace(BROKEN, "")
        if ours != decoded:
            raise UnfollowableDecoder(
                f"what its tokens write cannot be told one by one: together {decoded[:80]!r}, "
                f"by themselves {ours[:80]!r}"
            )


def _random_texts(text: TokenText, tokenizer: "PreTrainedTokenizerBase") -> Iterator[Sequence[int]]:
    """Yield texts that a model might write."""
    added = tokenizer.added_tokens_decoder
    # A byte among bytes that are no character is one more � to the tokenizer, and added words may be broken.
    plain = [
        token_id
        for token, token_id in tokenizer.get_vocab().items()
        if token_id not in added and not BYTE_FALLBACK.fullmatch(token)
    ]
    dice = random.Random(0)
    for _ in range(SAMPLES if plain else 0):
        yield dice.choices(plain, k=LENGTH)
