"""From what `--model` says to a `LanguageModel`: fetched, checked, loaded, in the formats asked for."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers
from huggingface_hub.utils.tqdm import disable_progress_bars
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from model.kernels.formats import Format
from model.memory_errors import is_out_of_memory
from model.network.language_model import LanguageModel
from model.reference.anatomy import text_config
from model.reference.truth import Truth, UnrecordableModel, truth_of
from model.tokenizer.spelling import UnfollowableDecoder
from model.tokenizer.typed import Typist
from model.weights.cache import Report
from model.weights.catalog import DEFAULT, ModelError, resolve
from model.weights.checkpoint import require_causal, weights_files
from model.weights.embedded import embedded_model
from model.weights.fingerprint import fingerprint
from model.weights.hub import hub_model
from model.weights.precision import PROBE_TEXT, Precision, choose

TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json")
MOST_BEYOND = 0.01
"""Share of a tokenizer's own vocabulary that may lie beyond the rows of the embedding: of a few tokens the
model knows nothing, and a text with them is refused. More belong to another model."""


def load_model(
    spec: str = DEFAULT,
    *,
    device: str = "auto",
    precision: Precision = "exact",
    report: Report = print,
    title: str | None = None,
) -> LanguageModel:
    """Return the model that `spec` names (catalog name, folder or hub id), ready to write.

    Args:
        spec: see `catalog.resolve`.
        device: auto (cuda, else mps, else cpu), or one of them; cuda:1 for the second card.
        precision: exact (float32), fast (the format that is fastest here), or auto: both, fast the usual one.
        report: receives sentences on the progress.
        title: what it is called; by default what the catalog, the hub or the folder calls it.

    Raises:
        ModelError: the model cannot be had; the message says why and what to do next.
    """
    place = choose_device(device)
    source = resolve(spec)
    source = replace(source, title=title or source.title)
    _quiet()
    if source.origin == "embedded":
        folder, mark = embedded_model(report)
        report(f"Loading {source.title}.")
    else:
        folder = hub_model(source.location, report) if source.origin == "hub" else Path(source.location)
        require_causal(folder, source.title)
        report(f"Loading {source.title}.")
        mark = fingerprint(weights_files(folder, source.title))
    try:
        transformer = _transformer(folder, source.title).to(place)
        tokenizer = _tokenizer(folder, source.title, transformer)
        truth = truth_of(transformer)  # asked once, before anything is changed in the model
        formats, measured = _formats(transformer, tokenizer, truth, precision, mark, report)
        prepare = partial(
            LanguageModel,
            transformer,
            tokenizer,
            truth=truth,
            name=source.title,
            fingerprint=mark,
            parameters=transformer.num_parameters(),
            again=lambda: _transformer(folder, source.title).to(place),
        )
        model = _prepared(prepare, formats, measured, report)
    except UnrecordableModel as error:
        if error.__cause__ is not None:
            report(f"What went wrong in it: {error.__cause__!r}")
        raise ModelError(f"{source.title} cannot be shown: {error}") from error
    except UnfollowableDecoder as error:
        raise ModelError(f"The tokenizer of {source.title} cannot be shown: {error}.") from error
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise ModelError(
            f"{source.title} does not fit into the memory of {place}. "
            "Try --precision fast, --device cpu or a smaller --model."
        ) from error
    _tell_bounds(model, text_config(transformer).max_position_embeddings, report)
    report(f"{source.title} is ready on {place}, {' and '.join(model.info.formats)}.")
    return model


def _prepared(
    prepare: Callable[..., LanguageModel], formats: tuple[Format, ...], measured: str, report: Report
) -> LanguageModel:
    """Return the model in the formats, or in float32 where the first does not do what was measured of it."""
    try:
        model = prepare(formats=formats, measured=measured)
    except UnrecordableModel as error:
        if formats == ("float32",):
            raise
        report(f"Everything in float32, since {formats[0]} cannot be used: {error}")
        return prepare(formats=("float32",))
    dependent = model.info.batch_dependent
    if formats[0] in dependent and "float32" in formats and "float32" not in dependent:
        report(f"Everything in float32, since in {formats[0]} a text depends on those beside it here today.")
        return prepare(formats=("float32",))
    return model


def _tell_bounds(model: LanguageModel, longest: int, report: Report) -> None:
    """Say what holds for this model on this machine in narrower bounds than one would think."""
    if model.info.context_length < longest:
        report(
            f"Texts end at {model.info.context_length:,} tokens: in longer ones {model.info.name} turns all "
            "positions by other angles, and nothing of what was shown would hold any more."
        )
    for form in model.info.batch_dependent:
        report(f"In {form} a text may depend on the texts written beside it on this machine.")


def choose_device(wanted: str) -> torch.device:
    """Return the torch device that `--device` names.

    Raises:
        ModelError: unknown, or not on this machine.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return torch.device(next(kind for kind, is_here in available.items() if is_here))
    kind, _, index = wanted.partition(":")
    if not re.fullmatch(r"(cuda|mps|cpu)|cuda:\d+", wanted):
        raise ModelError(f"--device must be auto, cpu, cuda, cuda:0 (1, 2, ...) or mps, not {wanted!r}.")
    if not available[kind] or (index and int(index) >= torch.cuda.device_count()):
        here = ", ".join(kind for kind, is_here in available.items() if is_here)
        raise ModelError(f"The device {wanted} is not available here. Use --device auto, or one of: {here}.")
    return torch.device(wanted)


