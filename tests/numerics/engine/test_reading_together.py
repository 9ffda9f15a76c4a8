"""Several texts read at once, and forgotten by name."""

import pytest

from model.engine.engine import Engine
from tests.numerics.writing import PLENTY, byte_ids


def test_texts_read_together_are_those_read_one_by_one(tiny_gpt2, engine):
    texts = [byte_ids(9), byte_ids(9, 2), byte_ids(9), byte_ids(5)]
    together = engine.read_all(texts)
    for text, internals in zip(texts, together, strict=True):
        assert internals.token_ids[: len(text)] == text
        with Engine(tiny_gpt2, PLENTY) as alone:
            expected = alone.read(text).logits(len(text) - 1)
        assert internals.logits(len(text) - 1) == pytest.approx(expected, abs=1e-5)


def test_only_the_very_text_is_forgotten(engine):
    long, short = byte_ids(9), byte_ids(9)[:5]
    engine.read(long)
    engine.forget([short])
    assert engine.store.find("float32", short) is not None, "a longer text covers it"
    engine.forget([long])
    assert engine.store.find("float32", short) is None


def test_a_text_that_cannot_be_read_keeps_the_others_from_being_begun(engine, passes):
    with pytest.raises(ValueError, match="from 0 to"):
        engine.read_all([byte_ids(9), (-1,)])
    assert passes.tokens == 0
