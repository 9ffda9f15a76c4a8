"""Loops, repetition and sureness, counted by hand and against slow definitions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.lab.degeneration import (
    HIGH_SHARE,
    LEAST_LOOP,
    LEAST_TIMES,
    LOW_BITS,
    NGRAM,
    WINDOW,
    Loop,
    Repeat,
    distinct,
    held,
    longest_repeat,
    loop,
    repeated_tokens,
    said_before,
    seq_rep,
    sliding_entropy,
    symptoms,
)

TEXTS = st.lists(st.integers(0, 3), max_size=40)
"""Of few words, so that they repeat themselves."""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ([], None),
        ([1], None),
        ([1, 2, 3, 4, 5, 6, 7], None),
        ([9, 1, 1, 1, 1, 1, 1], Loop(1, 1, 6)),
        ([9, 1, 1, 1], None),  # too short
        ([8, 9, 1, 2, 3, 1, 2, 3, 1, 2, 3], Loop(2, 3, 9)),
        ([8, 9, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1], Loop(2, 3, 10)),
        ([1, 2, 3, 1, 2, 3, 1, 2, 3, 7], None),  # it has come out of it
        ([3, 1, 2, 3, 1, 2, 3, 1, 2, 3], Loop(0, 3, 10)),
    ],
)
def test_a_loop_is_what_the_end_repeats_three_times(text, found):
    assert loop(text) == found
    assert found is None or found.times == found.length // found.period >= LEAST_TIMES


@given(TEXTS)
def test_a_loop_is_the_longest_end_that_equals_itself_shifted(text):
    def length(period):
        return next(
            (n - 1 for n in range(period + 1, len(text) + 1) if text[-n] != text[-n + period]), len(text)
        )

    periods = range(1, len(text) // LEAST_TIMES + 1)
    lengths = {p: length(p) for p in periods if length(p) >= max(LEAST_TIMES * p, LEAST_LOOP)}
    found = loop(text)
    if not lengths:
        assert found is None
    else:
        most = max(lengths.values())
        shortest = min(p for p in lengths if lengths[p] == most)
        assert found == Loop(len(text) - most, shortest, most)


def test_the_longest_repeat_does_not_overlap_itself():
    assert longest_repeat([1, 2, 3, 9, 1, 2, 3, 4]) == Repeat(0, 4, 3)
    assert longest_repeat([1, 1, 1, 1, 1]) == Repeat(0, 2, 2)
    assert longest_repeat([1, 2, 3]) is None and longest_repeat([]) is None


@given(TEXTS)
def test_the_longest_repeat_is_that_of_all_pairs_of_stretches(text):
    pairs = [
        length
        for length in range(1, len(text) // 2 + 1)
        for first in range(len(text) - 2 * length + 1)
        for again in range(first + length, len(text) - length + 1)
        if text[first : first + length] == text[again : again + length]
    ]
    found = longest_repeat(text)
    assert (found.length if found else 0) == max(pairs, default=0)
    if found:
        assert found.again >= found.first + found.length
        first, again = (text[at : at + found.length] for at in (found.first, found.again))
        assert first == again and len(first) == found.length


def test_shares_of_repeated_ngrams_and_tokens_by_hand():
    text = [1, 2, 3, 1, 2, 4]  # pairs 12 23 31 12 24
    assert seq_rep(text, 2) == pytest.approx(1 / 5)
    assert distinct(text, 2) == pytest.approx(4 / 6) and distinct(text, 1) == pytest.approx(4 / 6)
    assert repeated_tokens(text) == pytest.approx(2 / 5)
    assert repeated_tokens(text, window=2) == 0  # 1 stands three before
    assert seq_rep([1, 2, 3]) is None and distinct([]) is None and repeated_tokens([1]) is None


@given(TEXTS, st.integers(1, 5))
def test_shares_lie_between_nothing_and_all_and_new_tokens_have_none(text, n):
    for share in (seq_rep(text, n), distinct(text, n), repeated_tokens(text)):
        assert share is None or 0 <= share <= 1
    assert seq_rep(range(40), n) == repeated_tokens(range(40)) == 0
    if len(text) >= n:
        grams = len(text) - n + 1
        assert seq_rep(text, n) == pytest.approx(1 - distinct(text, n) * len(text) / grams)


@given(TEXTS)
def test_what_was_said_before_is_counted_in_a_window_that_slides(text):
    shares = said_before(text, 2, 4)
    grams = [tuple(text[at : at + 2]) for at in range(len(text) - 1)]
    for at, share in enumerate(shares):
        if at < 2 + 4 - 2:
            assert math.isnan(share)
        else:
            ends = range(at - 3, at + 1)
            assert share == pytest.approx(sum(grams[end - 1] in grams[: end - 1] for end in ends) / 4)


def test_entropy_is_a_mean_over_the_last_few():
    found = sliding_entropy([4, 2, 0, 0], window=2)
    assert math.isnan(found[0]) and found[1:].tolist() == [3, 1, 0]
    assert np.isnan(sliding_entropy([1.0] * (WINDOW - 1))).all() and not len(sliding_entropy([]))


def test_only_what_lasts_to_the_end_is_held():
    values = np.array([np.nan, 0.1, 2.0, 0.2, 0.3])
    assert held(values, low=0.5) == 3 and held(values, high=1.0) is None
    assert held(values[:3], low=0.5) is None and held(np.array([]), low=1) is None
    assert held(np.array([0.1]), low=0.5) == 0 and held(np.array([np.nan]), low=0.5) is None


def test_the_places_where_it_begins_are_those_of_the_whole_text():
    fresh, turn = list(range(100, 130)), [1, 2, 3, 4, 5]
    text = [*fresh, *turn * 10]
    entropies = [5.0] * 20 + [0.1] * 40  # of the last 60 tokens
    found = symptoms(text, entropies)
    assert found.loop == Loop(30, 5, 50)
    assert found.first == 20
    at = found.sure_from
    assert at is not None and at - found.first + WINDOW - 1 < len(entropies)
    mean = [sum(entropies[n - WINDOW + 1 : n + 1]) / WINDOW for n in range(WINDOW - 1, 60)]
    first_low = next(n for n, one in enumerate(mean) if one < LOW_BITS)
    assert at == 20 + first_low
    at = found.repeats_from
    assert at is not None
    again = [tuple(text[n : n + NGRAM]) in {tuple(text[m : m + NGRAM]) for m in range(n)} for n in range(78)]
    assert sum(again[at : at + WINDOW]) / WINDOW >= HIGH_SHARE > sum(again[at - 1 : at - 1 + WINDOW]) / WINDOW


def test_a_text_of_new_tokens_has_no_symptoms():
    found = symptoms(list(range(60)), [4.0] * 50)
    assert (found.loop, found.repeat, found.repeats_from, found.sure_from) == (None,) * 4
    nothing = symptoms([], [])
    assert (nothing.seq_rep, nothing.rep, nothing.distinct, nothing.loop) == (None,) * 4
