"""Where an optimizer, its schedule and the dice stand, as safetensors and JSON: nothing of it is a pickle.

An optimizer's state is, for each parameter, some tensors: they go into `optimizer.safetensors` by the number
of the parameter and their name, `3.exp_avg`. Everything else is numbers, and goes into JSON.
"""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

OPTIMIZER = "optimizer.safetensors"
GROUPS = "optimizer.json"
SCHEDULE = "scheduler.json"


def save_optimizer(folder: Path, optimizer: Any) -> None:
    """Write the state of a `torch.optim.Optimizer`.

    Raises:
        TypeError: it holds something that is neither a tensor nor JSON.
    """
    state = optimizer.state_dict()
    tensors: dict[str, torch.Tensor] = {}
    numbers: dict[str, Any] = {}
    for index, values in state["state"].items():
        for name, value in values.items():
            if torch.is_tensor(value):
                tensors[f"{index}.{name}"] = value.detach().contiguous().cpu()
            else:
                numbers[f"{index}.{name}"] = value
    save_file(tensors, folder / OPTIMIZER)
    _write(folder / GROUPS, {"groups": state["param_groups"], "numbers": numbers})


def load_optimizer(folder: Path, optimizer: Any) -> None:
    """Put an optimizer of the same parameters where `save_optimizer` found the other."""
    about = _read(folder / GROUPS)
    state: dict[int, dict[str, Any]] = {}
    for key, value in {**load_file(folder / OPTIMIZER), **about["numbers"]}.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = value
    for group in about["groups"]:
        if "betas" in group:
            group["betas"] = tuple(group["betas"])
    optimizer.load_state_dict({"state": state, "param_groups": about["groups"]})


def save_schedule(folder: Path, schedule: Any) -> None:
    """Write the state of a learning-rate scheduler."""
    _write(folder / SCHEDULE, schedule.state_dict())


def load_schedule(folder: Path, schedule: Any) -> None:
    """Put a scheduler where `save_schedule` found the other."""
    schedule.load_state_dict(_read(folder / SCHEDULE))


def save_dice(folder: Path, process: int = 0) -> None:
    """Write the states of all random generators of this process: Python's, numpy's, torch's."""
    name, words, *rest = np.random.get_state()
    state: dict[str, Any] = {
        "python": random.getstate(),
        "numpy": [name, [int(word) for word in words], *rest],
        "torch": _hex(torch.random.get_rng_state()),
    }
    if torch.cuda.is_available():
        state["cuda"] = [_hex(one) for one in torch.cuda.random.get_rng_state_all()]
    _write(folder / _dice(process), state)


def load_dice(folder: Path, process: int = 0) -> None:
    """Put the random generators where `save_dice` found them; a process that was not there keeps its own."""
    if not (folder / _dice(process)).is_file():
        return
    state = _read(folder / _dice(process))
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    name, words, position, has_gauss, gauss = state["numpy"]
    np.random.set_state((name, np.array(words, dtype=np.uint32), position, has_gauss, gauss))
    torch.random.set_rng_state(_bytes(state["torch"]))
    cards = [_bytes(one) for one in state.get("cuda", [])]
    if torch.cuda.is_available() and len(cards) == torch.cuda.device_count():
        torch.cuda.random.set_rng_state_all(cards)


def _dice(process: int) -> str:
    return f"random-{process}.json"


def _hex(state: torch.Tensor) -> str:
    return bytes(state.tolist()).hex()


def _bytes(text: str) -> torch.Tensor:
    return torch.tensor(list(bytes.fromhex(text)), dtype=torch.uint8)


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