def _formats(
    transformer: Any, tokenizer: Any, truth: Truth, precision: Precision, mark: str, report: Report
) -> tuple[tuple[Format, ...], str]:
    """Return the number formats that the model is to run in, the usual one first, and why that one."""
    if precision == "exact":
        return ("float32",), ""
    rows = transformer.get_input_embeddings().num_embeddings
    probe = Typist(tokenizer, rows).typed(PROBE_TEXT).token_ids
    choice = choose(transformer, truth, fingerprint=mark, token_ids=probe, report=report)
    report(choice.sentence())
    if choice.fast is None:
        return ("float32",), choice.sentence()
    return ((choice.fast,) if precision == "fast" else (choice.fast, "float32")), choice.sentence()


def _transformer(folder: Path, name: str) -> Any:
    """Return the `PreTrainedModel` in the folder, in eval mode, with every weight read from its files."""
    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # reported below, with a better sentence
        )
    except Exception as error:  # configs and weights can be wrong in ways without number
        if is_out_of_memory(error):
            raise
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ModelError(
            f"{name} cannot be loaded: {reason} Its files are damaged, or it needs another version of "
            f"Transformers (this is {transformers.__version__}) or code of its own, which is not run."
        ) from error
    transformer, about = loaded
    wrong = sorted({*about["missing_keys"], *(key for key, *_ in about["mismatched_keys"])})
    if wrong:
        raise ModelError(
            f"The weights of {name} lack {len(wrong)} of the tensors its config.json asks for, or have them "
            f"in other sizes ({wrong[0]}): the files do not belong together. Download or copy them again."
        )
    return transformer.eval()


def _tokenizer(folder: Path, name: str, transformer: Any) -> Any:
    """Return the fast tokenizer in the folder, which must fit the model's vocabulary."""
    # Without its files Transformers makes an empty tokenizer rather than fail.
    if not any((folder / file).is_file() for file in TOKENIZER_FILES):
        raise ModelError(f"The tokenizer of {name} is missing. Its folder needs tokenizer.json.")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except Exception as error:  # as above
        raise ModelError(
            f"The tokenizer of {name} cannot be loaded. Its folder needs tokenizer.json."
        ) from error
    if not tokenizer.is_fast:
        raise ModelError(
            f"The tokenizer of {name} does not say which characters its tokens stand for: it is none of the "
            "tokenizers library. Its folder needs tokenizer.json."
        )
    _require_fit(tokenizer, name, transformer.get_input_embeddings().num_embeddings)
    return tokenizer


def _require_fit(tokenizer: Any, name: str, rows: int) -> None:
    """Refuse a tokenizer that belongs to another model.

    Tokens that were added may have no row: Gemma 3 has one such, and many a fine-tuned model has some.
    """
    added = tokenizer.added_tokens_decoder
    own = [token_id for token_id in tokenizer.get_vocab().values() if token_id not in added]
    beyond = sum(token_id >= rows for token_id in own)
    if not len(tokenizer) or beyond > MOST_BEYOND * len(own):
        raise ModelError(
            f"The tokenizer of {name} does not fit: {len(tokenizer):,} tokens for {rows:,} rows of the "
            "embedding. Its folder needs the tokenizer.json that belongs to the weights."
        )


def _quiet() -> None:
    """Keep bars and hints of the libraries off the console; `report` says what matters."""
    disable_progress_bars()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
