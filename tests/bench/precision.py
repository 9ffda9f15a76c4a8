"""Every number format that can run the default model here: its speed, and how far it is from float32.

The app measures this itself when it first loads a model, to choose the fast format, and keeps it in its
cache; here stands what it found.
"""

from typing import Any

from model.reference.truth import truth_of
from model.weights.embedded import embedded_model
from model.weights.precision import PROBE_TEXT, Choice, choose
from model.weights.timing import Timing
from tests.bench.plain import plain_model
from tests.bench.processes import own_process
from tests.bench.report import Row
from tests.bench.written import encode, quiet


def measure_precision() -> tuple[list[Row], dict[str, Any]]:
    """Return the speed of the linear layers, where nearly all the time goes, and the divergence."""
    with own_process() as somewhere:
        choice = somewhere(chosen)
    rows = []
    for one in choice.candidates:
        gains = (
            (choice.exact.one, one.timing.one, "one text"),
            (choice.exact.sixteen, one.timing.sixteen, "16"),
        )
        for exact, fast, what in gains:
            rows.append(Row("ratios", f"linear layers: {one.form} / float32, {what}", exact / fast, "x"))
    for form, timing, divergence in formats(choice):
        note = "the fast format here" if form == choice.fast else ""
        rows.append(Row("formats", f"linear layers alone, one text: {form}", 1 / timing.one, "tok/s", note))
        rows.append(Row("formats", f"linear layers alone, 16 texts: {form}", 16 / timing.sixteen, "tok/s"))
        if form != "float32":
            rows.append(Row("formats", f"KL(float32 || {form})", divergence, "nats", "mean over positions"))
    return rows, {"chosen": choice.fast, **choice.to_json()}


def formats(choice: Choice) -> list[tuple[str, Timing, float]]:
    """Return every format with its times and its divergence."""
    return [("float32", choice.exact, 0.0), *((c.form, c.timing, c.divergence) for c in choice.candidates)]


def chosen() -> Choice:
    """Return what the app knows of the formats."""
    plain = plain_model()
    _, mark = embedded_model(quiet)
    return choose(plain, truth_of(plain), fingerprint=mark, token_ids=encode(PROBE_TEXT), report=quiet)
