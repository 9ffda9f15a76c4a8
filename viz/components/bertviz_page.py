"""What BertViz's pages have in common here: tokens that cannot leave a script, and numbers that are short."""

import json
import re
from collections.abc import Sequence
from typing import Any

from viz.words.tokens import display_token, in_own_direction

DECIMALS = 3
LONGEST_TOKEN = 12
PARAMETERS = "const params = "


def shown_tokens(tokens: Sequence[str]) -> list[str]:
    """Return tokens as BertViz's pages name them."""
    return [in_own_direction(display_token(token, LONGEST_TOKEN)) for token in tokens]


def rounded(numbers: Any, decimals: int = DECIMALS) -> Any:
    """Return nested lists of numbers with few decimals; a zero takes one character."""
    if isinstance(numbers, list):
        return [rounded(part, decimals) for part in numbers]
    return round(numbers, decimals) or 0


def script_json(data: Any) -> str:
    """Return JSON without spaces that is safe inside a script."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def offline(page: str) -> str:
    """Return a page that BertViz made without the scripts of other hosts, its parameters written anew."""
    start = page.index(PARAMETERS) + len(PARAMETERS)
    parameters, end = json.JSONDecoder().raw_decode(page, start)
    for view in parameters["attention"]:
        view["attn"] = rounded(view["attn"])
    rest = page.index("\n", end)  # a comment that repeats the parameters
    page = page[:start] + script_json(parameters) + ";" + page[rest:]
    return re.sub(r'<script src="https?://[^"]+"></script>', "", page)
