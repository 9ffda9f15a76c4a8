"""The tables of docs/models.md, made from what becomes of a tiny random model of every causal class.

Run as `.venv/bin/python -m tests.numerics.architecture_table`, it writes them into the page.
"""

import sys
from collections import Counter
from functools import cache
from pathlib import Path

import transformers
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from tests.numerics.boundaries import BOUNDARIES
from tests.numerics.every_architecture import NAMES, architecture
from tests.numerics.judgement import Verdict, judged, verdict

PAGE = Path(__file__).parents[2] / "docs" / "models.md"
FROM, TO = "<!-- tables: made by tests.numerics.architecture_table -->\n", "<!-- end of tables -->\n"


@cache
def beyond(what: str) -> Verdict:
    """Judge one of `BOUNDARIES`."""
    name, fields = BOUNDARIES[what]
    return judged(architecture(name, **fields), architecture(name, **fields))


def tables() -> str:
    """Return what stands between the marks of the page."""
    count = Counter(verdict(name).kind for name in NAMES)
    counts = ", ".join(f"{number} {kind}" for kind, number in sorted(count.items()))
    lines = [f"Transformers {transformers.__version__} has {len(NAMES)} causal classes: {counts}.", ""]
    lines += ["| class | `model_type` | here | why |", "|---|---|---|---|"]
    lines += [_row(f"{name} | {_types(name)}", verdict(name)) for name in NAMES]
    lines += ["", "Where the configuration changes what happens behind the first tokens:", ""]
    lines += ["| model | here | why |", "|---|---|---|"]
    lines += [_row(what, beyond(what)) for what in BOUNDARIES]
    return "\n".join([*lines, ""])


def written() -> str:
    """Return what stands there now."""
    return PAGE.read_text(encoding="utf-8").partition(FROM)[2].partition(TO)[0]


def main() -> int:
    """Write the tables; say which models are shown wrong."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(FROM)
    PAGE.write_text(before + FROM + tables() + TO + rest.partition(TO)[2], encoding="utf-8")
    found = {name: verdict(name) for name in NAMES} | {what: beyond(what) for what in BOUNDARIES}
    wrong = [f"{what}: {one.why}" for what, one in found.items() if one.kind == "wrong"]
    print("\n".join(wrong) or f"{PAGE.name} is up to date, and nothing is shown wrong.")
    return len(wrong)


def _types(name: str) -> str:
    types = [kind for kind, one in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.items() if one == name]
    return ", ".join(f"`{kind}`" for kind in types)


def _row(first: str, found: Verdict) -> str:
    return f"| {first} | {found.kind} | {found.why.replace('|', '/')} |".replace("|  |", "| |")


if __name__ == "__main__":
    sys.exit(main())
