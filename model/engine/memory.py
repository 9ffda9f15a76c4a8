"""How the C library keeps memory that was freed: for the next pass, which wants as much of it again."""

import ctypes
import sys
from contextlib import suppress

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3
"""Numbers of glibc's mallopt."""
SETTINGS = {TRIM_THRESHOLD: 2**30, TOP_PAD: 2**26, MMAP_THRESHOLD: 2**25}
"""In bytes; 2**25 is the largest that MMAP_THRESHOLD takes."""


def keep_freed_memory() -> None:
    """Let glibc keep what a pass frees instead of giving it back to the system after every pass.

    Getting it again page by page took a quarter of the time of a token. Elsewhere nothing happens.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):  # another C library
        library = ctypes.CDLL(None)
        library.malloc_trim(0)  # loading a model leaves much behind
        for parameter, value in SETTINGS.items():
            library.mallopt(parameter, value)


def give_freed_memory_back() -> None:
    """Let glibc give back to the system what nobody uses any more: a whole model has been put away."""
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
