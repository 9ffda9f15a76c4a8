"""From token ids to characters, byte by byte, so that text appears as its characters complete."""

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from model.tokenizer.spelling import Spelling, Written

if TYPE_CHECKING:  # Transformers takes seconds to import, and the page shows pieces before it is there.
    from transformers import PreTrainedTokenizerBase

NOTHING = Written(b"", b"")
"""What an id without a token writes, and nothing else: that is how it is known."""


class UnreadableText(ValueError):
    """A text that no tokenizer can take."""


@dataclass(frozen=True)
class Piece:
    """One token of a text, as it is shown."""

    token_id: int
    token: str
    """The token by itself; bytes that are no whole character read `<0xF0>`, an id without one `<id 285>`."""
    text: str
    """What the text gains: whole characters completed here; empty for special tokens."""
    kind: Literal["text", "bytes", "special"]
    """`bytes` completes no character, `special` is a control token such as end-of-text, or none at all."""


@dataclass(frozen=True)
class Matches:
    """Token ids that a search finds."""

    equal: tuple[int, ...]
    """Those that are what was typed, but for case and spaces around."""
    containing: tuple[int, ...]
    """All others that contain it."""


class TokenText:
    """The vocabulary of a model: what each of its token ids writes."""

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", size: int | None = None) -> None:
        """Look at a tokenizer.

        Args:
            tokenizer: of the model.
            size: number of ids that the model knows, which may be more than the tokenizer has tokens, or
                fewer; by default all ids of the tokenizer.

        Raises:
            UnfollowableDecoder: its text cannot be told token by token.
        """
        self._tokenizer = tokenizer
        added = tokenizer.added_tokens_decoder
        self._added = {token_id: str(token) for token_id, token in added.items()}
        # Many a tokenizer marks its special tokens without listing them among those with a name.
        marked = {token_id for token_id, token in added.items() if token.special}
        self._special = frozenset(marked | {one for one in tokenizer.all_special_ids if one is not None})
        self._spelling = Spelling(tokenizer)
        self._size = size if size is not None else 1 + max(tokenizer.get_vocab().values(), default=-1)
        self._known: dict[int, Written] = {}

    def __len__(self) -> int:
        """Return the number of ids that the model knows."""
        return self._size

    @property
    def chats(self) -> bool:
        """Whether the tokenizer brings the template of the chats that its model was trained on."""
        return bool(getattr(self._tokenizer, "chat_template", None))

    def chat(self, message: str) -> str:
        """Return a question in that template, up to where the model is to answer; control tokens as text.

        Raises:
            ValueError: there is none.
        """
        asked = [{"role": "user", "content": message}]
        return str(self._tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True))

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """Every token by itself, by id."""
        return tuple(self.token(token_id) for token_id in range(len(self)))

    @cached_property
    def _folded(self) -> tuple[str, ...]:
        """Every token as a search compares it; empty for an id without a token."""
        return tuple(
            token.casefold() if self.written(token_id).later else ""
            for token_id, token in enumerate(self.vocabulary)
        )

    def written(self, token_id: int) -> Written:
        """Return the bytes that a token writes; none for an id without a token."""
        known = self._known.get(token_id)
        if known is None:
            known = self._known[token_id] = self._spelt(token_id)
        return known

    def bytes_of(self, token_id: int) -> bytes:
        """Return the bytes that a token adds to the text; empty for an id without a token."""
        written = self.written(token_id)
        return written.later + written.owed

    def token(self, token_id: int) -> str:
        """Return a token by itself; bytes that are no whole character read `<0xF0>`.

        Whatever can be seen has a name: an id that writes nothing reads `<id 285>`.
        """
        return self.bytes_of(token_id).decode("utf-8", errors="show_bytes") or f"<id {token_id}>"

    def special(self, token_id: int) -> bool:
        """Return whether an id adds nothing to the text: a control token, or no token at all."""
        return token_id in self._special or self.written(token_id) is NOTHING

    def reader(self) -> "PieceReader":
        """Return a reader for the tokens of one text, from its beginning."""
        return PieceReader(self, self._spelling)

    def pieces(self, token_ids: Iterable[int]) -> list[Piece]:
        """Return the tokens of a text as they are shown."""
        reader = self.reader()
        return [reader.read(token_id) for token_id in token_ids]

    def matches(self, query: str) -> Matches:
        """Return the tokens that match a search, whatever their case.

        Ids without a token are found by their whole name alone, such as `<id 285>`.
        """
        wanted, word = query.casefold(), query.strip().casefold()
        nameless = [token_id for token_id in self._named(word) if not self._folded[token_id]]
        found = [token_id for token_id, token in enumerate(self._folded) if wanted in token]
        equal = [token_id for token_id in found if self._folded[token_id].strip() == word]
        # The very text that was typed comes first.
        equal.sort(key=lambda token_id: (query not in self.vocabulary[token_id], token_id))
        first = set(equal)
        return Matches((*equal, *nameless), tuple(one for one in found if one not in first))

    def _named(self, word: str) -> list[int]:
        """Return the id that a word such as `<id 285>` names, if the model has it."""
        number = word.removeprefix("<id ").removesuffix(">")
        is_one = word == f"<id {number}>" and number.isdecimal() and len(number) < len(str(2**31))
        return [int(number)] if is_one and int(number) < len(self) else []

    def _spelt(self, token_id: int) -> Written:
        token = self._added.get(token_id)
        if token is not None and token_id in self._special:
            name = token.encode()
            return Written(name, name)
        if token is not None:
            return self._spelling.written(token, added=True)
        found = self._tokenizer.convert_ids_to_tokens(token_id)
        return self._spelling.written(found) if isinstance(found, str) else NOTHING


class PieceReader:
    """Reads the tokens of one text in order and says what each adds."""

    def __init__(self, text: TokenText, spelling: Spelling) -> None:
        self._text = text
        # Bytes that can never become a character add nothing; the strip shows their token instead.
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")
        self._begun = False
        self._owed = b""
        self._leads = [(lead.character, lead.most) for lead in spelling.lead]
        self.size = 0
        """Bytes that the last token wrote; those of a special one's name."""

    def read(self, token_id: int) -> Piece:
        """Return the next token."""
        token = self._text.token(token_id)
        if self._text.special(token_id):
            self.size = len(self._text.bytes_of(token_id))
            return Piece(token_id, token, "", "special")
        written = self._text.written(token_id)
        whole = self._owed + (written.later if self._begun else written.first)
        self._begun, self._owed = True, written.owed
        gained = self._decoder.decode(whole)
        unfinished = bool(whole) and not gained
        shown = self._led(gained)
        self.size = len(whole) - len(gained.encode()) + len(shown.encode())
        return Piece(token_id, token, shown, "bytes" if unfinished else "text")

    @property
    def begun(self) -> int:
        """Bytes of a character with which the text so far leaves off."""
        return len(self._decoder.getstate()[0])

    def _led(self, gained: str) -> str:
        """Return a stretch of text without what the tokenizer takes from the beginning of the whole."""
        for at, (character, left) in enumerate(self._leads):
            while left and gained.startswith(character):
                gained, left = gained[1:], left - 1
            self._leads[at] = character, 0 if gained else left
        return gained


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


def _show_bytes(problem: UnicodeError) -> tuple[str, int]:
    assert isinstance(problem, UnicodeDecodeError)
    broken = problem.object[problem.start : problem.end]
    return "".join(f"<0x{byte:02X}>" for byte in broken), problem.end


codecs.register_error("show_bytes", _show_bytes)
