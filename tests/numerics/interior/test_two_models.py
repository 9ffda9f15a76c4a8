"""Two models on one text: stretches that both cut out, and bits that are neither lost nor made."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

from model.interior.two_models import (
    NextTokenRow,
    Reading,
    next_tokens,
    reading_of_slices,
    two_readings,
)
from model.training.evaluation import token_bits
from model.training.material import ends_of, text_material
from tests.tiny import tiny_tokenizer, tiny_transformer

TEXT = "the other 雨 and then 🌧️ a thing"


def reading(text, tokenizer, architecture="gpt2"):
    bits = token_bits(tiny_transformer(architecture), text_material(text, tokenizer))
    return Reading(ends_of(text, tokenizer)[1], bits)


def letters():
    """Return a tokenizer with a token for each character of the text."""
    known = {character: index for index, character in enumerate(sorted(set(TEXT)))}
    made = Tokenizer(models.BPE(vocab=known, merges=[], unk_token=TEXT[0], fuse_unk=False))
    made.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=made)


def test_with_one_tokenizer_the_stretches_are_its_tokens():
    tokenizer = tiny_tokenizer()
    one, other = reading("the other thing", tokenizer), reading("the other thing", tokenizer, "llama")
    found = two_readings("the other thing", one, other)
    assert [stretch.text for stretch in found.stretches] == [
        tokenizer.decode([token]) for token in tokenizer.encode("the other thing")
    ]
    assert found.stretches[0].bits is None
    assert [stretch.difference for stretch in found.stretches[1:]] == (one.bits - other.bits)[1:].tolist()


def test_other_tokens_are_compared_over_stretches_that_both_cut_out():
    words, characters = tiny_tokenizer(), letters()
    one, other = reading(TEXT, words), reading(TEXT, characters)
    found = two_readings(TEXT, one, other)
    assert "".join(stretch.text for stretch in found.stretches) == TEXT
    rain = next(stretch for stretch in found.stretches if stretch.text == "雨")
    assert rain.tokens == (3, 1)
    told = [stretch for stretch in found.stretches if stretch.bits is not None]
    assert len(told) == len(found.stretches) - 1
    assert found.total_bits[0] == pytest.approx(np.nansum(one.bits))
    first = len(found.stretches[0].text)
    assert found.total_bits[1] == pytest.approx(other.bits[first:].sum())
    assert found.bits_per_byte[1] == pytest.approx(other.bits[first:].sum() / len(TEXT[first:].encode()))


@torch.no_grad()
def test_bits_of_tokens_are_transformers_own():
    tokenizer = tiny_tokenizer()
    tokens = torch.tensor(tokenizer.encode(TEXT))
    logprobs = tiny_transformer("gpt2")(tokens[None]).logits[0].double().log_softmax(-1)
    expected = -logprobs[:-1].gather(1, tokens[1:, None])[:, 0] / math.log(2)
    bits = reading(TEXT, tokenizer).bits
    np.testing.assert_allclose(bits[1:], expected, rtol=1e-5)
    assert np.isnan(bits[0])


@given(st.lists(st.text("aé雨", max_size=3), min_size=1).filter(any), st.data())
def test_no_bits_are_lost_whatever_the_cuts(slices, data):
    text = "".join(slices)
    bits = data.draw(st.lists(st.floats(0, 30), min_size=len(slices), max_size=len(slices)))
    one = reading_of_slices(slices, bits)
    other = reading_of_slices(list(text), [1.0] * len(text))
    found = two_readings(text, one, other)
    assert "".join(stretch.text for stretch in found.stretches) == text
    assert found.total_bits == (pytest.approx(sum(bits)), pytest.approx(len(text)))
    assert sum(stretch.tokens[0] for stretch in found.stretches) == len(slices)


def test_a_token_that_completes_no_character_belongs_to_the_next_one():
    pieces = reading_of_slices(["a", "", "", "雨", "b"], [1.0, 2.0, 3.0, 4.0, 5.0])
    found = two_readings("a雨b", pieces, reading_of_slices(["a", "雨", "b"], [1.0, 1.0, 1.0]))
    assert [(stretch.text, stretch.tokens, stretch.bits) for stretch in found.stretches] == [
        ("a", (1, 1), (1.0, 1.0)),
        ("雨", (3, 1), (9.0, 1.0)),
        ("b", (1, 1), (5.0, 1.0)),
    ]


def test_next_tokens_are_matched_by_their_text():
    one = ([" cat", " dog", " c", "x"], np.array([0.5, 0.3, 0.15, 0.05]))
    other = ([" dog", " cat", "at", " dog"], np.array([0.3, 0.1, 0.2, 0.4]))
    assert next_tokens(one, other, top=2) == [
        NextTokenRow(" dog", (0.3, pytest.approx(0.7)), (2, 1)),
        NextTokenRow(" cat", (0.5, 0.1), (1, 3)),
        NextTokenRow("at", (None, 0.2), (None, 2)),
    ]
