"""A model's folder: is it a causal language model, and are its weights whole? Reads headers, not weights."""

import json
from pathlib import Path
from typing import Any

from model.weights.catalog import ModelError

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
CAUSAL_BY_NAME = ("ForCausalLM", "LMHeadModel")
"""How architectures that write call themselves, known or not; what counts is Transformers' list."""
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


def require_causal(folder: Path, name: str) -> dict[str, Any]:
    """Return the config of a folder that says it holds a causal language model.

    Raises:
        ModelError: config.json is missing or damaged, or describes another kind of model.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        classes = [str(one) for one in config.get("architectures") or []]
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ModelError(f"{name} has no readable config.json. Download or save it again.") from error
    kind = (
        classes[0]
        if classes
        else f"model type {config.get('model_type', 'unknown')!r}, no architecture named"
    )
    trouble = _no_decoder(config, kind)
    if trouble:
        raise ModelError(f"{name} {trouble} Choose a decoder such as gpt2, Llama, Qwen or Pythia.")
    return dict(config)


def _no_decoder(config: dict[str, Any], kind: str) -> str | None:
    """Say why a configuration describes no causal language model; None if it does.

    Transformers' own lists of classes are asked: flags are written by some decoders and not by others.
    """
    # Imported here: it takes the seconds of torch, which whoever loads a model needs anyway.
    from transformers import __version__  # noqa: PLC0415
    from transformers.models.auto import modeling_auto as lists  # noqa: PLC0415

    model_type = str(config.get("model_type"))
    causal = lists.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    # Of a model that reads images beside text, Transformers loads what reads and writes the text.
    beside_images = model_type in causal and kind == lists.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES.get(
        model_type
    )
    if kind not in causal.values() and not beside_images:
        if kind.endswith(CAUSAL_BY_NAME):
            return (
                f"is of a kind that Transformers {__version__} does not know ({kind}): it needs another "
                "version, or code of its own, which is not run."
            )
        return f"is not a causal language model ({kind}): it cannot write a text token by token."
    masked = model_type in lists.MODEL_FOR_MASKED_LM_MAPPING_NAMES
    if masked and not (config.get("is_decoder") or config.get("causal")):
        return (
            f"is not a causal language model as it is saved ({kind} without is_decoder): its tokens see "
            "those behind them, so it cannot write a text token by token."
        )
    return None


def weights_files(folder: Path, name: str) -> list[Path]:
    """Return the safetensors files a load will read, each checked to be whole, sorted by name.

    Raises:
        ModelError: no safetensors, a shard is missing, or a file is truncated or damaged.
    """
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415 - keeps this module free to import

    files = _listed(folder, name)
    for file in files:
        try:
            with safe_open(file, framework="numpy") as weights:
                weights.keys()
        except (SafetensorError, OSError) as error:
            raise ModelError(
                f"{file.name} of {name} is missing, truncated or damaged ({error}). "
                "Delete it and download or copy it again."
            ) from error
    return files


def _listed(folder: Path, name: str) -> list[Path]:
    """Return the weights files by the index, or the single one."""
    if (folder / SINGLE).exists():
        return [folder / SINGLE]
    try:
        shards = set(json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"].values())
        return sorted(folder / Path(str(shard)).name for shard in shards)
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise ModelError(f"{INDEX} of {name} is damaged. Download or copy it again.") from error
    if any(next(folder.glob(pattern), None) for pattern in PICKLES):
        raise ModelError(
            f"{name} has only pickled weights, which can run code when loaded, so they are not. "
            "Load it once in Python and write it with save_pretrained, which makes safetensors."
        )
    raise ModelError(f"{name} has no {SINGLE}. Download or copy the weights into its folder.")
