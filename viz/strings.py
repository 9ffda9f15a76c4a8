"""Every string a person reads on the page, from `assets/locales/en.json`."""

import json
from functools import cache
from pathlib import Path
from typing import Any

LOCALES = Path(__file__).parent.parent / "assets" / "locales"


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
