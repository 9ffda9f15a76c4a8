"""How the boxes of a strip flow: which way each runs, and where letters join across the edge of a token.

Every token is a box of its own, and a browser takes boxes for neutral: what it would do for the characters of
the text is worked out here.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Literal

from model.tokenizer.pieces import Piece
from viz.words.bidi import RIGHT_TO_LEFT, Direction, direction, levels

OBJECT = "\ufffc"
"""What stands for a token that is no text: it has no direction."""
FORMS = (*range(0xFB50, 0xFE00), *range(0xFE70, 0xFEFF))
"""Arabic presentation forms: those of a letter tell on which sides it joins."""
ARABIC = "ARABIC LETTER "
TATWEEL = "\u0640"


@dataclass(frozen=True)
class Flow:
    """One token of a strip."""

    level: int = 0
    """Of its box: boxes of even levels go on to the right, of odd ones to the left."""
    tail_level: int = 0
    """Of what of the token stands on the line after its last break."""
    after: Direction = "ltr"
    """Direction of the paragraph after its breaks."""
    joins_before: bool = False
    """Its first letter joins the last one before it."""
    joins_after: bool = False


LEFT_TO_RIGHT = Flow()


def flows(pieces: Sequence[Piece]) -> tuple[Direction, list[Flow]]:
    """Return the direction of the first paragraph of a text, and how each token flows.

    Paragraphs end at line breaks. One without a strong character runs as the whole text does.
    """
    shown = [OBJECT if piece.kind == "special" else piece.text for piece in pieces]
    text = "".join(shown)
    if not RIGHT_TO_LEFT.search(text):
        return "ltr", [LEFT_TO_RIGHT] * len(pieces)
    whole = direction(text) or "ltr"
    paragraphs = text.split("\n")
    bases = [direction(paragraph) or whole for paragraph in paragraphs]
    known = [
        (*levels(paragraph, base), int(base == "rtl"))  # the last one is that of the line break
        for paragraph, base in zip(paragraphs, bases, strict=True)
    ]
    found: list[Flow] = []
    line, column = 0, 0
    for one in shown:
        head, *_, tail = one.split("\n") if "\n" in one else (one, "")
        level = _box(head, known[line][column:])
        breaks = one.count("\n")
        line, column = (line + breaks, 0) if breaks else (line, column + len(head))
        found.append(Flow(level, _box(tail, known[line]), bases[line]))
        column += len(tail)
    return bases[0], _joined(shown, found)


def _box(text: str, known: Sequence[int]) -> int:
    """Return the level of a box: that of its first character with a direction of its own.

    Args:
        text: in the box; nothing where a character only begins.
        known: levels of its characters and of those after them in the paragraph.
    """
    own = ("L", "R", "AL", "EN", "AN")
    directed = (
        level for one, level in zip(text, known, strict=False) if unicodedata.bidirectional(one) in own
    )
    return next(directed, known[0])


def _joined(shown: Sequence[str], found: Sequence[Flow]) -> list[Flow]:
    """Mark where letters of neighbouring tokens join; bytes and accents between them are no obstacle."""
    joined = list(found)
    lettered = [(index, "".join(one for one in text if not _accent(one))) for index, text in enumerate(shown)]
    for (left, before), (right, behind) in pairwise((index, text) for index, text in lettered if text):
        if _joining(before[-1]) == "both" and _joining(behind[0]):
            joined[left] = replace(joined[left], joins_after=True)
            joined[right] = replace(joined[right], joins_before=True)
    return joined


def _accent(character: str) -> bool:
    return unicodedata.category(character) == "Mn"


@cache
def _joining(character: str) -> Literal["both", "before", ""]:
    """Return on which sides a letter joins others: on both, only the one before it, or on none.

    The database of Python does not say. But letters that join have presentation forms; those that have none
    are called after the letter that they are drawn like.
    """
    if character == TATWEEL:
        return "both"
    forms = _forms().get(character, frozenset())
    if forms:
        return "both" if forms & {"<initial>", "<medial>"} else "before" if "<final>" in forms else ""
    name = unicodedata.name(character, "")
    if not name.startswith(ARABIC) or " WITH " not in name:
        return ""
    try:
        return _joining(unicodedata.lookup(name.split(" WITH ")[0]))
    except KeyError:
        return ""


@cache
def _forms() -> dict[str, frozenset[str]]:
    """Return the kinds of presentation forms of each Arabic letter: `<isolated>`, `<initial>`, …."""
    found: dict[str, set[str]] = {}
    for code in FORMS:
        kind, *letters = unicodedata.decomposition(chr(code)).split() or [""]
        if len(letters) == 1:
            found.setdefault(chr(int(letters[0], 16)), set()).add(kind)
    return {letter: frozenset(kinds) for letter, kinds in found.items()}
