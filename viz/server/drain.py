"""The end of the app in good order: nothing new begins, what is being written ends, and pages hear why."""

import time
from collections.abc import Callable

from viz.server.blocks import Blocks
from viz.server.gradio_private import unheard

POLL = 0.05
HEARD = 3.0
"""Seconds for pages and programs to fetch the last of a text, once it has ended or was cut."""


def drain(app: Blocks, seconds: float) -> tuple[int, int]:
    """Return how many texts were finished and how many were cut, once no page follows one any more.

    It takes no longer than `seconds` and a few more.

    Args:
        app: its service refuses new work from now on.
        seconds: for texts that are being written or wait for it.
    """
    service = app.service
    assert service is not None
    service.shared.draining = True
    if not service.ready:
        return 0, 0
    engines = service.shared
    there = engines.writing + engines.waiting
    _until(lambda: engines.writing + engines.waiting == 0, seconds)
    cut = engines.writing + engines.waiting
    engines.stop_all()
    _until(lambda: engines.writing + engines.waiting + unheard(app) == 0, HEARD)
    return max(0, there - cut), cut


def _until(done: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(POLL)
