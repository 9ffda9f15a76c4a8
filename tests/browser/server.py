"""The real app in a process of its own, as a person starts it."""

import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
PATIENCE = 300
"""Seconds for the app to be served and its model to load; on a new machine it is fetched first."""


def free_port() -> int:
    """Return a port that nothing listens to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_app(*options: str, port: int | None = None) -> Iterator[str]:
    """Start the app and give its address once its model is ready; end it afterwards.

    Args:
        options: of the command line.
        port: where it listens; without one, a free one.

    Raises:
        RuntimeError: the app ended or took too long; shows what it printed.
    """
    port = free_port() if port is None else port
    with tempfile.TemporaryFile("a+", encoding="utf-8") as output:
        command = [sys.executable, "app.py", "--port", str(port), *options]
        app = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)

        def printed() -> str:
            output.seek(0)
            return output.read()

        try:
            _wait_until_ready(app, f"http://127.0.0.1:{port}/", printed)
            yield f"http://127.0.0.1:{port}/"
            if app.poll() is not None:
                raise RuntimeError(f"The app ended with status {app.returncode}:\n{printed()}")
        finally:
            app.terminate()
            try:
                app.wait(15)
            except subprocess.TimeoutExpired:
                app.kill()
                app.wait()


def _wait_until_ready(app: "subprocess.Popen[bytes]", address: str, printed: Callable[[], str]) -> None:
    impatient = time.monotonic() + PATIENCE
    while time.monotonic() < impatient:
        if app.poll() is not None:
            raise RuntimeError(f"The app ended with status {app.returncode}:\n{printed()}")
        if re.search(r"is ready", printed()) and _answers(address):
            return
        time.sleep(0.1)
    raise RuntimeError(f"The app was not ready after {PATIENCE} s:\n{printed()}")


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).is_success
    except httpx.HTTPError:
        return False
