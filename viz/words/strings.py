"""Every string a person reads on the page, from `assets/locales/en.json`."""

import json
import string
from functools import cache
from typing import Any

from viz.words.assets import ASSETS

LOCALES = ASSETS / "locales"


@cache
def catalogue(language: str = "en") -> dict[str, Any]:
    """Return the nested strings of a language."""
    strings: dict[str, Any] = json.loads((LOCALES / f"{language}.json").read_text(encoding="utf-8"))
    return strings


class _Counting(string.Formatter):
    """`{count:token|tokens}` is the first word where the count is 1, and the second elsewhere."""

    def format_field(self, value: Any, format_spec: str) -> str:
        one, bar, many = format_spec.partition("|")
        if bar:
            return one if str(value) == "1" else many
        return str(super().format_field(value, format_spec))


_COUNTING = _Counting()


def say(key: str, **values: object) -> str:
    """Return the string at a dotted key, its `{names}` filled in, and `{count:token|tokens}` as it counts.

    Raises:
        KeyError: no such string, or a name without a value.
    """
    found: Any = catalogue()
    for part in key.split("."):
        found = found[part]
    if not values:
        return str(found)
    # The tokens of a long text are named one by one: strings that count nothing are filled the fast way.
    return _COUNTING.vformat(found, (), values) if "|" in found else str(found).format(**values)
