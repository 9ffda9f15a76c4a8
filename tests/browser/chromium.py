"""Find a Chromium for the browser tests, or get one.

Run as `python -m tests.browser.chromium` (`make test` does), it installs one if none is found, or says what
to do when it cannot.
"""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.patience import PATIENCE

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""The first is Chromium without a window, which takes a fifth less of a page's time."""
WHAT_TO_DO = (
    "The browser tests need Chromium, and none could be installed.\n"
    "Install it with your system's packages (Debian and Ubuntu: apt-get install chromium), or run\n"
    "  .venv/bin/python -m playwright install chromium\n"
    "and start the tests again. Everything else: .venv/bin/python -m pytest -m 'not browser'"
)


@cache
def find_chromium() -> Path | None:
    """Return the executable of a Chromium that starts, or None."""
    on_path = (shutil.which(name) for name in NAMES)
    for found in on_path:
        if found and _starts(Path(found)):
            return Path(found)
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return own if own.exists() and _starts(own) else None


def _starts(executable: Path) -> bool:
    """Tell whether it runs: Ubuntu's `chromium-browser` may be a stub that only names a snap."""
    try:
        answer = subprocess.run([executable, "--version"], capture_output=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def _is_debian_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def _installed_by(*commands: list[str]) -> bool:
    """Run the commands until one fails; tell whether a Chromium is there afterwards."""
    for command in commands:
        print("Getting Chromium for the browser tests:", " ".join(command), flush=True)
        if subprocess.run(command, check=False).returncode != 0:
            return False
    find_chromium.cache_clear()
    return find_chromium() is not None


def _debian(package: str) -> list[str]:
    return ["apt-get", "install", "-y", "-q", package]


def main() -> int:
    """Make sure a Chromium is there; return the exit status."""
    if find_chromium():
        return 0
    if _is_debian_root() and _installed_by(["apt-get", "update", "-q"], _debian("chromium-headless-shell")):
        return 0
    if _is_debian_root() and _installed_by(_debian("chromium")):  # not every release has the other one
        return 0
    if _installed_by([sys.executable, "-m", "playwright", "install", "chromium"]):
        return 0
    print(WHAT_TO_DO, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
