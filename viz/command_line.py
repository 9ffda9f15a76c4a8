"""The command line: every option, its environment variable, its range and its help."""

import argparse
import ipaddress
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from model.weights.catalog import CATALOG, DEFAULT

if TYPE_CHECKING:  # Torch takes seconds to import; --help does not need it.
    from model.weights.precision import Precision

PREFIX = "GPT_INSIDE_OUT_"
YES, NO = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


@dataclass(frozen=True)
class Options:
    """What the person who starts the app decides."""

    model: str = DEFAULT
    device: str = "auto"
    precision: "Precision" = "auto"
    host: str = "127.0.0.1"
    port: int = 7860
    share: bool = False
    root_path: str | None = None
    auth: tuple[str, str] | None = None
    frame_ancestors: str = ""
    """Pages that may show the app in a frame, as sources of a policy; empty for those of a Space."""
    max_prompt_tokens: int = 512
    max_new_tokens: int = 256
    places: int = 32
    """Runs written at the same time."""
    queue_size: int = 64
    """Runs, and other requests, that may wait for their turn."""
    internals_memory: int = 2048
    """MiB for recorded internals, over all visitors."""

    @property
    def is_public(self) -> bool:
        """Whether other machines can reach the app."""
        try:
            local = ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            local = self.host == "localhost"
        return self.share or not local


def read_options(
    arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ
) -> Options:
    """Return the options: an argument wins over its environment variable, which wins over the default.

    Raises:
        SystemExit: a value is out of its range (status 2, message on stderr), or `--help` (status 0).
    """
    parser = _parser()
    given = vars(parser.parse_args(arguments))
    values: dict[str, Any] = {}
    for name, (check, _) in _OPTIONS.items():
        variable = PREFIX + name.upper()
        if given[name] is not None:
            source, text = "--" + name.replace("_", "-"), given[name]
        elif environment.get(variable, "").strip():
            source, text = variable, environment[variable].strip()
        else:
            continue
        try:
            values[name] = check(text)
        except ValueError as error:
            # A password stays off the console and out of logs, also when it is malformed.
            parser.error(f"{source} must be {error}" + ("" if name == "auth" else f", not {text!r}"))
    return Options(**values)


def _parser() -> argparse.ArgumentParser:
    names = ", ".join(entry.name for entry in CATALOG)
    parser = argparse.ArgumentParser(
        prog="app.py",
        description="GPT Inside Out: a real GPT writes in the browser, and every token can be asked why.",
        epilog=f"Each option is also an environment variable, e.g. {PREFIX}PORT=7861. Models: {names}.",
        allow_abbrev=False,
    )
    for name, (_, text) in _OPTIONS.items():
        default = getattr(Options, name)
        shown = f"{text} (default: {default})" if default not in (None, False) else text
        option = "--" + name.replace("_", "-")
        if name == "share":
            parser.add_argument(option, action="store_const", const="yes", help=shown)
        else:
            parser.add_argument(option, metavar=name.rpartition("_")[2].upper(), help=shown)
    return parser


def _whole(low: int, high: int) -> Callable[[str], int]:
    def check(text: str) -> int:
        if not re.fullmatch(r"\d{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return check


def _one_of(pattern: str, wording: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(wording)
        return text

    return check


def _yes_or_no(text: str) -> bool:
    if text.lower() not in YES + NO:
        raise ValueError("yes or no")
    return text.lower() in YES


def _credentials(text: str) -> tuple[str, str]:
    user, colon, password = text.partition(":")
    if not (user and colon and password):
        raise ValueError("user:password")
    return user, password


_OPTIONS: dict[str, tuple[Callable[[str], object], str]] = {
    "model": (_one_of(r".*\S.*", "the name of a model"), "catalog name, hub id or folder"),
    "device": (
        _one_of(r"auto|cpu|mps|cuda(:\d+)?", "auto, cpu, cuda, cuda:N or mps"),
        "where the model runs",
    ),
    "precision": (
        _one_of("exact|fast|auto", "exact, fast or auto"),
        "exact: float32; fast: the number format that is fastest here; auto: both, to choose on the page",
    ),
    "host": (
        _one_of(r"[\w.:\[\]-]+", "a host name or address"),
        "address to serve; 0.0.0.0 for the local network",
    ),
    "port": (_whole(1, 65535), "port to serve"),
    "share": (_yes_or_no, "also make a public link through Gradio's tunnel"),
    "root_path": (
        _one_of(r"/\S*|https?://\S+", "a path such as /gpt or a full URL"),
        "path of the app behind a reverse proxy",
    ),
    "auth": (_credentials, "user:password that visitors must give; safer as environment variable"),
    "frame_ancestors": (
        _one_of(r"[\w.:/*'\[\]-]+( +[\w.:/*'\[\]-]+)*", "sources, such as https://moodle.example.org or *"),
        "sites that may show the page in a frame (default: its own and Hugging Face's); * for all",
    ),
    "max_prompt_tokens": (_whole(1, 100_000), "longest prompt"),
    "max_new_tokens": (_whole(1, 10_000), "longest continuation"),
    "places": (_whole(1, 256), "runs written at the same time"),
    "queue_size": (_whole(1, 1_000), "runs that may wait for a place"),
    "internals_memory": (_whole(16, 1_048_576), "MiB for recorded internals, over all visitors"),
}
