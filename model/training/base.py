"""The model that a training begins with: one of the catalogue, or a checkpoint of another training."""

from pathlib import Path
from typing import Any

from model.training import checkpoints
from model.training.limits import CHECKPOINT
from model.training.settings import SettingsError
from model.weights.cache import Report, cache_folder
from model.weights.catalog import CATALOG, ModelError

ALONE = "alone"
"""Within the folder of a distillation: the same student without its teacher, as a training of its own."""


def trainings_folder() -> Path:
    """Return where all trainings are, each in a folder of its own."""
    return cache_folder() / "training"


def base_folder(base: str, report: Report) -> Path:
    """Return the folder of a base, fetched if need be.

    Args:
        base: a name of the catalogue, or `<training>/<step>`; never a path.
        report: told what is being done.

    Raises:
        SettingsError: there is no such model, or it cannot be had.
    """
    from model.weights.embedded import embedded_model  # noqa: PLC0415 - wanted by the job alone
    from model.weights.hub import hub_model  # noqa: PLC0415 - as above

    if CHECKPOINT.fullmatch(base):
        name, _, step = base.partition("/")
        folder = trainings_folder() / name
        if int(step) not in checkpoints.steps(folder):
            raise SettingsError(f"The checkpoint {base} is not there any more. Choose another.")
        return checkpoints.path_of(folder, int(step))
    entry = next((entry for entry in CATALOG if entry.name == base), None)
    if entry is None:
        names = ", ".join(entry.name for entry in CATALOG)
        raise SettingsError(f"There is no model {base!r} in the catalogue: {names}.")
    try:
        return hub_model(entry.hub_id, report) if entry.hub_id else embedded_model(report)[0]
    except ModelError as error:
        raise SettingsError(str(error)) from error


def base_tokenizer(folder: Path) -> Any:
    """Return the fast tokenizer of a model's folder.

    Raises:
        SettingsError: it has none that says where a text ends.
    """
    from transformers import AutoTokenizer  # noqa: PLC0415 - takes seconds

    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    if not tokenizer.is_fast or tokenizer.eos_token_id is None:
        raise SettingsError("The tokenizer of this model has no token that ends a text. Choose another.")
    return tokenizer


def base_model(folder: Path) -> Any:
    """Return the `PreTrainedModel` of a folder in float32, from safetensors alone."""
    import torch  # noqa: PLC0415 - takes seconds
    from transformers import AutoModelForCausalLM  # noqa: PLC0415 - as above

    return AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, use_safetensors=True, trust_remote_code=False, local_files_only=True
    )
