"""Models of the Hugging Face hub: their files, checked before a large download, in the hub's own cache."""

from pathlib import Path

from model.weights.cache import MIB, Report, require_space
from model.weights.catalog import ModelError
from model.weights.checkpoint import require_causal

FILES = ["*.json", "*.safetensors", "*.model", "*.jinja", "merges.txt", "vocab.txt"]
# Sub-folders hold other formats; consolidated files hold the same weights a second time.
NOT_THESE = ["*/*", "consolidated*"]


def hub_model(repository: str, report: Report) -> Path:
    """Return the folder with the newest files of a hub model, downloading what is missing.

    Without a connection, files downloaded earlier are used.

    Raises:
        ModelError: no such model, no connection, no space, not a causal LM, or only pickled weights.
    """
    # Imported here: it takes a quarter of a second, and the embedded model and folders do not need it.
    from huggingface_hub import snapshot_download  # noqa: PLC0415
    from huggingface_hub.constants import HF_HUB_CACHE  # noqa: PLC0415
    from huggingface_hub.errors import DryRunError  # noqa: PLC0415

    try:
        report(f"Looking up {repository} on the Hugging Face hub.")
        require_causal(Path(snapshot_download(repository, allow_patterns=["config.json"])), repository)
        try:
            listed = snapshot_download(
                repository, allow_patterns=FILES, ignore_patterns=NOT_THESE, dry_run=True
            )
        except DryRunError:
            listed = None  # offline: what was downloaded earlier must do
        if listed is not None:
            if not any(file.filename.endswith(".safetensors") for file in listed):
                raise ModelError(
                    f"{repository} offers no safetensors weights, and pickled ones can run code, so they are "
                    "not loaded. Write it with save_pretrained (safetensors) and give that folder."
                )
            missing = sum(file.file_size or 0 for file in listed if file.will_download)
            require_space(Path(HF_HUB_CACHE), missing, f"Downloading {repository}")
            if missing > MIB:
                report(f"Downloading {repository} ({missing // MIB:,} MiB, once).")
        return Path(snapshot_download(repository, allow_patterns=FILES, ignore_patterns=NOT_THESE))
    except ModelError:
        raise
    except Exception as error:  # the client raises its own errors, its transport's and the disk's
        raise ModelError(_why(repository, error)) from error


def _why(repository: str, error: Exception) -> str:
    """Say why the hub gave nothing, and what to do."""
    from huggingface_hub.errors import (  # noqa: PLC0415 - loaded by now
        GatedRepoError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    if isinstance(error, GatedRepoError):
        return (
            f"{repository} asks for its terms to be accepted. Do so at https://huggingface.co/{repository}, "
            "log in with `hf auth login`, and start again."
        )
    if isinstance(error, RepositoryNotFoundError):
        return (
            f"The Hugging Face hub has no public model {repository}. Check the spelling at "
            "https://huggingface.co/models; for a private model log in with `hf auth login`."
        )
    if isinstance(error, LocalEntryNotFoundError):
        return (
            f"The Hugging Face hub cannot be reached, and {repository} was not downloaded before. "
            "Check the connection (and HF_HUB_OFFLINE), give a folder with --model, or leave --model out for "
            "the embedded one."
        )
    return f"Downloading {repository} failed ({type(error).__name__}: {error}). Start again to go on with it."
