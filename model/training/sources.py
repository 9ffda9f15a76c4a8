"""Where the text of a training comes from: Python's help, toy worlds, stories to order, a person's own."""

import codecs
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from model.training.limits import MOST_CHARACTERS
from model.training.settings import DataSettings, SettingsError
from model.training.toy_worlds import lines

MOST_BYTES = 5_000_000
"""Of a text of one's own."""
LEAST_CHARACTERS = 200
CONTROL_SHARE = 0.01
"""Of the characters of a text, those that nobody can read; a binary file has more."""
STORIES_AT_ONCE = 8

Write = Callable[[Sequence[str], int], Sequence[str]]
"""Writes a text for each of some requests, with dice of a seed."""


@dataclass(frozen=True)
class SourceText:
    """What is learned from, before it is cut into parts."""

    texts: tuple[str, ...]
    """A model learns where one ends."""
    remark: str
    """A sentence on how it was had."""

    @property
    def characters(self) -> int:
        """Of all texts."""
        return sum(map(len, self.texts))


def python_text(characters: int) -> SourceText:
    """Return the help texts that every Python carries (`pydoc_data.topics`), in the order of their titles."""
    from pydoc_data import topics  # noqa: PLC0415 - half a megabyte, wanted here alone

    text = "\n\n".join(body for _, body in sorted(topics.topics.items()))[:characters]
    return SourceText((text,), f"{len(text):,} characters of the help texts that Python carries.")


def toy_text(data: DataSettings, seed: int) -> SourceText:
    """Return the lines of a toy world: addition, sorting or brackets; repeats are no text (`toy_worlds`)."""
    text = lines(data.source, data.characters, seed)
    return SourceText((text,), f"{text.count(chr(10)):,} lines of {data.source}, no two of them the same.")


def own_text(given: bytes | str, characters: int = MOST_CHARACTERS) -> SourceText:
    """Return a person's text, pasted or as the bytes of a file.

    Raises:
        SettingsError: it is too large or too short, has one line only, or is no text.
    """
    if len(given) > MOST_BYTES:
        raise SettingsError(f"The text is larger than {MOST_BYTES // 1_000_000} MB. Give a part of it.")
    text, encoding = (given, "") if isinstance(given, str) else decoded(given)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise SettingsError("The text holds half a character (a lone surrogate), which cannot be written.")
    if not text.strip():
        raise SettingsError("The text is empty. Paste one, or give a .txt file.")
    _require_readable(text)
    if len(text) < LEAST_CHARACTERS:
        raise SettingsError(
            f"The text has {len(text)} characters; a model needs {LEAST_CHARACTERS} at least, and some "
            "100,000 until it writes words."
        )
    if "\n" not in text.strip():
        raise SettingsError(
            "The text is one single line. Break it into lines or paragraphs: a model has to see where "
            "something ends."
        )
    taken = text[:characters]
    cut = f", the first of {len(text):,}" if len(taken) < len(text) else ""
    read = f", read as {encoding}" if encoding else ""
    return SourceText((taken,), f"{len(taken):,} characters{cut}{read}.")


def decoded(data: bytes) -> tuple[str, str]:
    """Return the text of a file, and the name of its encoding.

    Its byte-order mark decides, else it is UTF-8 if it can be. If not it is taken for Windows-1252, in which
    most other files of Western languages are, or for Latin-1 if it has a byte that the former lacks.

    Raises:
        SettingsError: it holds bytes that no text has, or not what its mark promises.
    """
    for mark, name, title in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(name), title
            except UnicodeDecodeError as error:
                raise SettingsError(f"The file says that it is {title}, and is damaged.") from error
    if b"\0" in data:
        raise SettingsError("This is a binary file, not a text. Save it as plain text (.txt) in UTF-8.")
    try:
        return data.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "Latin-1"


_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)


def _require_readable(text: str) -> None:
    """Refuse what is no text although it could be decoded."""
    if "\0" in text:
        raise SettingsError("This is a binary file, not a text. Save it as plain text (.txt) in UTF-8.")
    control = sum(unicodedata.category(one) == "Cc" and one not in "\n\t\f\v" for one in text)
    if control > CONTROL_SHARE * len(text):
        raise SettingsError(
            f"{control:,} of {len(text):,} characters cannot be read by anybody: this is no text. "
            "Save it as plain text (.txt) in UTF-8."
        )


def stories(
    data: DataSettings, write: Write, seed: int, *, before: Sequence[str] = (), told: Callable[[str], None]
) -> list[str]:
    """Return stories that a model writes to order, until there are as many characters as wanted.

    Each is asked for in other words, so that no two are alike though the model is small.

    Args:
        data: topic and characters.
        write: the model; it is asked for some at a time.
        seed: of its dice; each request has others.
        before: what was written already, to go on from.
        told: receives each story as it is there; what it raises ends the writing.

    Raises:
        SettingsError: the model wrote nothing.
    """
    found = list(before)
    empty = 0
    while sum(map(len, found)) < data.characters:
        numbers = range(len(found), len(found) + STORIES_AT_ONCE)
        written = write([order(data.topic, number) for number in numbers], seed + len(found) + empty)
        new = [story.strip() for story in written if story.strip()]
        empty = 0 if new else empty + 1
        if empty > 2:
            raise SettingsError("The model wrote no stories about this topic. Choose another.")
        for story in new:
            found.append(story)
            told(story)
    return found


def order(topic: str, number: int) -> str:
    """Return the words in which the story of this number is asked for."""
    kind = _KINDS[number % len(_KINDS)]
    place = _PLACES[number // len(_KINDS) % len(_PLACES)]
    return f"Write a {kind} story about {topic} {place}. Use simple words and short sentences."


_KINDS = ("short", "happy", "funny", "quiet", "brave", "surprising", "sad")
_PLACES = (
    "in a garden",
    "by the sea",
    "at night",
    "in winter",
    "on a farm",
    "in a big city",
    "in the mountains",
    "at school",
    "in the rain",
    "on a journey",
    "at home",
)
