"""The inputs of a training, each made where its room wants it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import gradio as gr

from model.training.presets import WORDS
from model.training.settings import Family, Schedule, Source, Tokens
from viz.components.dial import Dial
from viz.pages import room_head
from viz.pages.layout import Laid
from viz.training.form import LEAST_RATE, MOST_RATE, values_of
from viz.words.strings import say

DIALS: Mapping[str, tuple[float, float, float]] = {
    "data.characters": (2_000, 5_000_000, 1_000),
    "data.validation": (0.01, 0.4, 0.01),
    "data.test": (0.01, 0.4, 0.01),
    "tokenizer.vocabulary": (260, 16_384, 4),
    "architecture.layers": (1, 12, 1),
    "architecture.heads": (1, 16, 1),
    "architecture.width": (16, 768, 16),
    "architecture.context": (16, 512, 16),
    "optimisation.steps": (10, 10_000, 10),
    "optimisation.batch": (1, 128, 1),
    "optimisation.learning_rate": (LEAST_RATE, MOST_RATE, 0.05),
    "optimisation.warmup": (0, 500, 5),
    "optimisation.weight_decay": (0, 0.5, 0.01),
    "optimisation.clipping": (0.1, 10, 0.1),
    "optimisation.evaluate_every": (5, 1_000, 5),
    "optimisation.patience": (0, 20, 1),
    "lora.rank": (0, 64, 1),
    "lora.alpha": (1, 128, 1),
    "distillation.temperature": (0.5, 10, 0.5),
    "distillation.share": (0, 1, 0.05),
}
"""From, to and step of what stands on a slider."""
CHOICES: Mapping[str, Sequence[str]] = {
    "data.source": get_args(Source),
    "tokenizer.kind": [one for one in get_args(Tokens) if one != "model"],
    "architecture.family": get_args(Family),
    "optimisation.schedule": get_args(Schedule),
}
"""What stands on chips. A new model does not take the tokenizer of another one on the page."""
MOST_PROMPT_LINES = 3


@dataclass(frozen=True, kw_only=True)
class FieldsLaid(Laid):
    """A room with fields of a training."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    """By their paths in `TrainingSettings`."""


def fields(room: str, paths: Sequence[str], start: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Create fields where they stand, and return them by their paths.

    Args:
        room: whose they are, for their ids.
        paths: of the fields, in their order.
        start: what stands in them at first, by their paths; as for the first preset by default.
    """
    values = {**values_of(WORDS), **(start or {})}
    return {path: _field(f"{room}-{path.rpartition('.')[2]}", path, values[path]) for path in paths}


def _field(elem_id: str, path: str, value: Any) -> Any:
    elem_id = elem_id.replace("_", "-")
    key = path.replace(".", "_")
    label = say(f"train.field.{key}")
    if path in CHOICES:
        names = {one: say(f"train.choice.{key}.{one}") for one in CHOICES[path]}
        return room_head.chips(label, names, elem_id, value)
    if path in DIALS:
        least, most, step = DIALS[path]
        return Dial(least, most, value, step=step, label=label, elem_id=elem_id, min_width=180)
    if path in ("optimisation.loss_on_repeats", "distillation.alone"):
        return gr.Checkbox(value, label=label, elem_id=elem_id)
    if path == "optimisation.seed":
        return gr.Number(value, label=label, precision=0, elem_id=elem_id, min_width=120)
    lines = MOST_PROMPT_LINES if path == "prompts" else 1
    return gr.Textbox(value, label=label, lines=lines, max_lines=lines, elem_id=elem_id, min_width=200)
