"""From token ids to characters, byte by byte, so that text appears as its characters complete."""

import codecs
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # Transformers takes seconds to import, and the page shows pieces before it is there.
    from transformers import PreTrainedTokenizerBase

BYTE_FALLBACK = re.compile(r"<0x([0-9A-Fa-f]{2})>")
SENTENCEPIECE_SPACE = "\u2581"


class UnreadableText(ValueError):
    """A text that no tokenizer can take."""


@dataclass(frozen=True)
class Piece:
    """One token of a text, as it is shown."""

    token_id: int
    token: str
    """The token by itself; bytes that are no whole character read `<0xF0>`."""
    text: str
    """What the text gains: whole characters completed here; empty for special tokens."""
    kind: Literal["text", "bytes", "special"]
    """`bytes` completes no character, `special` is a control token such as end-of-text."""


@dataclass(frozen=True)
class Matches:
    """Token ids that a search finds."""

    equal: tuple[int, ...]
    """Those that are what was typed, but for case and spaces around."""
    containing: tuple[int, ...]
    """All others that contain it."""


class TokenText:
    """The vocabulary of a tokenizer as bytes.

    Byte-level BPE (GPT-2, Llama 3, Qwen, SmolLM) writes each byte as a printable character;
    SentencePiece writes spaces as ▁ and falls back to `<0x0A>` for single bytes. Both are undone here,
    because `decode` works on whole texts only and turns half a character into a broken one.
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerBase") -> None:
        self._tokenizer = tokenizer
        self._special = frozenset(tokenizer.all_special_ids)
        self._added = {token_id: str(token) for token_id, token in tokenizer.added_tokens_decoder.items()}
        self._byte_level = _is_byte_level(tokenizer)

    def __len__(self) -> int:
        return len(self._tokenizer)

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """Every token by itself, by id."""
        return tuple(self.token(token_id) for token_id in range(len(self)))

    def bytes_of(self, token_id: int) -> bytes:
        """Return the bytes that a token adds to the text; empty for an id without a token."""
        if token_id in self._added:
            return self._added[token_id].encode("utf-8")
        written = self._tokenizer.convert_ids_to_tokens(token_id)
        if not isinstance(written, str):
            return b""
        if self._byte_level:
            return b"".join(BYTE_OF.get(character, character.encode("utf-8")) for character in written)
        fallback = BYTE_FALLBACK.fullmatch(written)
        if fallback:
            return bytes([int(fallback[1], 16)])
        return written.replace(SENTENCEPIECE_SPACE, " ").encode("utf-8")

    def token(self, token_id: int) -> str:
        """Return a token by itself; bytes that are no whole character read `<0xF0>`."""
        return self.bytes_of(token_id).decode("utf-8", errors="show_bytes")

    def reader(self) -> "PieceReader":
        """Return a reader for the tokens of one text, from its beginning."""
        return PieceReader(self, self._special)

    def pieces(self, token_ids: Iterable[int]) -> list[Piece]:
        """Return the tokens of a text as they are shown."""
        reader = self.reader()
        return [reader.read(token_id) for token_id in token_ids]

    def matches(self, query: str) -> Matches:
        """Return the tokens that match a search, whatever their case."""
        wanted, word = query.casefold(), query.strip().casefold()
        found = [token_id for token_id, token in enumerate(self.vocabulary) if wanted in token.casefold()]
        equal = [token_id for token_id in found if self.vocabulary[token_id].strip().casefold() == word]
        # The very text that was typed comes first.
        equal.sort(key=lambda token_id: (query not in self.vocabulary[token_id], token_id))
        return Matches(tuple(equal), tuple(token_id for token_id in found if token_id not in set(equal)))


class PieceReader:
    """Reads the tokens of one text in order and says what each adds."""

    def __init__(self, text: TokenText, special: frozenset[int]) -> None:
        self._text = text
        self._special = special
        # Bytes that can never become a character add nothing; the strip shows their token instead.
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")

    def read(self, token_id: int) -> Piece:
        """Return the next token."""
        token = self._text.token(token_id)
        if token_id in self._special:
            return Piece(token_id, token, "", "special")
        gained = self._decoder.decode(self._text.bytes_of(token_id))
        return Piece(token_id, token, gained, "text" if gained else "bytes")


def require_whole_characters(text: str) -> None:
    """Refuse a text with half a character in it: UTF-16 surrogates that stand alone.

    Raises:
        UnreadableText: says where.
    """
    for index, character in enumerate(text):
        if 0xD800 <= ord(character) < 0xE000:
            raise UnreadableText(
                f"character {index + 1} is half a character (a lone surrogate, U+{ord(character):04X}); "
                "delete it and try again"
            )


def _is_byte_level(tokenizer: "PreTrainedTokenizerBase") -> bool:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return False
    decoder = json.loads(backend.to_str()).get("decoder") or {}
    kinds = [decoder, *decoder.get("decoders", [])]
    return any(kind.get("type") == "ByteLevel" for kind in kinds)


def _printable_bytes() -> dict[str, bytes]:
    """Return byte-level BPE's alphabet: printable bytes stand for themselves, the others start at U+0100."""
    itself: Sequence[int] = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in itself]
    alphabet = {chr(byte): bytes([byte]) for byte in itself}
    alphabet.update({chr(0x100 + index): bytes([byte]) for index, byte in enumerate(others)})
    return alphabet


def _show_bytes(problem: UnicodeError) -> tuple[str, int]:
    assert isinstance(problem, UnicodeDecodeError)
    broken = problem.object[problem.start : problem.end]
    return "".join(f"<0x{byte:02X}>" for byte in broken), problem.end


BYTE_OF = _printable_bytes()
codecs.register_error("show_bytes", _show_bytes)
