"""The models on offer and where each one's weights come from. Imports nothing heavy."""

import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Origin = Literal["embedded", "hub", "folder"]


class ModelError(Exception):
    """A model cannot be had; the message says why and what to do next."""


@dataclass(frozen=True)
class CatalogEntry:
    """One model that can be asked for by a short name."""

    name: str
    """What `--model` takes."""
    title: str
    """What the page calls it."""
    parameters: int
    """Number of weights, approximately."""
    description: str
    hub_id: str | None = None
    """Where the Hugging Face hub keeps it; None for the embedded model."""


@dataclass(frozen=True)
class ModelSource:
    """Where the weights of one model are, before anything is fetched."""

    title: str
    origin: Origin
    location: str
    """Catalog name of an embedded model, hub id, or path of a folder."""


DEFAULT = "smollm2-135m-instruct"

CATALOG: tuple[CatalogEntry, ...] = (
    CatalogEntry(
        DEFAULT,
        "SmolLM2-135M-Instruct",
        134_515_008,
        "The default: small, fluent, and fetched from the Python package index. Weights rounded to 4 bits.",
    ),
    CatalogEntry("gpt2", "GPT-2", 124_439_808, "The classic, 2019.", "openai-community/gpt2"),
    CatalogEntry(
        "distilgpt2",
        "DistilGPT-2",
        81_912_576,
        "GPT-2 distilled to half the layers.",
        "distilbert/distilgpt2",
    ),
    CatalogEntry(
        "gpt2-medium", "GPT-2 Medium", 354_823_168, "24 layers of 16 heads.", "openai-community/gpt2-medium"
    ),
    CatalogEntry(
        "gpt2-large", "GPT-2 Large", 774_030_080, "36 layers of 20 heads.", "openai-community/gpt2-large"
    ),
    CatalogEntry("gpt2-xl", "GPT-2 XL", 1_557_611_200, "48 layers of 25 heads.", "openai-community/gpt2-xl"),
    CatalogEntry(
        "smollm2-360m",
        "SmolLM2-360M",
        361_821_120,
        "The default's bigger sister, not tuned on chats, full precision.",
        "HuggingFaceTB/SmolLM2-360M",
    ),
    CatalogEntry(
        "qwen2.5-0.5b", "Qwen2.5-0.5B", 494_032_768, "Many languages and code.", "Qwen/Qwen2.5-0.5B"
    ),
    CatalogEntry(
        "qwen3-0.6b-base", "Qwen3-0.6B-Base", 596_049_920, "119 languages, 2025.", "Qwen/Qwen3-0.6B-Base"
    ),
    CatalogEntry(
        "pythia-160m",
        "Pythia-160M",
        162_322_944,
        "Made for interpretability research: its training is public step by step.",
        "EleutherAI/pythia-160m",
    ),
    CatalogEntry(
        "tinyllama",
        "TinyLlama-1.1B",
        1_100_048_384,
        "The Llama 2 architecture, small.",
        "TinyLlama/TinyLlama-1.1B-Chat-v1.0",
    ),
)

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


def resolve(spec: str) -> ModelSource:
    """Decide what `--model` means: a catalog name, else an existing folder, else a hub id.

    Raises:
        ModelError: it is none of these; lists near matches and the catalog.
    """
    wanted = spec.strip()
    for entry in CATALOG:
        location = entry.hub_id or entry.name
        if wanted.lower() in (entry.name, entry.title.lower(), location.lower()):
            return ModelSource(entry.title, "hub" if entry.hub_id else "embedded", location)
    folder = _folder(wanted)
    if folder:
        return ModelSource(folder.name, "folder", str(folder))
    if _HUB_ID.fullmatch(wanted):
        return ModelSource(wanted.split("/")[1], "hub", wanted)
    raise ModelError(_unknown(wanted))


def require_catalog(spec: str) -> None:
    """Refuse a model that is not of the catalog.

    Raises:
        ModelError: it is a hub id or a folder, or nothing at all; lists the catalog.
    """
    source = resolve(spec)
    if not any(source.location in (entry.hub_id, entry.name) for entry in CATALOG):
        raise ModelError(
            f"With --public the model must be one of the catalog, not {spec.strip()!r}: "
            f"{', '.join(entry.name for entry in CATALOG)}. Leave --public out to serve any other."
        )


def _folder(wanted: str) -> Path | None:
    """Return the model's folder, or None if `wanted` is no path at all.

    Raises:
        ModelError: it is a path, but not of a folder with a model.
    """
    try:
        folder = Path(wanted).expanduser().resolve()
        is_folder, is_file, is_model = folder.is_dir(), folder.is_file(), (folder / "config.json").is_file()
    except (OSError, ValueError, RuntimeError):
        return None  # too long, a null byte, an unknown ~user: nothing that could be a folder
    if wanted and is_model:
        return folder
    if is_file:
        raise ModelError(
            f"{wanted} is a file. --model takes the folder that holds config.json and the weights."
        )
    if (wanted and is_folder) or wanted.startswith((".", "/", "~")) or Path(wanted).is_absolute():
        what = "has no config.json" if is_folder else "does not exist"
        raise ModelError(
            f"The folder {wanted} {what}. --model takes a folder written by save_pretrained, "
            "with config.json, the weights as safetensors and the tokenizer's files."
        )
    return None


def _unknown(wanted: str) -> str:
    """Say that nothing has this name, and what is near it."""
    near = difflib.get_close_matches(wanted.lower(), [entry.name for entry in CATALOG], n=3, cutoff=0.5)
    guess = f" Did you mean {' or '.join(near)}?" if near else ""
    return (
        f"There is no model called {wanted!r}.{guess} --model takes a name of the catalog "
        f"({', '.join(entry.name for entry in CATALOG)}), a hub id such as Qwen/Qwen2.5-0.5B, or a folder."
    )
