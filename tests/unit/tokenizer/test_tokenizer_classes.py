"""The tokenizer classes that Transformers itself makes, each with a vocabulary of a few letters."""

from collections.abc import Callable
from typing import Any

import pytest
import transformers

from model.tokenizer.decoding_proof import require_followed
from model.tokenizer.pieces import TokenText
from model.tokenizer.typed import Typist

UNSURE = -2.0
LETTERS = [("a", UNSURE), ("b", UNSURE)]


def numbered(*tokens: str) -> dict[str, int]:
    return {token: index for index, token in enumerate(tokens)}


def certain(*tokens: str) -> list[tuple[str, float]]:
    return [*((token, 0.0) for token in tokens), ("▁", -1.0), *LETTERS]


MADE: dict[str, tuple[Callable[[], Any], list[str], str]] = {
    "BertTokenizer": (
        lambda: transformers.BertTokenizer(
            vocab=numbered("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##a", "##b")
        ),
        ["[CLS]", "a", "##b", "a", "b"],
        "ab a b",
    ),
    "LlamaTokenizer": (
        lambda: transformers.LlamaTokenizer(
            vocab=numbered("<unk>", "<s>", "</s>", "▁", "a", "b", "▁a"), merges=[("▁", "a")]
        ),
        ["▁a", "b", "▁", "▁a", "▁", "b"],
        "ab  a b",
    ),
    "GemmaTokenizer": (
        lambda: transformers.GemmaTokenizer(
            vocab=numbered("<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", "a", "b", "▁▁"),
            merges=[("▁", "▁")],
        ),
        ["a", "b", "▁▁", "a", "▁", "b"],
        "ab  a b",
    ),
    "OpenAIGPTTokenizer": (
        lambda: transformers.OpenAIGPTTokenizer(
            vocab=numbered("<unk>", "a</w>", "b</w>", "a", "b", "ab</w>"), merges=[("a", "b</w>")]
        ),
        ["ab</w>", "a</w>", "b</w>"],
        "ab a b",
    ),
    "T5Tokenizer": (
        lambda: transformers.T5Tokenizer(vocab=certain("<pad>", "</s>", "<unk>")),
        ["▁", "a", "b", "▁", "a", "▁", "b"],
        "ab a b",
    ),
    "XLNetTokenizer": (
        lambda: transformers.XLNetTokenizer(
            vocab=certain("<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>")
        ),
        ["▁", "a", "b", "▁", "a", "▁", "b"],
        "ab a b",
    ),
    "RobertaTokenizer": (
        lambda: transformers.RobertaTokenizer(
            vocab=numbered("<s>", "<pad>", "</s>", "<unk>", "<mask>", "a", "b", "Ġ"), merges=[]
        ),
        ["<s>", "a", "b", "Ġ", "Ġ", "a", "Ġ", "b"],
        "ab  a b",
    ),
    "GPT2Tokenizer": (
        lambda: transformers.GPT2Tokenizer(vocab=numbered("<|endoftext|>", "a", "b", "Ġ"), merges=[]),
        ["a", "b", "Ġ", "Ġ", "a", "Ġ", "b"],
        "ab  a b",
    ),
}
"""How each is made, the tokens of “ab  a b” as the model gets them, and the text that they write."""


@pytest.mark.parametrize("name", MADE)
def test_its_prompt_has_nothing_behind_it_and_reads_as_it_decodes(name):
    make, tokens, written = MADE[name]
    tokenizer = make()
    text, typed = TokenText(tokenizer), Typist(tokenizer, 100).typed("ab  a b")
    require_followed(text, tokenizer)
    assert tokenizer.convert_ids_to_tokens(typed.token_ids) == tokens
    assert "".join(piece.text for piece in text.pieces(typed.token_ids)) == written
    assert written == tokenizer.decode(typed.token_ids, skip_special_tokens=True)
    assert "".join(typed.slices) == "ab  a b"
