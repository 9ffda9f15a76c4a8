"""Directions and levels, against values that an independent implementation (python-bidi 0.4.2) gave."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from viz.words import bidi
from viz.words.bidi import DEEPEST, direction, levels

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


def naive(text: str, base: Literal["ltr", "rtl"]) -> dict[int, str]:
    """Return the sides of the brackets of letters alone, as rule N0 words it: pair by pair."""
    outside, other = ("R", "L") if base == "rtl" else ("L", "R")
    sides: dict[int, str] = {at: "L" if one in "ab" else "R" for at, one in enumerate(text) if one in "abאב"}
    stack: list[int] = []
    pairs = []
    for at, one in enumerate(text):
        if one in "([":
            stack.append(at)
        elif one in ")]" and any(text[start] == {")": "(", "]": "["}[one] for start in stack):
            while text[start := stack.pop()] != {")": "(", "]": "["}[one]:
                pass
            pairs.append((start, at))
    for start, stop in sorted(pairs):
        inside = {sides[at] for at in range(start + 1, stop) if at in sides}
        before = next((sides[at] for at in range(start - 1, -1, -1) if at in sides), outside)
        if inside:
            sides[start] = sides[stop] = other if inside == {other} and before == other else outside
    return {at: sides[at] for pair in pairs for at in pair if at in sides}


@given(some.text("abאב()[]", max_size=24), some.sampled_from(["ltr", "rtl"]))
def test_brackets_run_as_the_rule_says_however_they_are_nested(text: str, base) -> None:
    found = levels("א" + text, base)[1:]
    for at, side in naive("א" + text, base).items():
        assert found[at - 1] % 2 == (side == "R")


def nested(depth: int) -> str:
    return "א" + "(" * depth + "א" + ")" * depth + "a"


def test_more_brackets_than_the_standard_counts_are_no_pairs() -> None:
    for depth, level in ((1, 1), (DEEPEST, 1), (DEEPEST + 1, 0)):
        text = nested(depth)
        assert set(levels(text, "ltr")[text.index(")") : -1]) == {level}


@pytest.mark.parametrize("text", [nested, lambda count: "א" + "(א)" * count], ids=["nested", "in a row"])
def test_many_brackets_take_no_longer_for_each_of_them(text, monkeypatch: pytest.MonkeyPatch) -> None:
    side, asked = bidi._side, []

    def counted(kind: str) -> str | None:
        asked.append(kind)
        return side(kind)

    def work(count: int) -> int:
        asked.clear()
        levels(text(count), "ltr")
        return len(asked)

    monkeypatch.setattr(bidi, "_side", counted)
    assert work(800) <= 2.5 * work(400)
