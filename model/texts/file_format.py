"""The JSON files of runs and trees: which schema they follow, and how large and deep they may be."""

import json
import reprlib
from collections.abc import Mapping
from typing import Any

SCHEMA = 1
"""The newest that is read here. Files from before it was written are of the first."""
MOST_BYTES = 2_000_000
"""Of a file that is opened."""
MOST_DEPTH = 16
"""Objects and lists in one another; a tree of runs has eight."""


class TooLarge(ValueError):
    """A file has more than `MOST_BYTES`."""


def read_json(text: object) -> Any:
    """Return what stands in a file that somebody has chosen.

    Raises:
        TooLarge: it is too large, or no text.
        json.JSONDecodeError: it is no JSON.
        ValueError: what stands in it lies too deep, or has numbers of too many digits.
    """
    if not isinstance(text, str) or len(text.encode(errors="replace")) > MOST_BYTES:
        raise TooLarge
    try:
        data = json.loads(text)
    except RecursionError as error:
        raise ValueError(_too_deep()) from error
    _require_shallow(data)
    return data


def require_schema(data: Mapping[str, Any], kind: str) -> None:
    """Refuse data of a schema that is not known here.

    Args:
        data: what stands in a file.
        kind: what it says that it is, for the sentence.

    Raises:
        ValueError: a newer version of the app wrote it, or it names none.
    """
    schema = data.get("schema", SCHEMA)
    if isinstance(schema, bool) or not isinstance(schema, int) or schema < 1:
        raise ValueError(f"the schema of a {kind} must be a whole number from 1, not {reprlib.repr(schema)}")
    if schema > SCHEMA:
        told = reprlib.repr(schema)
        raise ValueError(
            f"this {kind} is of schema {told}, which a newer version wrote; {SCHEMA} is read here"
        )


def _require_shallow(data: object) -> None:
    level = [data]
    for _ in range(MOST_DEPTH):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return
    raise ValueError(_too_deep())


def _inside(value: object) -> list[object]:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [one for one in inner if isinstance(one, dict | list)]


def _too_deep() -> str:
    return f"its objects and lists lie in one another more than {MOST_DEPTH} deep"
