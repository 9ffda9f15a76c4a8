"""Every string a person reads on the page, from `assets/locales/en.json`."""

import json
from functools import cache
from typing import Any

from viz.words.assets import ASSETS

LOCALES = ASSETS / "locales"


@cache
def catalogue(language: str = "en") -> dict[str, Any]:
    """Return the nested strings of a language."""
    strings: dict[str, Any] = json.loads((LOCALES / f"{language}.json").read_text(encoding="utf-8"))
    return strings


def say(key: str, **values: object) -> str:
    """Return the string at a dotted key, its `{names}` filled in.

    Raises:
        KeyError: no such string, or a name without a value.
    """
    found: Any = catalogue()
    for part in key.split("."):
        found = found[part]
    return str(found).format(**values) if values else str(found)
