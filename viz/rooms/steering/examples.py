"""Pairs of prompts whose difference visibly steers the model that is embedded."""

from typing import NamedTuple

from viz.words.strings import say


class Pair(NamedTuple):
    """What stands in the two fields."""

    toward: str
    away: str


PAIRS = {
    "love": Pair("I love this so much, it is wonderful", "I hate this so much, it is terrible"),
    "sea": Pair("A story about the sea, ships and waves", "A story about the city, streets and cars"),
    "past": Pair("Yesterday I was there and it was", "Tomorrow I will be there and it will be"),
}
"""By their names."""
FIRST = next(iter(PAIRS.values()))


def title(name: str) -> str:
    """Return what the button of a pair is called."""
    return say(f"why.steering.example.{name}")
