"""A model's fingerprint: the first 16 hex digits of the sha256 over its weights files, sorted by name."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from model.weights.cache import cache_folder, sha256, write_json

DIGITS = 16


def fingerprint(weights: Iterable[Path]) -> str:
    """Return the fingerprint of weights files, remembered in the cache by their path, size and time."""
    files = sorted(weights, key=lambda path: path.name)
    seen = [[str(file.resolve()), (stat := file.stat()).st_size, stat.st_mtime_ns] for file in files]
    key = hashlib.sha256(json.dumps(seen).encode()).hexdigest()
    memory = cache_folder() / "fingerprints" / f"{key[:32]}.json"
    try:
        remembered = json.loads(memory.read_text(encoding="utf-8"))
        return str(remembered["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not seen before, or the note is damaged: hash the files
    found = sha256(files)[:DIGITS]
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        write_json(memory, {"fingerprint": found, "files": seen})
    except OSError:
        pass  # a read-only cache only costs the time to hash again
    return found
