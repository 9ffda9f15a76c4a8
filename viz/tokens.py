"""How a token is shown to a person: the one owner of ␣, ↵ and other visible stand-ins."""

import re
import unicodedata

GLYPHS = {" ": "␣", "\n": "↵", "\t": "⇥", "\r": "␍", "\x7f": "␡", "\u00a0": "⍽"}
ELLIPSIS = "…"
NAMELESS = re.compile(r"<id \d+>")
"""What an id of the model is called that is no token: a name, and no text whose space would be shown."""


def display_token(text: str, limit: int | None = None) -> str:
    """Return a token with every space, line break and control character made visible.

    Args:
        text: the token as it stands in the text.
        limit: most characters to show; longer tokens keep their beginning and end in an ellipsis.
    """
    if NAMELESS.fullmatch(text):
        return text
    shown = "".join(_visible(character) for character in text)
    if limit is not None and len(shown) > limit:
        return shown[: limit - 1] + ELLIPSIS
    return shown


def _visible(character: str) -> str:
    if character in GLYPHS:
        return GLYPHS[character]
    if character < " ":
        return chr(0x2400 + ord(character))
    if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Co", "Cn", "Cs"):
        return f"⟨U+{ord(character):04X}⟩"
    return character
