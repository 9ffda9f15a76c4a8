"""Two texts side by side: what they share is counted position by position."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.texts.comparison import Comparison, WrittenToken, agreement, written_tokens
from model.texts.run import Run, Step

TOKENS = st.lists(st.integers(0, 3), max_size=8)


def run(token_ids: list[int]) -> Run:
    steps = [
        Step(index, one, str(one), str(one), 0.5, -1.0, 0.5, 1, 1.0, 3) for index, one in enumerate(token_ids)
    ]
    return Run("tiny", "", (), steps=tuple(steps))


def tokens(token_ids: list[int]) -> tuple[WrittenToken, ...]:
    return tuple(WrittenToken(one, str(one), -0.5 * one) for one in token_ids)


@given(TOKENS, TOKENS)
def test_the_agreement_is_the_share_of_equal_places(ours, theirs):
    same = [index for index in range(min(len(ours), len(theirs))) if ours[index] == theirs[index]]
    assert agreement(ours, theirs) == (len(same) / len(ours) if ours else 1.0)
    assert agreement(ours, ours) == 1.0


@given(TOKENS, TOKENS)
def test_texts_are_equal_up_to_the_first_difference(ours, theirs):
    comparison = Comparison(run(ours), tokens(theirs))
    first = comparison.first_difference
    if first is None:
        shorter = min(len(ours), len(theirs))
        assert ours[:shorter] == theirs[:shorter]
    else:
        assert ours[:first] == theirs[:first] and ours[first] != theirs[first]
    assert comparison.agreement == agreement(ours, theirs)


def test_the_mean_is_that_of_the_tokens_that_are_there():
    assert Comparison(run([1]), tokens([2, 4])).mean_logprob == pytest.approx(-1.5)
    assert Comparison(run([1]), ()).mean_logprob is None
    assert [one.logprob for one in written_tokens(run([1, 2]))] == [-1.0, -1.0]
