"""Tokenizers made for a training: every text comes back, and merges are the most frequent pairs."""

from collections import Counter
from itertools import pairwise

import pytest

from model.training.settings import SettingsError
from model.training.sources import python_text
from model.training.tokenizers import END, bpe_tokenizer, characters_tokenizer, first_merges, length_curve

TEXT = python_text(20_000).texts[0]
AWKWARD = ["", " ", "\n\n\t", "a  b", "Äpfel 中文 😀!", "1,000.5 'tis", "\r\nend ", END + "x"]


@pytest.fixture(scope="module")
def bpe():
    return bpe_tokenizer([TEXT], 400)


@pytest.mark.parametrize("text", [*AWKWARD, TEXT[:3000]])
def test_byte_pairs_give_every_text_back(bpe, text):
    assert bpe.decode(bpe.encode(text)) == text


@pytest.mark.parametrize("text", [*AWKWARD, TEXT[:3000]])
def test_characters_give_every_text_back_that_they_were_made_of(text):
    made = characters_tokenizer([text, "xy"])
    assert made.decode(made.encode(text)) == text
    if END not in text:
        assert len(made.encode(text)) == len(text)


def test_a_character_that_was_never_seen_is_one_unknown_token():
    made = characters_tokenizer(["abc"])
    assert made.encode("a中") == [made.convert_tokens_to_ids("a"), made.unk_token_id]


def test_the_vocabulary_is_the_one_that_was_asked_for_with_an_end(bpe):
    assert len(bpe) == 400 and bpe.eos_token == END


def test_a_vocabulary_larger_than_the_text_allows_is_refused():
    with pytest.raises(SettingsError, match=r"larger than the text allows: .* for 2.. tokens"):
        bpe_tokenizer(["some few words, and some few more"], 1000)


def test_merges_are_told_with_the_counts_that_made_them_the_first(bpe):
    """Counted again here, over the whole text rather than its distinct words, beside all other pairs."""
    words = [list(word) for word, _ in bpe.backend_tokenizer.pre_tokenizer.pre_tokenize_str(TEXT)]
    found = first_merges(bpe, [TEXT])
    assert len(found) == 12
    for merge in found:
        counted = Counter(pair for word in words for pair in pairwise(word))
        assert merge.count == counted[merge.left, merge.right] == max(counted.values())
        for word in words:
            at = 0
            while at + 1 < len(word):
                if (word[at], word[at + 1]) == (merge.left, merge.right):
                    word[at : at + 2] = [merge.left + merge.right]
                at += 1


def test_a_larger_vocabulary_makes_fewer_tokens_as_one_made_for_it_would(bpe):
    points = length_curve(bpe, TEXT)
    shares = [point.tokens_per_character for point in points]
    assert (
        shares == sorted(shares, reverse=True)
        and points[0].vocabulary == 257
        and points[-1].vocabulary == 400
    )
    smaller = bpe_tokenizer([TEXT], points[2].vocabulary)
    assert points[2].tokens_per_character == len(smaller.encode(TEXT)) / len(TEXT)
