"""The fields in which a training is described, over several rooms, and the value that they make together."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from model.numbers import within
from model.training.architecture import SIZES
from model.training.presets import PRESETS
from model.training.settings import TokenizerSettings, TrainingSettings
from viz.words.strings import say

Read = Callable[[str, Any], Any]
MOST_PROMPTS = 6
LEAST_RATE, MOST_RATE = -5.0, -1.0
"""Powers of ten."""


def _whole(least: int, most: int) -> Read:
    return lambda name, value: int(within(name, value, least, most, whole=True))


def _number(least: float, most: float) -> Read:
    return lambda name, value: float(within(name, value, least, most))


def _power(least: float, most: float) -> Read:
    """Return what reads the power of ten on a slider."""
    return lambda name, value: float(f"{10 ** within(name, value, least, most):.4g}")


def _text(name: str, value: Any) -> str:
    return value if isinstance(value, str) else ""


def _truth(name: str, value: Any) -> bool:
    return value is True


def _lines(name: str, value: Any) -> tuple[str, ...]:
    """Return the lines of a field, without empty ones."""
    return tuple(line for line in _text(name, value).splitlines() if line.strip())[:MOST_PROMPTS]


FIELDS: Mapping[str, Read] = {
    "name": _text,
    "prompts": _lines,
    "data.source": _text,
    "data.topic": _text,
    "data.characters": _whole(1_000, 5_000_000),
    "data.validation": _number(0.01, 0.4),
    "data.test": _number(0.0, 0.4),
    "tokenizer.kind": _text,
    "tokenizer.vocabulary": _whole(260, 16_384),
    "architecture.family": _text,
    "architecture.layers": _whole(1, 12),
    "architecture.heads": _whole(1, 16),
    "architecture.width": _whole(16, 768),
    "architecture.context": _whole(16, 512),
    "optimisation.steps": _whole(1, 20_000),
    "optimisation.batch": _whole(1, 128),
    "optimisation.learning_rate": _power(LEAST_RATE, MOST_RATE),
    "optimisation.schedule": _text,
    "optimisation.warmup": _whole(0, 2_000),
    "optimisation.weight_decay": _number(0, 1),
    "optimisation.clipping": _number(0.01, 100),
    "optimisation.evaluate_every": _whole(5, 2_000),
    "optimisation.patience": _whole(0, 100),
    "optimisation.seed": _whole(0, 2**31 - 1),
    "optimisation.loss_on_repeats": _truth,
    "base": _text,
    "lora.rank": _whole(0, 64),
    "lora.alpha": _whole(1, 256),
    "distillation.temperature": _number(0.5, 10),
    "distillation.share": _number(0, 1),
    "distillation.alone": _truth,
}
"""How each is read, by its path in `TrainingSettings`. Whether they fit together is checked elsewhere."""


OF_SIZE = (
    *("architecture.family", "architecture.layers", "architecture.heads", "architecture.width"),
    *("architecture.context", "tokenizer.vocabulary", "optimisation.steps", "optimisation.batch"),
    *("optimisation.learning_rate", "optimisation.warmup", "optimisation.weight_decay"),
    "optimisation.evaluate_every",
)
"""Fields that a model of a size fills: itself, the tokens that go with it, and how it learns well."""


def settings_of(values: Mapping[str, Any], start: TrainingSettings | None = None) -> TrainingSettings:
    """Return the training that fields describe.

    Args:
        values: what stands in them, by their paths; what is not there is as it was.
        start: what it is otherwise.

    Raises:
        OutOfRange: a number lies outside of its range.
    """
    settings = start or TrainingSettings()
    parts: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        part, _, field = path.rpartition(".")
        parts.setdefault(part, {})[field] = FIELDS[path](_called(path), value)
    changes = parts.pop("", {})
    for part, fields in parts.items():
        changes[part] = replace(getattr(settings, part), **fields)
    return replace(settings, **changes)


def values_of(settings: TrainingSettings) -> dict[str, Any]:
    """Return what stands in the fields for a training, by their paths."""
    found: dict[str, Any] = {}
    for path in FIELDS:
        value: Any = settings
        for part in path.split("."):
            value = getattr(value, part)
        if path == "optimisation.learning_rate":
            value = round(math.log10(value), 2)
        found[path] = "\n".join(value) if path == "prompts" else value
    return found


def preset_values(name: str) -> dict[str, Any]:
    """Return what stands in the fields for a preset.

    Raises:
        KeyError: there is none of this name.
    """
    return values_of(PRESETS[name])


def size_values(name: str) -> dict[str, Any]:
    """Return what stands in the fields of `OF_SIZE` for a model of a size.

    Raises:
        KeyError: there is none of this name.
    """
    size = SIZES[name]
    tokens = TokenizerSettings(vocabulary=size.vocabulary)
    values = values_of(
        TrainingSettings(architecture=size.architecture, optimisation=size.optimisation, tokenizer=tokens)
    )
    return {path: values[path] for path in OF_SIZE}


def _called(path: str) -> str:
    return say(f"train.field.{path.replace('.', '_')}")
