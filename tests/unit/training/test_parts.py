"""Training, validation and test: three parts of a text that share nothing, in sequences of one length."""

import numpy as np
import pytest
from hypothesis import given, strategies

from model.training.parts import (
    NEAR_SHARE,
    UNCOUNTED,
    Blocks,
    TokenPart,
    encode,
    load_parts,
    repeated_parts,
    require_sequences,
    save_parts,
    split,
)
from model.training.settings import DataSettings, SettingsError
from tests.tiny import tiny_tokenizer


@given(strategies.lists(strategies.text(alphabet="ab\n", max_size=60), max_size=8))
def test_parts_together_are_the_text_and_share_nothing(texts):
    parts = split(texts, DataSettings(validation=0.2, test=0.1))
    joined = "".join("".join(parts[name]) for name in ("train", "validation", "test"))
    assert joined == "".join(texts)


def test_parts_have_their_shares_and_begin_at_a_line():
    text = "".join(f"line {number}\n" for number in range(2000))
    parts = split([text], DataSettings(validation=0.2, test=0.1))
    sizes = {name: sum(map(len, part)) / len(text) for name, part in parts.items()}
    assert sizes == pytest.approx({"train": 0.7, "validation": 0.2, "test": 0.1}, abs=0.02)
    assert all(part[0].startswith("line") for part in parts.values())


def test_a_line_that_ends_far_away_does_not_eat_a_short_part():
    text = "".join(f"{number:0199}\n" for number in range(60))
    parts = split([text], DataSettings(validation=0.1, test=0.02))
    for name, share in (("validation", 0.1), ("test", 0.02)):
        assert sum(map(len, parts[name])) >= (1 - NEAR_SHARE) * share * len(text) - 1, name


def test_texts_end_with_the_end_token_but_for_the_last():
    tokenizer = tiny_tokenizer()
    ids = encode(["ab", "c"], tokenizer)
    assert tokenizer.decode(ids) == "ab<|endoftext|>c" and ids.dtype == np.int32


def test_blocks_follow_one_another_and_what_is_left_stays_out():
    blocks = Blocks(TokenPart(np.arange(11, dtype=np.int32)), 4)
    assert blocks.token_ids.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]] and len(blocks) == 2
    assert blocks[1]["labels"].tolist() == [4, 5, 6, 7]


def test_fewer_blocks_are_taken_evenly():
    blocks = Blocks(TokenPart(np.arange(40, dtype=np.int32)), 4, at_most=4)
    assert blocks.token_ids[:, 0].tolist() == [0, 12, 24, 36]


def test_what_does_not_count_is_labelled_so():
    counted = np.array([False, True, True, False])
    block = Blocks(TokenPart(np.arange(4, dtype=np.int32), counted), 4)[0]
    assert block["labels"].tolist() == [UNCOUNTED, 1, 2, UNCOUNTED]
    assert block["input_ids"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("only", [True, False])
def test_parts_are_read_as_they_were_written(tmp_path, only):
    ids = np.arange(32, dtype=np.int32)
    parts = repeated_parts(DataSettings("repeats", 4000), 32, 0, ids, only)
    save_parts(tmp_path, parts)
    again = load_parts(tmp_path)
    for name, part in parts.items():
        assert (again[name].token_ids == part.token_ids).all() and len(part.token_ids) % 32 == 0
        assert (again[name].counted is not None) == only
        if part.counted is not None:
            assert (again[name].counted == part.counted).all()
    assert [path.name for path in tmp_path.iterdir()] == ["parts.safetensors"]


def test_a_text_that_is_too_short_is_told_how_long_it_must_be():
    parts = {
        name: TokenPart(np.zeros(n, np.int32))
        for name, n in [("train", 900), ("validation", 80), ("test", 20)]
    }
    require_sequences(parts, DataSettings(), 20)
    with pytest.raises(SettingsError, match=r"of its 1,000 tokens the test part has 20.*About 2,346 tokens"):
        require_sequences(parts, DataSettings(), 32)
