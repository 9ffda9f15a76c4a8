"""The command line: every option, its environment variable, its range and its help."""

import argparse
import ipaddress
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from model.weights.catalog import CATALOG, DEFAULT
from viz.config_file import read_config
from viz.space import options_of_space

if TYPE_CHECKING:  # Torch takes seconds to import; --help does not need it.
    from model.weights.precision import Precision

PREFIX = "GPT_INSIDE_OUT_"
PUBLIC = {
    "max_prompt_tokens": 256,
    "max_new_tokens": 128,
    "places": 24,
    "queue_size": 48,
    "internals_memory": 1024,
    "rollout_tokens": 1024,
    "training_steps": 2_000,
    "training_minutes": 20,
    "training_disk": 2048,
    "models_memory": 1024,
}
"""What `--public` sets where nothing else is said."""
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
    auth_file: str | None = None
    """Names and hashes of passwords; see `viz.server.passwords`."""
    public: bool = False
    """Whether strangers are to be expected: tighter limits, and so much a minute for each."""
    trusted_proxies: int = 0
    """Proxies of one's own in front of the app, whose `X-Forwarded-For` is believed."""
    mcp: bool = False
    """Whether the endpoints are also tools for language models."""
    frame_ancestors: str | None = None
    """Sites that may show the page in a frame, as sources of a policy; None for its own and a Space's."""
    max_prompt_tokens: int = 512
    max_new_tokens: int = 256
    places: int = 32
    """Runs written at the same time."""
    queue_size: int = 64
    """Runs, and other requests, that may wait for their turn."""
    internals_memory: int = 2048
    """MiB for recorded internals, over all visitors."""
    metrics: tuple[str, int] | None = None
    """Host and port at which Prometheus may ask for numbers."""
    log_format: str = "plain"
    log_texts: bool = False
    """Whether prompts and what was written stand in the log."""
    drain_seconds: int = 10
    """For texts that are being written when the app is told to end."""
    config: str | None = None
    """The file that other options were read from."""
    models: str = "none"
    """Names of the catalog that visitors may choose beside `model`, with commas; all or none."""
    models_memory: int = 0
    """MiB for all models but that; 0 for a third of what is free when the app starts."""
    rollout_tokens: int = 4096
    """Most tokens of all rollouts of one press or call together."""
    training: str = "auto"
    """Whether visitors may train models here: on, off, or auto, which is off for strangers."""
    training_steps: int = 20_000
    """Of one training."""
    training_minutes: int = 1_440
    """Of one training; it pauses then."""
    training_disk: int = 8_192
    """MiB for all trainings; beyond it the oldest go first."""

    @property
    def trains(self) -> bool:
        """Whether visitors may train models here."""
        return self.training == "on" or (self.training == "auto" and not self.public)

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
    """Return the options: an argument wins over its environment variable, that over the file of `--config`.

    Where none of them says anything the default holds, or in a Space what is sensible there.

    Raises:
        SystemExit: a value is out of its range (status 2, message on stderr), or `--help` (status 0).
    """
    parser = _parser()
    given = vars(parser.parse_args(arguments))
    config = given["config"] or environment.get(PREFIX + "CONFIG", "").strip()
    try:
        written = read_config(config, set(_OPTIONS) - {"config"}) if config else {}
    except ValueError as error:
        parser.error(str(error))
    space = options_of_space(environment)
    values: dict[str, Any] = {}
    for name, (check, _) in _OPTIONS.items():
        variable = PREFIX + name.upper()
        if given[name] is not None:
            source, text = "--" + name.replace("_", "-"), given[name]
        elif environment.get(variable, "").strip():
            source, text = variable, environment[variable].strip()
        elif name in written:
            source, text = f"{config}: {name.replace('_', '-')}", written[name]
        elif name in space:
            source, text = f"the {name} of this Space", space[name]
        else:
            continue
        try:
            values[name] = check(text)
        except ValueError as error:
            # A password stays off the console and out of logs, also when it is malformed.
            parser.error(f"{source} must be {error}" + ("" if name == "auth" else f", not {text!r}"))
    if {"auth", "auth_file"} <= set(values):
        parser.error("--auth and --auth-file exclude each other: put that user into the file as well")
    return Options(**(PUBLIC | values if values.get("public") else values))


