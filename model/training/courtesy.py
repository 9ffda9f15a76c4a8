"""A training rests for most of the time while texts are written: those who write keep most of their speed.

A low priority is not enough. The model reads its weights through the same memory, and its threads wait for
one another after every layer: a training that takes one of two cores in between slows them down by a third.
"""

import signal
import subprocess
import time
from collections.abc import Callable

REST_SECONDS = 0.1
WORK_SECONDS = 0.05
"""In turns, while somebody writes."""


def nobody() -> bool:
    """Return that nobody writes."""
    return False


def let_work(process: "subprocess.Popen[bytes]", others_write: Callable[[], bool], seconds: float) -> None:
    """Let a process work for some seconds, and rest for most of them while others write.

    Args:
        process: is stopped and let go on again; where a system knows no such signals it works all the time.
        others_write: tells whether somebody does.
        seconds: after which this returns.
    """
    end = time.monotonic() + seconds
    while hasattr(signal, "SIGSTOP") and time.monotonic() < end and others_write():
        try:
            process.send_signal(signal.SIGSTOP)
            time.sleep(REST_SECONDS)
        finally:
            process.send_signal(signal.SIGCONT)
        time.sleep(WORK_SECONDS)
    time.sleep(max(0.0, end - time.monotonic()))
