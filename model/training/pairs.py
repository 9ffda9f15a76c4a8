"""A small task of one's own as a file of two columns: what is given, and what is to be written of it."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from model.training.settings import SettingsError

MOST_CHARACTERS = 1_000_000
"""Of a file."""
MOST_PAIRS = 500
MOST_IN_A_CELL = 1000
"""Characters."""
FEWEST_WORDS = 8
"""Of a passage that is cut into two, so that both have some."""
HEADS = {
    "source",
    "input",
    "original",
    "from",
    "prompt",
    "target",
    "output",
    "reference",
    "translation",
    "to",
}
"""Words of which a head has two; a first line with others is a pair as any other."""


@dataclass(frozen=True)
class Pair:
    """One piece of the task."""

    source: str
    reference: str
    """What a person wrote for it."""


def read_pairs(text: str) -> list[Pair]:
    """Return the pairs of a file, in order.

    A tab in the first line that has anything makes it TSV, whose quotes are letters as any other; else it is
    CSV (RFC 4180), parted by semicolons where the first line has some and no comma. Lines without anything
    are passed over, and a first line such as `source,target` is a head.

    Args:
        text: of the file, decoded.

    Raises:
        SettingsError: no pair, a row with a gap or another number of columns, or more than the limits
            allow; says in which line.
    """
    if len(text) > MOST_CHARACTERS:
        raise SettingsError(
            f"The file has {len(text):,} characters; a task may have {MOST_CHARACTERS:,} at most."
        )
    pairs = [_pair(line, cells) for line, cells in _rows(text.removeprefix("\ufeff"))]
    if pairs and {pairs[0].source.lower(), pairs[0].reference.lower()} <= HEADS:
        pairs = pairs[1:]
    if not pairs:
        raise SettingsError(
            "The file has no pairs. Each line is one: what is given, a tab or a comma, what is to be written."
        )
    if len(pairs) > MOST_PAIRS:
        raise SettingsError(f"The file has {len(pairs):,} pairs; a task may have {MOST_PAIRS:,} at most.")
    return pairs


def passages(text: str, words: int = 40, most: int = 50) -> list[Pair]:
    """Return passages of a text that a model goes on with, evenly over it.

    Args:
        text: such as the test part of a training.
        words: of a passage; the second half of them is the reference.
        most: passages.

    Raises:
        SettingsError: there are too few words for one.
    """
    written = text.split()
    length = min(words, len(written))
    if length < FEWEST_WORDS:
        raise SettingsError(
            f"The text has {len(written)} words; to be gone on with it needs {FEWEST_WORDS} at least."
        )
    count = min(most, len(written) // length)
    step = len(written) // count
    cut = [written[first : first + length] for first in range(0, count * step, step)]
    return [Pair(" ".join(one[: length // 2]), " ".join(one[length // 2 :])) for one in cut]


def task_text(pairs: Sequence[Pair]) -> str:
    """Return pairs as a text to learn the task from: a line for each, with a tab, as `translating` asks."""
    return "".join(f"{pair.source}\t{pair.reference}\n" for pair in pairs)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the line and the cells of every row that has anything."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    tabs = "\t" in first
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter="\t" if tabs else ";" if ";" in first and "," not in first else ",",
        quoting=csv.QUOTE_NONE if tabs else csv.QUOTE_MINIMAL,
        strict=True,
    )
    line = 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise SettingsError(f"Line {line} cannot be read as a row of a table: {error}.") from None
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, cells
        line = reader.line_num + 1


def _pair(line: int, cells: Sequence[str]) -> Pair:
    if len(cells) != 2:
        columns = "one column" if len(cells) == 1 else f"{len(cells):,} columns"
        raise SettingsError(
            f"Line {line} has {columns}; two are needed. In CSV put a text with a comma in it in quotes."
        )
    source, reference = (" ".join(cell.split()) for cell in cells)
    for name, cell in (("first", source), ("second", reference)):
        if not cell:
            raise SettingsError(f"Line {line} has nothing in its {name} column.")
        if len(cell) > MOST_IN_A_CELL:
            raise SettingsError(
                f"Line {line} has {len(cell):,} characters in its {name} column; "
                f"{MOST_IN_A_CELL:,} are allowed."
            )
    return Pair(source, reference)
