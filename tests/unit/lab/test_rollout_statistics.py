"""What rollouts say together, on numbers that were worked out elsewhere or by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.lab.rollout_statistics import (
    distinct,
    first_token_test,
    first_tokens,
    rollout_tree,
    statistics_of,
)
from model.sampler.goodness_of_fit import chi_square, chi_square_tail, wilson
from model.texts.prefix_tree import earliest, prefix_tree, pruned
from tests.rolled import rollout

# Wilson's band


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        (0, 10, 0.0, 0.27754),  # Newcombe 1998, table I, and Brown, Cai and DasGupta 2001
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_s_band_is_that_of_the_literature(count, total, low, high):
    assert wilson(count, total) == pytest.approx((low, high), abs=6e-5)


@given(st.integers(1, 500).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_the_ends_of_wilson_s_band_are_where_the_score_test_just_rejects(numbers):
    count, total = numbers
    low, high = wilson(count, total)
    assert 0 <= low <= count / total <= high <= 1
    for end in {low, high} - {0.0, 1.0}:
        score = (count / total - end) / math.sqrt(end * (1 - end) / total)
        assert abs(score) == pytest.approx(1.96, abs=1e-3)
    mirrored = wilson(total - count, total)
    assert (1 - high, 1 - low) == pytest.approx(mirrored, abs=1e-12)


def test_without_trials_a_band_is_everything():
    assert wilson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="between 0 and 3"):
        wilson(4, 3)


# Chi-square


@pytest.mark.parametrize(
    ("statistic", "degrees", "p"),
    [
        (3.841459, 1, 0.05),
        (6.634897, 1, 0.01),
        (18.307038, 10, 0.05),
        (124.342113, 100, 0.05),
        (2.705543, 1, 0.1),
        (3.940299, 10, 0.95),
        (0.0, 4, 1.0),
    ],
)
def test_the_tail_of_chi_square_is_that_of_the_tables(statistic, degrees, p):
    assert chi_square_tail(statistic, degrees) == pytest.approx(p, abs=1e-6)


@given(st.floats(0, 500))
def test_the_tail_agrees_with_its_closed_forms(statistic):
    assert chi_square_tail(statistic, 1) == pytest.approx(
        math.erfc(math.sqrt(statistic / 2)), rel=1e-9, abs=1e-14
    )
    assert chi_square_tail(statistic, 2) == pytest.approx(math.exp(-statistic / 2), rel=1e-9, abs=1e-14)
    six = sum((statistic / 2) ** n / math.factorial(n) for n in range(3)) * math.exp(-statistic / 2)
    assert chi_square_tail(statistic, 6) == pytest.approx(six, rel=1e-9, abs=1e-14)


def test_the_tail_refuses_what_is_no_statistic():
    for statistic, degrees in ((-1.0, 2), (math.nan, 2), (1.0, 0)):
        with pytest.raises(ValueError):
            chi_square_tail(statistic, degrees)
    assert chi_square_tail(math.inf, 3) == 0.0


def test_the_statistic_of_a_die_is_the_sum_over_its_faces():
    test = chi_square(np.array([5, 8, 9, 8, 10, 20]), np.full(6, 1 / 6))
    assert test is not None
    assert (test.statistic, test.degrees_of_freedom, test.pooled) == (pytest.approx(13.4), 5, 0)
    assert test.p_value == pytest.approx(0.0199, abs=1e-4)  # a textbook's loaded die


def test_rare_outcomes_share_a_cell_and_take_in_another_one_if_they_are_still_too_rare():
    probabilities = np.array([0.5, 0.3, 0.12, 0.04, 0.04])
    pooled = chi_square(np.array([50, 30, 12, 4, 4]), probabilities)
    assert pooled is not None and (pooled.degrees_of_freedom, pooled.pooled) == (3, 2)
    assert pooled.statistic == pytest.approx(0.0)
    merged = chi_square(np.array([30, 12, 8, 0, 0]), probabilities)  # expected: 25, 15, and 6 + 2 + 2
    assert merged is not None and (merged.degrees_of_freedom, merged.pooled) == (2, 3)
    assert merged.statistic == pytest.approx(25 / 25 + 9 / 15 + 4 / 10)


def test_where_one_cell_is_left_there_is_nothing_to_test():
    assert chi_square(np.array([3, 1]), np.array([0.5, 0.5])) is None
    assert chi_square(np.array([0, 0]), np.array([0.5, 0.5])) is None
    assert chi_square(np.array([90, 0]), np.array([1.0, 0.0])) is None


def test_what_the_model_rules_out_must_not_happen():
    test = chi_square(np.array([90, 1]), np.array([1.0, 0.0]))
    assert test is not None and (test.statistic, test.p_value) == (math.inf, 0.0)


def test_counts_drawn_from_the_probabilities_are_rejected_as_often_as_they_should_be():
    probabilities = np.array([0.4, 0.3, 0.15, 0.1, 0.03, 0.02])
    drawn = np.random.default_rng(1).multinomial(300, probabilities, size=800)
    tests = [chi_square(counts, probabilities) for counts in drawn]
    rejected = sum(test is not None and test.p_value < 0.05 for test in tests)
    assert 20 <= rejected <= 60, "40 of 800, and three standard deviations"


# First tokens


def test_first_tokens_stand_beside_their_probabilities():
    runs = [rollout(1, 5)] * 3 + [rollout(2)] + [rollout()]
    rows = first_tokens(runs, np.array([0.0, 0.5, 0.3, 0.2]))
    assert [(row.token_id, row.count, row.share, row.probability) for row in rows] == [
        (1, 3, 0.75, 0.5),
        (2, 1, 0.25, 0.3),
        (3, 0, 0.0, 0.2),
    ]
    assert [(row.low, row.high) for row in rows] == [wilson(3, 4), wilson(1, 4), wilson(0, 4)]
    assert all(row.inside for row in rows)


def test_few_rows_keep_what_was_observed():
    runs = [rollout(3)] * 2 + [rollout(2)]
    rows = first_tokens(runs, np.array([0.4, 0.3, 0.2, 0.1]), most=2)
    assert [row.token_id for row in rows] == [2, 3]
    assert [row.token_id for row in first_tokens([], np.array([0.4, 0.6]))] == [1, 0]


def test_the_test_of_first_tokens_counts_them():
    runs = [rollout(0)] * 60 + [rollout(1)] * 40
    test = first_token_test(runs, np.array([0.5, 0.5]))
    assert test is not None and test.statistic == pytest.approx(4.0)
    assert test.p_value == pytest.approx(0.0455, abs=1e-4)


# Diversity and likelihood


def test_distinct_counts_different_n_grams_over_tokens_across_all_texts():
    texts = [(1, 2, 1), (1, 2), ()]
    assert distinct(texts, 1) == 2 / 5
    assert distinct(texts, 2) == 2 / 5, "12 and 21; none across two texts"
    assert math.isnan(distinct([()], 1))


def test_statistics_are_means_over_tokens_and_over_rollouts():
    found = statistics_of([rollout(1, 2, 3, logprob=-1.0), rollout(1, logprob=-3.0), rollout(1)])
    assert (found.count, found.tokens, found.different) == (3, 5, 2)
    assert found.mean_length == pytest.approx(5 / 3)
    assert found.mean_logprob == pytest.approx((-3 - 3 - 1) / 5)
    assert found.mean_entropy_bits == 2.0
    assert (found.distinct_1, found.distinct_2) == (3 / 5, 2 / 5)


def test_no_rollouts_are_no_crash():
    found = statistics_of([])
    assert (found.count, found.tokens, found.different) == (0, 0, 0)
    assert math.isnan(found.mean_length) and math.isnan(found.mean_logprob)
    assert rollout_tree([]) == []


# The tree


def test_the_tree_of_rollouts_tells_counts_and_probabilities_the_most_common_first():
    nodes = rollout_tree([rollout(1, 2), rollout(3, 4, 5), rollout(3, 4, 6), rollout()])
    assert [(node.text, node.count, node.share, node.probability, node.parent) for node in nodes] == [
        ("34", 2, 0.5, 0.25, None),
        ("5", 1, 0.25, 0.125, 0),
        ("6", 1, 0.25, 0.125, 0),
        ("12", 1, 0.25, 0.25, None),
    ]
    assert [(node.start, node.depth, node.row) for node in nodes] == [
        (0, 0, 0.5),
        (2, 1, 0.0),
        (2, 1, 1.0),
        (0, 0, 2.0),
    ]


TEXTS = st.lists(st.lists(st.integers(0, 2), max_size=5), max_size=12)


@given(TEXTS, st.integers(0, 12))
def test_a_pruned_tree_keeps_what_most_texts_hold_and_the_way_there(texts, most):
    whole = prefix_tree(texts)
    kept = pruned(whole, most)
    assert len(kept) == min(most, len(whole))
    least = min((len(one.members) for one in kept), default=len(texts))
    gone = sorted((len(one.members) for one in whole), reverse=True)[most:]
    assert all(count <= least for count in gone)
    for index, one in enumerate(kept):
        if one.parent is not None:
            before = kept[one.parent]
            assert one.parent < index
            assert (before.stop, before.depth + 1) == (one.start, one.depth)
            assert set(one.members) < set(before.members) or one.members == before.members
    rows = [one.row for index, one in enumerate(kept) if index not in {other.parent for other in kept}]
    assert rows == [float(row) for row in range(len(rows))]


def test_siblings_stand_in_the_order_asked_for():
    texts = [(1,), (2,), (2,)]
    assert [one.token_ids for one in prefix_tree(texts)] == [(1,), (2,)]
    assert earliest((3, 5)) < earliest((4,))