def _parser() -> argparse.ArgumentParser:
    names = ", ".join(entry.name for entry in CATALOG)
    parser = argparse.ArgumentParser(
        prog="app.py",
        description="GPT Inside Out: a real GPT writes in the browser, and every token can be asked why.",
        epilog=f"Each option is also an environment variable, e.g. {PREFIX}PORT=7861, and a line of the file "
        f"that --config names, e.g. port = 7861. Models: {names}.",
        allow_abbrev=False,
    )
    for name, (_, text) in _OPTIONS.items():
        default = getattr(Options, name)
        shown = f"{text} (default: {default})" if default not in (None, False) else text
        option = "--" + name.replace("_", "-")
        if isinstance(default, bool):
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


def _models(text: str) -> str:
    wanted = {one.strip().lower() for one in text.split(",")}
    if wanted not in ({"all"}, {"none"}) and not wanted <= {entry.name for entry in CATALOG}:
        raise ValueError("all, none, or names of the catalog with commas")
    return ",".join(sorted(wanted))


def _listening(text: str) -> tuple[str, int]:
    """Return host and port; a port alone is one of this machine, which no other can reach."""
    host, _, port = text.rpartition(":")
    if not re.fullmatch(r"\d{1,5}", port) or not 1 <= int(port) <= 65535:
        raise ValueError("an address such as 127.0.0.1:9100")
    return host.strip("[]") or "127.0.0.1", int(port)


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
    "auth_file": (
        _one_of(r".*\S.*", "the name of a file"),
        "file of users and hashed passwords; python -m viz.server.passwords NAME makes its lines",
    ),
    "public": (
        _yes_or_no,
        "for strangers: models of the catalog only, tighter limits, so much a minute for each visitor",
    ),
    "trusted_proxies": (_whole(0, 9), "own proxies in front of the app, whose X-Forwarded-For is believed"),
    "mcp": (_yes_or_no, "also offer the API as MCP tools (needs requirements-mcp.txt)"),
    "frame_ancestors": (
        _one_of(r"[\w.:/*'\[\]-]+( +[\w.:/*'\[\]-]+)*", "sources, such as https://moodle.example.org or *"),
        "sites that may show the page in a frame (default: its own and Hugging Face's); * for all",
    ),
    "max_prompt_tokens": (_whole(1, 100_000), "longest prompt"),
    "max_new_tokens": (_whole(1, 10_000), "longest continuation"),
    "places": (_whole(1, 256), "runs written at the same time"),
    "queue_size": (_whole(1, 1_000), "runs that may wait for a place"),
    "internals_memory": (_whole(16, 1_048_576), "MiB for recorded internals, over all visitors"),
    "metrics": (_listening, "address for Prometheus, such as 127.0.0.1:9100, apart from the page's"),
    "log_format": (_one_of("plain|json", "plain or json"), "the log as sentences, or as JSON, one line each"),
    "log_texts": (_yes_or_no, "let prompts and what was written stand in the log"),
    "drain_seconds": (_whole(0, 3600), "seconds for texts under way when the app is told to end (SIGTERM)"),
    "config": (_one_of(r".*\S.*", "the name of a file"), "TOML file with options"),
    "rollout_tokens": (_whole(1, 1_000_000), "most tokens of all rollouts of one press together"),
    "training": (_one_of("on|off|auto", "on, off or auto"), "let visitors train models; auto: not in public"),
    "training_steps": (_whole(1, 20_000), "most steps of one training"),
    "training_minutes": (_whole(1, 100_000), "minutes after which a training pauses"),
    "training_disk": (_whole(64, 10_000_000), "MiB for all trainings; the oldest that ended go first"),
    "models": (
        _models,
        "models of the catalog that visitors may choose beside --model: all, none, or names with commas",
    ),
    "models_memory": (
        _whole(0, 1_048_576),
        "MiB for all models but --model; the one used longest ago makes room 0: a third of what is free",
    ),
}
