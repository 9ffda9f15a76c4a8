"""The options in a file: TOML, each under the name that it has on the command line."""

import difflib
import tomllib
from collections.abc import Collection
from pathlib import Path


def read_config(path: str, options: Collection[str]) -> dict[str, str]:
    """Return the values of a file as they would stand on the command line, by the option's name.

    Args:
        path: of the file.
        options: names that are known, with underscores; a file may write them with hyphens as well.

    Raises:
        ValueError: it cannot be read, is no TOML, or says what is no option; a sentence that names the file.
    """
    try:
        with Path(path).expanduser().open("rb") as file:
            found = tomllib.load(file)
    except OSError as error:
        raise ValueError(f"The file of options {path} cannot be read: {error.strerror or error}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"The file of options {path} is no TOML: {error}.") from error
    values: dict[str, str] = {}
    for key, value in found.items():
        name = key.replace("-", "_")
        if name not in options:
            raise ValueError(_unknown(path, key, options))
        if name in values:
            raise ValueError(f"{path} says {key!r} twice, with a hyphen and with an underscore.")
        if not isinstance(value, str | int):
            raise ValueError(f"{path}: {key!r} must be a text, a whole number, true or false.")
        values[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return values


def _unknown(path: str, key: str, options: Collection[str]) -> str:
    """Say that there is no such option, and which was perhaps meant."""
    near = difflib.get_close_matches(key.replace("_", "-"), [name.replace("_", "-") for name in options], 1)
    hint = f" Did you mean {near[0]!r}?" if near else " app.py --help lists them."
    return f"{path} says {key!r}, which is no option.{hint}"
