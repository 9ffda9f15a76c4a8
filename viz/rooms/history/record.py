"""A text as a browser keeps it: all that its file holds, in few bytes, and few new ones as it grows."""

import json
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, TypedDict

import numpy as np

from model.texts.branch_tree import BranchTree
from model.texts.run import OPTIONAL, Run, Step

ID_BYTES = 8
REMEMBERED = 16_384
"""Steps whose line need not be made again."""
FIELDS = (
    *("position", "token_id", "token", "text", "u", "logprob", "probability"),
    *("rank", "entropy_bits", "kept", "forced"),
)
"""Of a step, in the order of its line; what most steps leave out follows as an object."""


class TextOfPage(TypedDict):
    """One text of the page; what it says is kept under its id since it was shown."""

    id: str
    key: int
    name: str
    parent: int | None
    at: int


class RecordValue(TypedDict):
    """The value of a `HistoryList`."""

    model: str
    """The one that is here, as in `Run.model`."""
    run: dict[str, Any] | None
    """The text on the page without its steps; None for the example, which everybody has."""
    steps: list[str]
    """Of it, each a list of `FIELDS` as JSON: as strings, for Gradio then sends only the new ones."""
    id: str
    key: int
    page: list[TextOfPage]
    """All texts of the page."""


def record_value(run: Run, tree: BranchTree) -> RecordValue:
    """Return the text on a page, and which others are there.

    Args:
        run: the text; it may be ahead of the tree while it is being written.
        tree: all texts of the page.
    """
    own = run_id(run)
    page: list[TextOfPage] = [
        {
            "id": own if one.key == tree.current else run_id(one.run),
            "key": one.key,
            "name": one.name,
            "parent": one.parent,
            "at": one.at,
        }
        for one in tree.branches
    ]
    head = run.to_json_head()
    return {
        "model": run.model,
        "run": head,
        "steps": [_line(step) for step in run.steps],
        "id": own,
        "key": tree.current,
        "page": page,
    }


def run_id(run: Run) -> str:
    """Return what tells a text from others: equal ones have the same, whoever wrote them."""
    digest = blake2b(np.asarray(run.token_ids, dtype=np.int64).tobytes(), digest_size=ID_BYTES)
    facts = (run.model, run.precision, run.seed, run.finish_reason, len(run.prompt_token_ids), run.settings)
    digest.update(repr(facts).encode(errors="replace"))
    return digest.hexdigest()


@lru_cache(maxsize=REMEMBERED)
def _line(step: Step) -> str:
    values: Sequence[Any] = [getattr(step, name) for name in FIELDS]
    more: dict[str, Any] = {name: getattr(step, name) for name in OPTIONAL if getattr(step, name) is not None}
    if step.settings is not None:
        more["settings"] = step.settings.to_json()
    return json.dumps([*values, more] if more else values, ensure_ascii=False, separators=(",", ":"))
