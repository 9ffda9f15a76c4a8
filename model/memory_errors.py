"""Which errors say that there is no memory left, whoever raises them."""

import torch

WORDS = ("out of memory", "can't allocate memory", "not enough memory")
"""What PyTorch's allocators say in a plain RuntimeError: that of the processor, and that of Apple's cards."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory ran out: a smaller model or text would not have raised it."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in WORDS)
