"""Characters that take several tokens: which bytes of which character a token holds."""

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from model.tokenizer.pieces import Piece
from viz.words.bidi import RIGHT_TO_LEFT
from viz.words.strings import say
from viz.words.tokens import BYTE, LEFT_TO_RIGHT_MARK, display_token, told_token

CONTINUATION = re.compile(r"<0x[89AB][0-9A-F]>")
"""One that no character begins with."""
LONGEST_CHARACTER = 4
"""Bytes that a character takes at most."""


@dataclass(frozen=True)
class Part:
    """Bytes of one character in one of its tokens."""

    character: str
    """Empty as long as it is not complete."""
    first: int
    """Number of the first byte here, from 1."""
    last: int
    size: int
    """Bytes of the whole character."""
    tokens: int
    """That it takes, or has taken so far."""


class _Character:
    """One that is being read, byte by byte."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.held: list[tuple[int, int]] = []
        """Index of the token, and the byte."""

    @property
    def complete(self) -> bool:
        return len(self.held) == self.size

    def parts(self) -> Iterator[tuple[int, Part]]:
        """Yield the part of each of its tokens; none if one token holds it all."""
        holders = [index for index, _ in self.held]
        tokens = sorted(set(holders))
        if self.complete and len(tokens) == 1:
            return
        text = bytes(byte for _, byte in self.held).decode(errors="ignore") if self.complete else ""
        for index in tokens:
            first = holders.index(index) + 1
            yield index, Part(text, first, first + holders.count(index) - 1, self.size, len(tokens))


def spelled(pieces: Sequence[Piece]) -> dict[int, tuple[Part, ...]]:
    """Return, by index, the tokens that hold only a part of some character."""
    found: dict[int, tuple[Part, ...]] = {}
    begun: _Character | None = None

    def close() -> None:
        nonlocal begun
        for index, part in begun.parts() if begun else ():
            found[index] = (*found.get(index, ()), part)
        begun = None

    for index, piece in enumerate(pieces):
        if piece.token == piece.text or piece.kind == "special":
            close()
            continue
        for byte in raw_bytes(piece.token):
            if byte < 0x80 or byte >= 0xC0:
                close()
                begun = None if byte < 0x80 else _Character(2 + (byte >= 0xE0) + (byte >= 0xF0))
            if begun:
                begun.held.append((index, byte))
                if begun.complete:
                    close()
    close()
    return found


def raw_bytes(token: str) -> bytes:
    """Return the bytes of a token whose incomplete characters read `<0xF0>`."""
    parts = (bytes.fromhex(one[3:5]) if BYTE.fullmatch(one) else one.encode() for one in BYTE.split(token))
    return b"".join(parts)


def as_pieces(tokens: Iterable[str]) -> list[Piece]:
    """Return the tokens of a text, each known by itself alone, with what the text gains by each."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")
    gained = [(token, decoder.decode(raw_bytes(token))) for token in tokens]
    return [Piece(-1, token, text, "text" if text or not token else "bytes") for token, text in gained]


def shown_piece(piece: Piece, limit: int | None = None) -> str:
    """Return a token as it stands beside others: with the character that it completes, not its last bytes.

    Args:
        piece: the token.
        limit: most characters to show.
    """
    if not piece.text or piece.text == piece.token:
        return display_token(piece.token, limit)
    return begun(display_token(piece.text, limit), piece)


def begun(shown: str, piece: Piece) -> str:
    """Return what is shown of a token, and behind it the bytes with which a character begins.

    Args:
        shown: of the text that it adds.
        piece: the token.
    """
    bytes_ = begun_character(piece)
    return shown + LEFT_TO_RIGHT_MARK + bytes_ if bytes_ and RIGHT_TO_LEFT.search(shown) else shown + bytes_


def begun_character(piece: Piece) -> str:
    """Return the bytes behind the text of a token with which a character begins, such as `<0xF0><0x9F>`."""
    if piece.token == piece.text:
        return ""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")
    decoder.decode(raw_bytes(piece.token))
    return "".join(f"<0x{byte:02X}>" for byte in decoder.getstate()[0])


def begun_before(pieces: Sequence[Piece], position: int) -> bytes:
    """Return the bytes of a character that has begun before a position and is not complete there."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")
    for piece in pieces[max(0, position - LONGEST_CHARACTER) : position]:
        whole = piece.kind == "special" or piece.token == piece.text
        decoder.decode(b"\n" if whole else raw_bytes(piece.token))
    return decoder.getstate()[0]


def completed(begun: bytes, token: str) -> str:
    """Return the character that a token would complete, in front of whatever else it adds; or nothing.

    Args:
        begun: the bytes of it that are there.
        token: the text of the token by itself.
    """
    if not begun or not CONTINUATION.match(token):
        return ""
    text = codecs.getincrementaldecoder("utf-8")(errors="ignore").decode(begun + raw_bytes(token))
    return text[0] if text and text[0].encode().startswith(begun) else ""


def explained(parts: Sequence[Part]) -> list[str]:
    """Return a sentence for each part of a character, and why there are parts at all.

    Args:
        parts: of one token; the first one may end a character, the last one begin another.
    """
    return [*map(said_part, parts), say("components.spelling.why")] if parts else []


def noted(parts: Sequence[Part]) -> str:
    """Say which bytes of which character a token holds, if it holds no whole one, as whole sentences.

    Args:
        parts: as of `explained`.
    """
    return " ".join(f"{line[0].upper()}{line[1:].rstrip('.')}." for line in explained(parts))


def said_part(part: Part) -> str:
    """Return which bytes of which character a part is."""
    which = "byte" if part.first == part.last else "bytes"
    here = say(f"components.spelling.{which}", first=part.first, last=part.last, size=part.size)
    if not part.character:
        return say("components.spelling.unfinished", bytes=here)
    character = told_token(part.character)
    return say("components.spelling.part", bytes=here, character=character, tokens=part.tokens)
