"""What takes a while is shown now and then, and as it ended."""

import pytest

from viz.pages.work import now_and_then


@pytest.mark.parametrize(
    ("count", "seconds", "shown"), [(0, 60, []), (1, 60, [0]), (100, 60, [0, 99]), (4, 0, [0, 1, 2, 3])]
)
def test_of_many_steps_the_first_and_the_last_are_always_shown(count, seconds, shown):
    assert list(now_and_then(range(count), lambda: seconds)) == shown
