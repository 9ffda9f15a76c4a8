"""What an import drags in, seen from a fresh interpreter."""

import subprocess
import sys


def modules_after_importing(*names: str) -> set[str]:
    """Return the names of all modules loaded once these are imported."""
    code = f"import sys, {', '.join(names)}; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())
