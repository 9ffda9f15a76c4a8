"""The words of the page count as English does."""

import re
import string

import pytest

from viz.words.strings import catalogue, say

COUNTED = (
    "tokens|texts|rollouts|throws|layers|heads|positions|characters|bytes|candidates|branches|seconds|parts"
    "|places|trainings|checkpoints|models|pairs|minutes|hours|steps"
)


def keys(found: object, path: str = "") -> dict[str, str]:
    """Return every string by its dotted key."""
    if isinstance(found, str):
        return {path[1:]: found}
    assert isinstance(found, dict)
    return {key: text for name, one in found.items() for key, text in keys(one, f"{path}.{name}").items()}


def filled(key: str, text: str, value: int) -> str:
    """Return a string with one number at each of its places."""
    names = {name for _, name, _, _ in string.Formatter().parse(text) if name}
    return say(key, **dict.fromkeys(names, value))


@pytest.mark.parametrize(("key", "text"), [(k, t) for k, t in keys(catalogue()).items() if "|" in t])
def test_one_is_singular_and_two_are_plural(key, text):
    singular, plural = filled(key, text, 1), filled(key, text, 2)
    assert not re.search(rf"\b1[ \u00a0]({COUNTED})\b", singular)
    assert re.search(rf"\b2[ \u00a0]({COUNTED})\b", plural) and "|" not in singular + plural


def test_whatever_is_counted_says_so():
    uncounted = re.compile(rf"\{{\w+(:,)?\}}[ \u00a0]({COUNTED})\b")
    assert {key: text for key, text in keys(catalogue()).items() if uncounted.search(text)} == {}


def test_a_number_that_only_ends_in_one_is_plural():
    assert say("lab.dice.total", total="10\u00a0101") == "10\u00a0101 throws."
    assert say("lab.dice.total", total="1") == "1 throw."
