"""Pairs of prompts to begin with: the model that is embedded says the answer, and then the distractor."""

from typing import NamedTuple

from viz.words.strings import say


class Pair(NamedTuple):
    """What stands in the four fields."""

    clean: str
    corrupted: str
    answer: str
    distractor: str


PAIRS = {
    "capitals": Pair(
        "The capital of Italy is the city of", "The capital of Japan is the city of", " Rome", " Tokyo"
    ),
    "names": Pair(
        "When John and Mary went to the store, John gave a drink to",
        "When John and Mary went to the store, Mary gave a drink to",
        " Mary",
        " John",
    ),
    "agreement": Pair("The keys to the old cabinet", "The key to the old cabinet", " were", " was"),
    "opposites": Pair("The opposite of hot is", "The opposite of big is", " cold", " small"),
}
"""By their names."""
FIRST = next(iter(PAIRS.values()))


def title(name: str) -> str:
    """Return what the button of a pair is called."""
    return say(f"why.patching.example.{name}")
