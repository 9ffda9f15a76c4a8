"""Which way a text runs: the Unicode Bidirectional Algorithm (Annex 9) for one paragraph.

A browser runs it over characters. A strip of tokens is made of boxes, which it takes for neutral: whoever
draws them needs the levels. Embedding controls never take effect here, as they are drawn as marks.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Literal

Direction = Literal["ltr", "rtl"]

RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
"""Characters without which every text runs from left to right."""
STRONG = {"L": "L", "R": "R", "AL": "R"}
NUMBERS = ("EN", "AN")
NEUTRAL = ("B", "S", "WS", "ON")
CONTROLS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "BN")
BRACKETS = {"(": ")", "[": "]", "{": "}", "⟨": "⟩", "「": "」", "『": "』", "（": "）", "《": "》"}
DEEPEST = 63
"""Brackets that may be open at once."""
SIDES = {"L": "L", "R": "R", "EN": "R", "AN": "R"}
LEVELS = {"L": 0, "R": 1}
"""In a paragraph from left to right, of what has a direction; numbers have the level 2."""
REMEMBERED = 512


def direction(text: str) -> Direction | None:
    """Return the direction of the first strong character; None where there is none."""
    if not RIGHT_TO_LEFT.search(text):
        return "ltr" if any(unicodedata.bidirectional(one) == "L" for one in text) else None
    kinds = (STRONG.get(unicodedata.bidirectional(one)) for one in text)
    return {"L": "ltr", "R": "rtl", None: None}[next((kind for kind in kinds if kind), None)]


@lru_cache(maxsize=REMEMBERED)
def levels(text: str, base: Direction) -> tuple[int, ...]:
    """Return the level of each character of a paragraph: even ones run to the right, odd ones to the left.

    Args:
        text: the paragraph.
        base: the direction that it has as a whole.
    """
    if base == "ltr" and not RIGHT_TO_LEFT.search(text):
        return (0,) * len(text)
    outside = "R" if base == "rtl" else "L"
    kinds = _weak([unicodedata.bidirectional(one) or "L" for one in text], outside)
    _brackets(text, kinds, outside)
    _neutral(kinds, outside)
    return tuple(_level(kind, base) for kind in kinds)


def _level(kind: str, base: Direction) -> int:
    if base == "rtl":
        return 1 if kind == "R" else 2
    return LEVELS.get(kind, 2)


def _weak(kinds: list[str], outside: str) -> list[str]:
    """Resolve marks, numbers and their separators (rules W1 to W7)."""
    before = strong = outside
    for index, kind in enumerate(kinds):
        kinds[index] = before = before if kind in ("NSM", *CONTROLS) else kind  # as what it stands on
        strong = before if before in STRONG else strong
        if before == "EN" and strong == "AL":
            kinds[index] = before = "AN"
    kinds = ["R" if kind == "AL" else kind for kind in kinds]
    _separators(kinds)
    strong = outside
    for index, kind in enumerate(kinds):
        strong = kind if kind in STRONG else strong
        if kind in ("ES", "ET", "CS", *NEUTRAL):
            kinds[index] = "ON"
        elif kind == "EN" and strong == "L":
            kinds[index] = "L"
    return kinds


def _separators(kinds: list[str]) -> None:
    """Let a point or sign between the digits of a number, and units beside it, belong to it (W4 and W5)."""
    for index in range(1, len(kinds) - 1):
        left, kind, right = kinds[index - 1 : index + 2]
        if left == right and ((kind == "CS" and left in NUMBERS) or (kind == "ES" and left == "EN")):
            kinds[index] = left
    for start, stop in _stretches(kinds, ("ET",)):
        if "EN" in kinds[max(0, start - 1) : start] + kinds[stop : stop + 1]:
            kinds[start:stop] = ["EN"] * (stop - start)


def _brackets(text: str, kinds: list[str], outside: str) -> None:
    """Let both brackets of a pair run alike (rule N0). What is inside of a pair is not changed before it."""
    other = "L" if outside == "R" else "R"
    upto = {
        side: [0, *accumulate(_side(kind) == side for kind in kinds)] for side in (outside, other)
    }  # characters before each place
    at, before = 0, outside
    for start, stop in sorted(_pairs(text, kinds)):
        for kind in kinds[at:start]:
            before = _side(kind) or before
        at = start
        inside = {side for side, count in upto.items() if count[stop] > count[start + 1]}
        if inside:
            side = other if outside not in inside and before == other else outside
            kinds[start] = kinds[stop] = side


def _pairs(text: str, kinds: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the places of both brackets of each pair; none beyond more open ones than the rule counts."""
    opened: list[tuple[str, int]] = []
    for index, one in enumerate(text):
        if kinds[index] != "ON":
            continue
        if one in BRACKETS:
            if len(opened) == DEEPEST:
                return
            opened.append((BRACKETS[one], index))
        elif any(one == closing for closing, _ in opened):
            while opened:
                closing, start = opened.pop()
                if closing == one:
                    yield start, index
                    break


def _side(kind: str) -> str | None:
    """Return the side that a resolved kind takes for neutrals: numbers count as right to left."""
    return SIDES.get(kind)


def _neutral(kinds: list[str], outside: str) -> None:
    """Let what has no direction follow its neighbours where both agree, else the paragraph (N1 and N2)."""
    for start, stop in _stretches(kinds, ("ON",)):
        left = _side(kinds[start - 1]) if start else outside
        right = _side(kinds[stop]) if stop < len(kinds) else outside
        kinds[start:stop] = [left if left == right and left else outside] * (stop - start)


def _stretches(kinds: Sequence[str], wanted: Sequence[str]) -> list[tuple[int, int]]:
    """Return the stretches [start, stop) that are made of certain kinds alone."""
    found, start = [], 0
    while start < len(kinds):
        stop = start
        while stop < len(kinds) and kinds[stop] in wanted:
            stop += 1
        if stop > start:
            found.append((start, stop))
        start = stop + 1
    return found
