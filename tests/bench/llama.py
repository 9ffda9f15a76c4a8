"""An optional rival: llama.cpp through llama-cpp-python, on the GGUF file behind the default model."""

import time
from functools import cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from model.weights.cache import cache_folder, make_once
from model.weights.embedded import GGUF_NAME, GGUF_SHA256, fetch_gguf
from tests.bench.written import Written, prompt_ids, quiet, undisturbed

CONTEXT = 1024
LOGPROBS = 10
UNKNOWN = -1
"""It returns words, not token ids."""


def installed() -> bool:
    """Whether llama-cpp-python is there: requirements-bench.txt installs it."""
    return find_spec("llama_cpp") is not None


def gguf() -> Path:
    """Return the GGUF file, fetched once."""

    def fetch(target: Path) -> None:
        fetch_gguf(target)

    folder = cache_folder() / "bench" / "gguf"
    make_once(folder, GGUF_SHA256, fetch, quiet)
    return folder / GGUF_NAME


@cache
def llama(*, logprobs: bool) -> Any:
    """Return the loaded model, on as many threads as torch takes."""
    import torch  # noqa: PLC0415
    from llama_cpp import Llama  # noqa: PLC0415

    threads = torch.get_num_threads()
    return Llama(
        str(gguf()),
        n_ctx=CONTEXT,
        n_threads=threads,
        n_threads_batch=threads,
        logits_all=logprobs,  # without all logits it refuses to return probabilities
        verbose=False,
    )


def llama_bare(number: int, count: int) -> Written:
    """Write a text greedily, tokens only."""
    prompt, model = list(prompt_ids(number)), llama(logprobs=False)
    model.reset()
    tokens, arrivals = [], []
    with undisturbed():
        start = time.perf_counter()
        for token in islice(model.generate(prompt, temp=0.0), count):
            tokens.append(int(token))
            arrivals.append(time.perf_counter() - start)
    return Written((tuple(tokens),), (tuple(arrivals),))


def llama_logprobs(number: int, count: int) -> Written:
    """Write a text greedily and return the ten leading log-probabilities of every step."""
    prompt, model = list(prompt_ids(number)), llama(logprobs=True)
    model.reset()
    with undisturbed():
        start = time.perf_counter()
        done = model.create_completion(prompt, max_tokens=count, temperature=0.0, logprobs=LOGPROBS)
        took = time.perf_counter() - start
    count = done["usage"]["completion_tokens"]  # it cannot be kept from ending its text
    return Written(((UNKNOWN,) * count,), ((took,) * count,))
