"""Sentences with tokens in them, as HTML."""

import re
from html import escape

from viz.words.tokens import BEGIN, END

TOKEN = re.compile(f"{BEGIN}([^{BEGIN}{END}]*){END}")


def prose(sentence: str) -> str:
    """Return a sentence as escaped HTML: its tokens keep their direction, and no translator rewrites them."""
    return TOKEN.sub(r'<bdi translate="no">\1</bdi>', escape(sentence))
