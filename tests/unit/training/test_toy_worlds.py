"""Toy worlds: what is said to be true in them is, line by line and letter by letter."""

import numpy as np
import pytest

from model.training.settings import DataSettings
from model.training.sources import toy_text
from model.training.toy_worlds import LETTERS, lines, repeats


@pytest.mark.parametrize("length", [16, 64, 200])
def test_what_can_be_foreseen_is_what_came_before_at_one_distance(length):
    letters, known = repeats(200, length, seed=1)
    assert letters.shape == known.shape == (200, length) and set(np.unique(letters)) <= set(
        range(len(LETTERS))
    )
    distances = set()
    for row, foreseen in zip(letters, known, strict=True):
        places = np.flatnonzero(foreseen)
        stretch = len(places) + 1  # its first letter cannot be foreseen
        assert (np.diff(places) == 1).all()
        first = places[0] - 1
        assert (row[first : first + stretch] == row[first - stretch : first]).all()
        distances.add(stretch)
    assert len(distances) > 1 or length == 16
    if length > 16:
        assert max(distances) <= length // 2 and min(distances) >= 6


def test_the_same_seed_makes_the_same_world():
    assert (repeats(5, 64, 3)[0] == repeats(5, 64, 3)[0]).all()
    assert (repeats(5, 64, 3)[0] != repeats(5, 64, 4)[0]).any()
    assert lines("brackets", 500, 0) == lines("brackets", 500, 0) != lines("brackets", 500, 1)


def test_sums_are_right():
    for line in lines("addition", 5000, 0).splitlines():
        sides, _, total = line.partition("=")
        assert sum(map(int, sides.split("+"))) == int(total)


def test_letters_are_sorted():
    for line in lines("sorting", 5000, 0).splitlines():
        before, _, after = line.partition(">")
        assert sorted(before) == list(after)


def test_brackets_are_closed_each_by_its_own():
    for line in lines("brackets", 5000, 0).splitlines():
        while line:
            shorter = line.replace("()", "").replace("[]", "").replace("{}", "")
            assert len(shorter) < len(line)
            line = shorter


@pytest.mark.parametrize("world", ["addition", "sorting", "brackets"])
def test_no_line_comes_twice_and_none_is_cut(world):
    found = toy_text(DataSettings(world, 3000), 0)
    rows = found.texts[0].splitlines()
    assert len(set(rows)) == len(rows) and found.texts[0].endswith("\n")
    assert 2900 < found.characters <= 3000 and f"{len(rows):,} lines" in found.remark
