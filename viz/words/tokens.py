"""How a token is shown to a person: the one owner of ␣, ↵ and other visible stand-ins.

What is in the data stays there: all of this is for labels, at the place where they are drawn.
"""

import re
import unicodedata
from functools import lru_cache

from viz.words.bidi import RIGHT_TO_LEFT

GLYPHS = {" ": "␣", "\n": "↵", "\t": "⇥", "\r": "␍", "\x7f": "␡"}
OTHER_SPACE = "⍽"
ELLIPSIS = "…"
NAMELESS = re.compile(r"<id \d+>")
"""What an id of the model is called that is no token: a name, and no text whose space would be shown."""
MARK = "¦"
"""Stands for a character that nobody can see; `hidden` says which one it is."""
CARRIER, ARABIC_CARRIER = "◌", "\u0640"
"""Carries an accent or a vowel sign whose letter is in another token; the Arabic one also joins letters."""
BEGIN, END = "\u2068", "\u2069"
"""First strong isolate and its end: between them a token keeps its direction, and the sentence around its."""
BYTE = re.compile(r"(<0x[0-9A-F]{2}>)")
"""How a byte reads that is no whole character by itself."""
LEFT_TO_RIGHT_MARK = "\u200e"
"""Before a byte: behind a letter of Hebrew its `<0` would run to the left."""
NON_JOINER, JOINER = "\u200c", "\u200d"
BLACK_FLAG, FIRST_TAG, LAST_TAG = "\U0001f3f4", "\U000e0020", "\U000e007f"
MOST_NAMED = 4
REMEMBERED = 65_536

VISIBLE_FORMATS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
"""Format characters that do have a sign, such as the Arabic sign under a number."""
SELECTORS = frozenset(
    map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), 0x180B, 0x180C, 0x180D, 0x180F])
)
"""Variation selectors: they change the sign before them."""
IGNORABLE = SELECTORS | frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180e\u2800\u3164\uffa0")
"""Letters, accents and symbols by category, and yet without a sign of their own."""


@lru_cache(maxsize=REMEMBERED)
def display_token(text: str, limit: int | None = None) -> str:
    """Return a token with every space, line break and control character made visible.

    Joiners keep their effect on the letters beside them, and an accent without its letter gets a carrier.

    Args:
        text: the token as it stands in the text.
        limit: most characters to show; longer tokens keep their beginning and end in an ellipsis.
    """
    if NAMELESS.fullmatch(text):
        return text
    shown = "".join(_carrier(text, index) + _visible(text, index) for index in range(len(text)))
    if RIGHT_TO_LEFT.search(shown):
        shown = BYTE.sub(LEFT_TO_RIGHT_MARK + r"\g<0>", shown)
    if limit is not None and len(shown) > limit:
        return shown[: limit - 1] + ELLIPSIS
    return shown


def display_text(text: str) -> str:
    """Return running text: its spaces stay, all else that cannot be seen is made visible."""
    return " ".join(display_token(part) for part in text.split(" "))


def told_token(text: str, limit: int | None = None) -> str:
    """Return a token for the midst of a sentence: in its own direction, and what is invisible by name."""
    names = hidden(text)
    return isolated(display_token(text, limit)) + (f" ({', '.join(names)})" if names else "")


def isolated(text: str) -> str:
    """Return a text that neither takes nor gives direction, wherever it is put."""
    return f"{BEGIN}{text}{END}"


def in_own_direction(shown: str) -> str:
    """Return a token for a label that others stand beside, isolated if it could run from right to left."""
    return isolated(shown) if RIGHT_TO_LEFT.search(shown) else shown


def hidden(text: str) -> list[str]:
    """Return code and name of the characters of a text that cannot be read off it; of many the first."""
    unseen = [one for index, one in enumerate(text) if _unseen(one) or (index == 0 and _rides(one))]
    distinct = list(dict.fromkeys(unseen))
    names = [_name(one) for one in distinct[:MOST_NAMED]]
    return [*names, ELLIPSIS] if len(distinct) > MOST_NAMED else names


def _name(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()


def _unseen(character: str) -> bool:
    if character in GLYPHS or character < " ":
        return False
    return _invisible(character) or unicodedata.category(character) == "Zs"


def _invisible(character: str) -> bool:
    if character in IGNORABLE:
        return True
    category = unicodedata.category(character)
    return category in ("Cc", "Cf", "Zl", "Zp", "Co", "Cn", "Cs") and character not in VISIBLE_FORMATS


def _rides(character: str) -> bool:
    """Return whether a character is drawn on the one before it."""
    return unicodedata.category(character) in ("Mn", "Mc", "Me") and character not in IGNORABLE


def _carrier(text: str, index: int) -> str:
    """Return what carries an accent that has no letter before it."""
    if not _rides(text[index]) or (index and text[index - 1] not in GLYPHS and not _unseen(text[index - 1])):
        return ""
    return ARABIC_CARRIER if unicodedata.name(text[index], "").startswith("ARABIC ") else CARRIER


def _visible(text: str, index: int) -> str:
    character = text[index]
    if "!" <= character <= "~":
        return character
    if character in GLYPHS:
        return GLYPHS[character]
    if character < " ":
        return chr(0x2400 + ord(character))
    if _invisible(character):
        return _marked(text, index)
    return OTHER_SPACE if unicodedata.category(character) == "Zs" else character


def _marked(text: str, index: int) -> str:
    """Return the mark of an invisible character, which still does to its neighbours what it is there for."""
    character, before, after = text[index], text[:index], text[index + 1 : index + 2]
    if character in SELECTORS and before and not _unseen(before[-1]):
        return character
    if FIRST_TAG <= character <= LAST_TAG and _flagged(before):
        return character
    if character == JOINER and before and after and _pictures(before[-1], after):
        return character
    if character in (JOINER, NON_JOINER):
        kept = character if character == JOINER and after else ""
        return (character if before else "") + MARK + kept
    return MARK


def _flagged(before: str) -> bool:
    """Return whether the tags at the end of a text spell out a flag."""
    return before.rstrip("".join(map(chr, range(ord(FIRST_TAG), ord(LAST_TAG) + 1)))).endswith(BLACK_FLAG)


def _pictures(left: str, right: str) -> bool:
    """Return whether a joiner makes one emoji of two."""
    return (left in SELECTORS or unicodedata.category(left) in ("So", "Sk")) and unicodedata.category(
        right
    ) in ("So", "Sk")
