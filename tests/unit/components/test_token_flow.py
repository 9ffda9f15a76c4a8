"""How the boxes of a strip flow: their levels, the directions of lines, and letters that join."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from model.tokenizer.pieces import Piece
from viz.components.token_flow import LEFT_TO_RIGHT, flows
from viz.words.bidi import levels


def pieces(*texts: str) -> list[Piece]:
    return [Piece(0, text, text, "text") for text in texts]


def bytes_piece(token: str, text: str = "") -> Piece:
    return Piece(0, token, text, "text" if text else "bytes")


def levels_of(*texts: str) -> list[int]:
    return [one.level for one in flows(pieces(*texts))[1]]


def test_a_text_from_left_to_right_takes_no_work() -> None:
    assert flows(pieces("The", " cat", "\n", "中")) == ("ltr", [LEFT_TO_RIGHT] * 4)


def test_an_arabic_text_runs_from_right_to_left_and_english_within_it_does_not() -> None:
    direction, _ = flows(pieces("سلام", " peace", " be", " 12", "."))
    assert direction == "rtl"
    assert levels_of("سلام", " peace", " be", " 12", ".") == [1, 2, 2, 2, 1]


def test_arabic_within_an_english_text_runs_its_own_way_and_numbers_in_it_do_not() -> None:
    assert levels_of("The", " سلام", " عليكم", " 1", "2", " and") == [0, 1, 1, 2, 2, 0]


def test_each_line_has_the_direction_of_its_own_first_strong_character() -> None:
    first, found = flows(pieces("hello", "\n", "سلام", ".\n\n", "12", "\nabc"))
    assert first == "ltr"
    assert [one.after for one in found] == ["ltr", "rtl", "rtl", "ltr", "ltr", "ltr"]
    assert [one.level for one in found] == [0, 0, 1, 1, 0, 0]
    assert flows(pieces("12", "\n", "سلام"))[0] == "rtl", "a line without letters runs as the text does"


def test_what_stands_behind_a_break_has_the_level_of_its_own_line() -> None:
    _, (one, *_) = flows(pieces("a\nسلام", "."))
    assert (one.level, one.tail_level, one.after) == (0, 1, "rtl")


def test_bytes_stand_where_their_character_will() -> None:
    found = flows([*pieces("abc "), bytes_piece("<0xD8>"), bytes_piece("<0xB3>", "س")])[1]
    assert [one.level for one in found] == [0, 1, 1]


def test_a_special_token_has_no_direction_of_its_own() -> None:
    direction, found = flows([Piece(0, "<|im_start|>", "", "special"), *pieces("سلام")])
    assert direction == "rtl" and [one.level for one in found] == [1, 1]


JOINS = [
    (("س", "ل", "ا", "م"), [True, True, False]),
    (("می", "\u200c", "خواهم"), [False, False]),
    (("د", "ر"), [False]),
    (("ب", " ب"), [False]),
    (("ښ", "ه"), [True]),
    (("ڈ", "ٹ"), [False]),
    (("ש", "ל"), [False]),
    (("ء", "ب"), [False]),
]


@pytest.mark.parametrize(("texts", "joined"), JOINS)
def test_letters_join_over_the_edge_of_a_token_where_they_would_within_a_word(texts, joined) -> None:
    _, found = flows(pieces(*texts))
    assert [one.joins_after for one in found] == [*joined, False]
    assert [one.joins_before for one in found] == [False, *joined]


def test_bytes_and_accents_between_letters_do_not_part_them() -> None:
    _, found = flows([*pieces("م"), bytes_piece("<0xD8>"), bytes_piece("<0xAE>", "خ")])
    assert found[0].joins_after and found[2].joins_before
    _, found = flows(pieces("ك", "\u0650", "ت"))
    assert found[0].joins_after and found[2].joins_before


@given(
    some.lists(
        some.sampled_from(["a", " b", "א", " ב", "س", "1", "2", ",", " (", ")", "."]), min_size=1, max_size=9
    )
)
def test_the_level_of_a_box_is_that_of_its_character(texts: list[str]) -> None:
    text = "".join(texts)
    direction, found = flows(pieces(*texts))
    expected, at = levels(text, direction), 0
    for one, flow in zip(texts, found, strict=True):
        assert flow.level in expected[at : at + len(one)]
        if len(one) == 1:
            assert flow.level == expected[at]
        at += len(one)
