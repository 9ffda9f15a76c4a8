"""What each token writes, by the tokenizer's own decoder, so that a text can be read one token at a time."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from tokenizers import decoders

if TYPE_CHECKING:  # Transformers takes seconds to import, and the page shows pieces before it is there.
    from transformers import PreTrainedTokenizerBase

BYTE_FALLBACK = re.compile(r"<0x([0-9A-Fa-f]{2})>")
TOKENWISE = ("Replace", "Metaspace", "WordPiece", "BPEDecoder", "Strip", "ByteFallback")
"""Parts of a decoder that look at one token at a time, and at whether it is the first or the last."""
ANCHOR = "a"
"""Something to stand before a token that is not the first."""


class UnfollowableDecoder(ValueError):
    """A tokenizer whose text cannot be followed token by token; says why."""


class Written(NamedTuple):
    """The bytes that a token writes."""

    first: bytes
    """As the first token of a text: without the space that stands before a word, where there is one."""
    later: bytes
    """Behind others."""
    owed: bytes = b""
    """Before the next token, if one comes: the space behind the end of a word."""


@dataclass(frozen=True)
class Lead:
    """What is taken from the beginning of a text."""

    character: str
    most: int


class Spelling:
    """The decoder of a tokenizer, one token at a time.

    Byte-level BPE (GPT-2, Llama 3, Qwen, SmolLM) writes each byte as a printable character; SentencePiece
    writes spaces as ▁ and falls back to `<0x0A>` for single bytes; WordPiece marks what goes on a word with
    ##, older BPE what ends one with </w>. `decode` undoes them for whole texts only, and turns half a
    character into a broken one.
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerBase") -> None:
        """Look at the decoder.

        Raises:
            UnfollowableDecoder: what a token writes depends on more than whether it is the first or last.
        """
        decoder = tokenizer.backend_tokenizer.decoder
        parts = _parts(decoder)
        kinds = [str(part["type"]) for part in parts]
        self.lead: tuple[Lead, ...] = ()
        self._byte_level = "ByteLevel" in kinds
        self._falls_back = "ByteFallback" in kinds
        self._ends_words = "BPEDecoder" in kinds
        if self._byte_level:
            _require(all(kind in ("ByteLevel", "Fuse") for kind in kinds), kinds)
            return
        fused = kinds.index("Fuse") if "Fuse" in kinds else len(parts)
        _require(all(kind in TOKENWISE for kind in kinds[:fused]), kinds)
        self.lead = tuple(_lead(part, kinds) for part in parts[fused:] if part["type"] != "Fuse")
        tokenwise = [part for part in parts[:fused] if part["type"] != "ByteFallback"]
        self._decode = " ".join if decoder is None else _decoding(tokenwise)

    def written(self, token: str, *, added: bool = False) -> Written:
        """Return what a token writes.

        Args:
            token: as it stands in the vocabulary.
            added: it was added to the vocabulary by hand, and stands there as people write it.
        """
        if self._byte_level:
            whole = _added_bytes(token) if added else _bytes(token)
            return Written(whole, whole)
        fallback = BYTE_FALLBACK.fullmatch(token) if self._falls_back else None
        if fallback:
            byte = bytes([int(fallback[1], 16)])
            return Written(byte, byte)
        first, later = self._decode([token]), self._behind(token)
        owed = ""
        if self._ends_words:
            # The space behind a word is written when something follows.
            owed = self._decode([token, ANCHOR]).removeprefix(first).removesuffix(ANCHOR)
        return Written(first.encode(), later.encode(), owed.encode())

    def _behind(self, token: str) -> str:
        return self._decode([ANCHOR, token]).removeprefix(self._decode([ANCHOR]))


def _parts(decoder: Any) -> list[dict[str, Any]]:
    """Return the parts of a decoder in order, as JSON."""
    if decoder is None:
        return []
    try:
        return _flat(json.loads(decoder.__getstate__()))
    except Exception as problem:  # one that is written in Python cannot be looked into
        raise UnfollowableDecoder("its decoder is code of its own") from problem


def _flat(decoder: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the parts of a decoder in order, those of sequences within it too."""
    if decoder["type"] == "Sequence":
        return [part for inner in decoder["decoders"] for part in _flat(inner)]
    return [decoder]


def _require(possible: bool, kinds: Sequence[str]) -> None:
    if not possible:
        raise UnfollowableDecoder(
            f"what its tokens write cannot be told one by one (its decoder is {' → '.join(kinds)})"
        )


def _lead(part: dict[str, Any], kinds: Sequence[str]) -> Lead:
    """Return what a part does that acts on the whole text: only its beginning can be told at once."""
    _require(part["type"] == "Strip" and not part["stop"], kinds)
    return Lead(str(part["content"]), int(part["start"]))


def _decoding(parts: list[dict[str, Any]]) -> Callable[[list[str]], str]:
    """Return the function from a list of tokens to a text that these parts of a decoder make."""
    if not parts:
        return "".join
    made = decoders.Fuse()
    made.__setstate__(json.dumps({"type": "Sequence", "decoders": parts}).encode())  # becomes any decoder
    decode: Callable[[list[str]], str] = made.decode
    return decode


def _bytes(token: str) -> bytes:
    """Return the bytes of a byte-level token; one with other characters is what it reads, as in `decode`."""
    alphabet = byte_alphabet()
    if all(character in alphabet for character in token):
        return bytes(alphabet[character] for character in token)
    return token.encode()


def _added_bytes(token: str) -> bytes:
    """Return the bytes of a token that was added as people write it.

    `decode` takes it for byte-level too, and breaks words such as Grüße: then it is what it reads.
    """
    try:
        _bytes(token).decode()
    except UnicodeDecodeError:
        return token.encode()
    return _bytes(token)


@cache
def byte_alphabet() -> dict[str, int]:
    """Return byte-level BPE's alphabet: printable bytes stand for themselves, the others start at U+0100."""
    itself = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in itself]
    return {chr(byte): byte for byte in itself} | {chr(0x100 + at): byte for at, byte in enumerate(others)}
