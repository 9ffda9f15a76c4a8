"""The tokens of a text one under the other: what each reads, its id, and the bytes that it stands for."""

from collections.abc import Sequence
from typing import Any, TypedDict

from model.tokenizer.pieces import Piece
from viz.components.drawn import Drawn
from viz.components.spelling import Part, explained, raw_bytes, shown_piece, spelled
from viz.words.percent import count
from viz.words.strings import say

AROUND = 60
"""Tokens that are listed on either side of the selected one."""
MOST_BYTES = 24
"""Bytes of a token that are shown; a token of spaces may have many more."""


class TokenRow(TypedDict):
    """One token."""

    position: int
    token: str
    token_id: str
    bytes: str
    """In hexadecimal, as `E4 B8 AD`; empty for a control token, which stands for none."""
    note: str
    """Which character it holds a part of; tokens in it are isolated."""
    kind: str
    """`text`, `bytes` or `special`."""
    selected: bool


class TokenTableValue(TypedDict):
    """The value of a `TokenTable`."""

    rows: list[TokenRow]
    said: str
    """How many tokens, characters and bytes the text has."""


def token_table_value(pieces: Sequence[Piece], selected: int) -> TokenTableValue:
    """Return the tokens of a text around the selected one.

    Args:
        pieces: all tokens of the text.
        selected: position that is selected, `len(pieces)` for the token that would come next.
    """
    first = max(0, selected - AROUND)
    parts = spelled(pieces)
    text = "".join(piece.text for piece in pieces)
    rows = [
        _row(position, piece, parts.get(position, ()), position == selected)
        for position, piece in enumerate(pieces[first : selected + AROUND + 1], first)
    ]
    said = say(
        "interior.tokens.said",
        tokens=count(len(pieces)),
        characters=count(len(text)),
        bytes=count(len(text.encode())),
    )
    if len(rows) < len(pieces):
        said += " " + say("interior.tokens.part", first=count(first), last=count(first + len(rows) - 1))
    return {"rows": rows, "said": said}


def _row(position: int, piece: Piece, parts: tuple[Part, ...], selected: bool) -> TokenRow:
    told = _bytes(piece)
    more = " …" if len(told) > MOST_BYTES else ""
    note = say("interior.tokens.special") if piece.kind == "special" else " ".join(explained(parts))
    return {
        "position": position,
        "token": shown_piece(piece),
        "token_id": count(piece.token_id),
        "bytes": told[:MOST_BYTES].hex(" ").upper() + more,
        "note": note,
        "kind": piece.kind,
        "selected": selected,
    }


def _bytes(piece: Piece) -> bytes:
    """Return what a token stands for; one that reads like a byte and is text stands for its characters."""
    if piece.kind == "special":
        return b""
    return piece.token.encode() if piece.token == piece.text else raw_bytes(piece.token)


class TokenTable(Drawn):
    """The table. A press on a row selects that token in the strip."""

    def __init__(
        self, value: TokenTableValue | None = None, *, elem_id: str = "token-table", **kwargs: Any
    ) -> None:
        keys = ("position", "token", "id", "bytes", "note", "caption", "empty")
        words = {key: say(f"interior.tokens.words.{key}") for key in keys} | {"strip": "tokens"}
        super().__init__(
            "token_table", '<div class="token-table"></div>', value, words=words, elem_id=elem_id, **kwargs
        )
