"""What a chi-square test says in plain words, and its numbers."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.sampler.goodness_of_fit import ChiSquare, chi_square
from viz.words.fit import LIKELY, RARE, fit_numbers, fit_words, on_demand


def of_p(p_value: float) -> ChiSquare:
    return ChiSquare(12.345, 7, p_value, 3)


@given(st.floats(0, 1))
def test_the_sentence_says_how_often_fair_dice_stray_this_far(p_value):
    words = fit_words(of_p(p_value))
    kind = "fit the" if p_value >= LIKELY else "a little unusual" if p_value >= RARE else "do not fit"
    assert kind in words and "p =" not in words and "Chi" not in words
    if found := re.search(r" (\d+) of 100 ", words):
        assert int(found[1]) == pytest.approx(100 * p_value, abs=0.5)


def test_shares_as_expected_fit_and_shares_of_other_probabilities_do_not():
    fair = np.full(4, 0.25)
    assert "fit the" in fit_words(chi_square(np.array([25, 26, 24, 25]), fair))
    assert "do not fit" in fit_words(chi_square(np.array([70, 10, 10, 10]), fair))


def test_too_little_and_the_impossible_are_said_without_numbers():
    assert "not tested" in fit_words(None) and fit_numbers(None) == ""
    impossible = chi_square(np.array([50, 50, 1]), np.array([0.5, 0.5, 0.0]))
    assert impossible is not None and math.isinf(impossible.statistic)
    assert "no probability at all" in fit_words(impossible) and fit_numbers(impossible) == ""


def test_numbers_are_those_of_the_test_and_closed_at_first():
    told = fit_numbers(of_p(0.0432))
    assert "12.3" in told and ": 7," in told and "p = 0.043" in told
    html = on_demand("<b>", told)
    assert html.startswith("<details") and " open" not in html and "&lt;b&gt;" in html
    assert on_demand("", fit_numbers(None)) == ""
