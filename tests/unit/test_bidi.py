"""Directions and levels, against values that an independent implementation (python-bidi 0.4.2) gave."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from viz.bidi import direction, levels

LATIN = some.text("abcxyz 12.,()-", max_size=20)


DIRECTIONS = [
    ("abc", "ltr"),
    ("سلام", "rtl"),
    ("שלום", "rtl"),
    ("12 سلام abc", "rtl"),
    ("(a) سلام", "ltr"),
    ("12, 3!", None),
]


@pytest.mark.parametrize(("text", "found"), DIRECTIONS)
def test_a_text_runs_as_its_first_strong_character_does(text: str, found: str | None) -> None:
    assert direction(text) == found


REFERENCE = [
    ("abc سعر 12 def", "ltr", "00001111220000"),
    ("سعر 12 kg", "rtl", "111122122"),
    ("סכום 12.5 EUR", "rtl", "1111122221222"),
    ("שלום-12, 34", "rtl", "11111221122"),
    ("12 אב 34", "ltr", "00011122"),
    ("abc 12 אב", "ltr", "000000011"),
    ("٣٤,٥ سلام", "rtl", "222211111"),
    ("ab\u0301 א\u05b8ב", "ltr", "0000111"),
]


@pytest.mark.parametrize(("text", "base", "found"), REFERENCE)
def test_levels_are_those_of_the_standard(text: str, base, found: str) -> None:
    assert "".join(map(str, levels(text, base))) == found


def test_both_brackets_of_a_pair_run_alike() -> None:
    text = "سلام (peace) ab"
    found = dict(zip(text, levels(text, "rtl"), strict=True))
    assert found["("] == found[")"]


@given(LATIN)
def test_latin_text_has_one_level(text: str) -> None:
    assert set(levels(text, "ltr")) <= {0}


@given(some.text("abאבسع12٣ .,+-%$()\u0301", max_size=16), some.sampled_from(["ltr", "rtl"]))
def test_letters_run_their_own_way_and_there_is_a_level_for_each_character(text: str, base) -> None:
    found = levels(text, base)
    assert len(found) == len(text) and set(found) <= ({0, 1, 2} if base == "ltr" else {1, 2})
    for one, level in zip(text, found, strict=True):
        if one in "ab":
            assert level % 2 == 0
        if one in "אבسع":
            assert level % 2 == 1
