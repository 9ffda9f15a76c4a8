"""The settings of a training as a file of JSON: read strictly, checked, written whole."""

import json
import math
import reprlib
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from model.training.settings import SettingsError, TrainingSettings
from model.weights.cache import write_json

SCHEMA = 1
"""Of the file. A file of a newer version of this program has a larger one, and is refused."""
MOST_BYTES = 100_000
"""Of a settings file."""

Value = TypeVar("Value")


def read_settings(source: str | Path) -> TrainingSettings:
    """Return the settings that a file, or a text of JSON, holds; what it leaves out is as by default.

    Whether a training can be like that is another question: see `limits.check`.

    Raises:
        SettingsError: it is no JSON, of a newer version, or has a key or value that is none of ours.
    """
    return from_json(_parsed(_text(source) if isinstance(source, Path) else source))


def write_settings(path: Path, settings: TrainingSettings) -> None:
    """Write the settings so that a reader sees the old file or the new one, never half of it."""
    write_json(path, to_json(settings))


def to_json(settings: TrainingSettings) -> dict[str, Any]:
    """Return the settings as JSON has them."""
    return {"schema": SCHEMA, **asdict(settings)}


def from_json(value: object) -> TrainingSettings:
    """Return the settings that parsed JSON describes.

    Raises:
        SettingsError: as `read_settings` does.
    """
    if not isinstance(value, dict):
        raise SettingsError("Settings are an object of JSON: {...}.")
    given = dict(value)
    schema = given.pop("schema", SCHEMA)
    if isinstance(schema, bool) or not isinstance(schema, int) or schema < 1:
        raise SettingsError(f"schema must be a whole number from 1, not {reprlib.repr(schema)}.")
    if schema > SCHEMA:
        raise SettingsError(
            "These settings were written by a newer version of this program. Update it, or write them anew."
        )
    return _filled(TrainingSettings, given, "")


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SettingsError(
                f"The settings file is larger than {MOST_BYTES // 1000} kB: it is another file."
            )
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError("The settings file is no text in UTF-8.") from error
    except OSError as error:
        raise SettingsError(f"The settings cannot be read: {error.strerror or error}.") from error


def _parsed(text: str) -> object:
    def refuse(name: str) -> float:
        raise SettingsError(f"{name} is no number that a training can be set to.")

    try:
        parsed: object = json.loads(text[: MOST_BYTES + 1], parse_constant=refuse)
        return parsed
    except RecursionError as error:
        raise SettingsError("The settings are nested too deeply.") from error
    except SettingsError:
        raise
    except ValueError as error:  # no JSON, or a number of thousands of digits
        raise SettingsError(f"The settings are no JSON: {str(error)[:200]}.") from error


def _filled(kind: type[Value], given: object, name: str) -> Value:
    """Return a frozen dataclass of settings with the values given for it."""
    if not isinstance(given, dict):
        raise SettingsError(f"{name} must be an object of JSON, not {reprlib.repr(given)}.")
    hints = get_type_hints(kind)
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type] # settings are dataclasses
    for key in given:
        if key not in known:
            where = f" in {name}" if name else ""
            raise SettingsError(f"There is no setting {key!r:.80}{where}. There are: {', '.join(known)}.")
    prefix = f"{name}." if name else ""
    return kind(**{key: _value(hints[key], one, prefix + key) for key, one in given.items()})


def _value(hint: Any, given: object, name: str) -> Any:
    """Return a value, if it is of the type that its field has."""
    if is_dataclass(hint):
        return _filled(hint, given, name)  # type: ignore[arg-type] # a class, not an instance
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        if not isinstance(given, str) or given not in choices:
            raise SettingsError(f"{name} must be one of {', '.join(choices)}, not {reprlib.repr(given)}.")
        return given
    if get_origin(hint) is tuple:
        if not isinstance(given, list | tuple):
            raise SettingsError(f"{name} must be a list, not {reprlib.repr(given)}.")
        return tuple(_value(str, one, name) for one in given)
    return _PLAIN[hint](given, name)


def _whole(given: object, name: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int):
        raise SettingsError(f"{name} must be a whole number, not {reprlib.repr(given)}.")
    return given


def _number(given: object, name: str) -> float:
    wrong = isinstance(given, bool) or not isinstance(given, int | float)
    if wrong or abs(given) > 1e300 or not math.isfinite(given):  # type: ignore[arg-type] # a number
        raise SettingsError(f"{name} must be a number, not {reprlib.repr(given)}.")
    return float(given)  # type: ignore[arg-type] # as above


def _truth(given: object, name: str) -> bool:
    if not isinstance(given, bool):
        raise SettingsError(f"{name} must be true or false, not {reprlib.repr(given)}.")
    return given


def _words(given: object, name: str) -> str:
    if not isinstance(given, str):
        raise SettingsError(f"{name} must be a text, not {reprlib.repr(given)}.")
    return given


_PLAIN = {int: _whole, float: _number, bool: _truth, str: _words}
