"""The values that a person types for a sweep."""

import math
import reprlib
from dataclasses import replace
from typing import Any

from model.sampler.settings import SamplerSettings
from viz.server.service import Trouble
from viz.words.strings import say

FEWEST, MOST = 2, 12
MOST_CHARACTERS = 200


def swept_values(text: object, setting: str) -> tuple[float, ...]:
    """Return the values in a text such as "0.2, 0.5, 1", each once, from the strictest to the loosest.

    Args:
        text: numbers between commas, semicolons or spaces.
        setting: the sampler's setting whose values they are. A top-k of 0 keeps all tokens: it comes last.

    Raises:
        Trouble: something that is no number, or too few or too many of them.
        OutOfRange: a number that the setting does not take.
    """
    if not isinstance(text, str):
        raise Trouble(say("lab.rollouts.values_wrong", value=reprlib.repr(text)))
    if len(text) > MOST_CHARACTERS:
        raise Trouble(say("lab.rollouts.values_long", given=len(text), most=MOST_CHARACTERS))
    off = SamplerSettings.OFF[setting] if setting == "top_k" else None
    numbers = {_number(word, setting) for word in text.replace(",", " ").replace(";", " ").split()}
    if not FEWEST <= len(numbers) <= MOST:
        raise Trouble(say("lab.rollouts.values_count", fewest=FEWEST, most=MOST, given=len(numbers)))
    return tuple(sorted(numbers, key=lambda value: math.inf if value == off else value))


def _number(word: str, setting: str) -> float:
    try:
        value = float(word)
    except ValueError:
        raise Trouble(say("lab.rollouts.values_wrong", value=reprlib.repr(word))) from None
    changed: dict[str, Any] = {setting: value}
    return float(getattr(replace(SamplerSettings(), **changed), setting))
