"""The app's folder on this machine: things made once, whole or not at all, whoever asks first."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from model.weights.catalog import ModelError

Report = Callable[[str], None]
"""Receives plain sentences on what is being done."""

MANIFEST = "manifest.json"
MIB = 1024 * 1024


def cache_folder() -> Path:
    """Return the app's cache: `GPT_INSIDE_OUT_CACHE`, else `gpt-inside-out` in the user's cache folder."""
    chosen = os.environ.get("GPT_INSIDE_OUT_CACHE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").expanduser() / "gpt-inside-out"


def make_once(folder: Path, version: str, make: Callable[[Path], None], report: Report) -> dict[str, Any]:
    """Return the manifest of `folder`, filling it by `make` first if it is missing, older or damaged.

    `make` fills a temporary folder beside it, which then takes its place in one rename. A lock makes a second
    process wait for the first. The manifest holds `version` and `files` (bytes and sha256 each).

    Raises:
        ModelError: whatever `make` raises, or the cache cannot be written.
    """
    found = intact(folder, version)
    if found:
        return found
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.with_name(folder.name + ".lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            report(f"Another process is preparing {folder.name}; waiting for it.")
            lock.acquire()
        with lock:
            return intact(folder, version) or _remake(folder, version, make, report)
    except OSError as error:
        raise ModelError(
            f"The cache {folder.parent} cannot be written: {error.strerror or error}. Free some space "
            "or give another folder in the environment variable GPT_INSIDE_OUT_CACHE."
        ) from error


def intact(folder: Path, version: str) -> dict[str, Any] | None:
    """Return the manifest if every file it lists has its size; None if it is absent, older or damaged."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        sizes = {name: (folder / name).stat().st_size for name in manifest["files"]}
        whole = all(sizes[name] == about["bytes"] for name, about in manifest["files"].items())
        return manifest if whole and manifest["version"] == version else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def require_space(folder: Path, needed: int, purpose: str) -> None:
    """Check that the disk of `folder` has `needed` bytes free.

    Raises:
        ModelError: it has not.
    """
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise ModelError(
            f"{purpose} needs {needed // MIB:,} MiB of disk, and {existing} has {free // MIB:,} MiB free. "
            "Free some space or choose another disk with the environment variable GPT_INSIDE_OUT_CACHE "
            "(for models of the hub: HF_HOME)."
        )


def sha256(paths: Iterable[Path]) -> str:
    """Return the hex sha256 of the files' contents, one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            hashlib.file_digest(file, lambda: digest)
    return digest.hexdigest()


def write_json(path: Path, value: object) -> None:
    """Write `value` as JSON so that a reader sees the old file or the new one, never half of it."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_text(json.dumps(value, indent=1), encoding="utf-8")
    os.replace(partial, path)


def _remake(folder: Path, version: str, make: Callable[[Path], None], report: Report) -> dict[str, Any]:
    """Make the folder anew; the caller holds its lock, so a partial one found here is a dead process's."""
    partial, damaged = (folder.with_name(folder.name + end) for end in (".partial", ".damaged"))
    for leftover in (partial, damaged):
        shutil.rmtree(leftover, ignore_errors=True)
    if folder.exists():
        report(f"The cached {folder.name} is damaged or of an older version; making it again.")
    partial.mkdir()
    try:
        make(partial)
        manifest = _manifest(partial, version)
        write_json(partial / MANIFEST, manifest)
        if folder.exists():
            os.replace(folder, damaged)
        os.replace(partial, folder)
    finally:
        for leftover in (partial, damaged):
            shutil.rmtree(leftover, ignore_errors=True)
    return manifest


def _manifest(folder: Path, version: str) -> dict[str, Any]:
    """Describe the finished files, so that damage shows and nothing needs to be hashed again."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    about = {path.name: {"bytes": path.stat().st_size, "sha256": sha256([path])} for path in files}
    return {"version": version, "files": about}
