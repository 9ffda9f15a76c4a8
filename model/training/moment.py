"""One checkpoint asked about one prompt: what it would write, what comes next, and where it looks."""

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForCausalLM, AutoTokenizer

from model.training.samples import samples
from model.training.settings import SettingsError

LEADING = 10
"""Next tokens that are told."""
MOST_TOKENS = 96
"""Of a prompt."""
MOST_PARAMETERS = 300_000_000
"""Of all checkpoints that are kept in memory; the one that was asked least lately goes first."""


@dataclass(frozen=True)
class Guess:
    """A token, and how likely it is."""

    token: str
    probability: float


@dataclass(frozen=True, eq=False)
class Moment:
    """What a model was at one step of its training."""

    step: int
    tokens: tuple[str, ...]
    """Of the prompt."""
    next: tuple[Guess, ...]
    """The most likely first."""
    layers: tuple[Guess, ...]
    """What each layer would say is next if it were the last (the logit lens, nostalgebraist 2020), from the
    embedding on."""
    attention: NDArray[np.float32]
    """(layers, heads, T, T)"""
    loss: float | None
    """Nats a token of the prompt, its first left out; None for a single token."""
    written: str
    """Behind the prompt, with the dice of the seed: see `samples`."""


class Moments:
    """Checkpoints in the order in which they were asked, in one thread of one core."""

    def __init__(self, most_parameters: int = MOST_PARAMETERS) -> None:
        """Keep models of so many parameters together in memory."""
        self._most = most_parameters
        self._kept: OrderedDict[Path, tuple[Any, Any]] = OrderedDict()
        self._lock = Lock()
        self._core = ThreadPoolExecutor(1, "moments", initializer=lambda: torch.set_num_threads(1))

    def moment(self, folder: Path, step: int, prompt: str, seed: int) -> Moment:
        """Return what a checkpoint makes of a prompt.

        Args:
            folder: of the checkpoint.
            step: that it was written at.
            prompt: to ask about.
            seed: of the dice.

        Raises:
            SettingsError: the prompt has no token or too many.
            OSError: the checkpoint has gone.
        """
        return self._core.submit(self._moment, folder, step, prompt, seed).result()

    @torch.inference_mode()
    def _moment(self, folder: Path, step: int, prompt: str, seed: int) -> Moment:
        model, tokenizer = self._open(folder)
        ids = tokenizer.encode(prompt, add_special_tokens=False)
        if not 1 <= len(ids) <= min(MOST_TOKENS, model.config.max_position_embeddings - 1):
            raise SettingsError(f"The prompt has {len(ids)} tokens; 1 to {MOST_TOKENS} can be asked about.")
        tokens = torch.tensor([ids])
        seen = model(tokens, output_attentions=True, output_hidden_states=True)
        logprobs = seen.logits[0].float().log_softmax(-1)
        loss = -logprobs[:-1].gather(-1, tokens[0, 1:, None]).mean() if len(ids) > 1 else None
        top = logprobs[-1].exp().topk(min(LEADING, logprobs.shape[-1]))
        return Moment(
            step=step,
            tokens=tuple(tokenizer.decode([one]) for one in ids),
            next=_guesses(tokenizer, top.indices, top.values),
            layers=self._through_the_lens(model, tokenizer, seen.hidden_states),
            attention=torch.cat(seen.attentions).float().numpy(),
            loss=None if loss is None else float(loss),
            written=samples(model, tokenizer, [prompt], seed=seed)[0].text,
        )

    def _through_the_lens(
        self, model: Any, tokenizer: Any, states: Sequence[torch.Tensor]
    ) -> tuple[Guess, ...]:
        base = model.base_model
        norm = base.ln_f if hasattr(base, "ln_f") else base.norm
        found: list[Guess] = []
        for number, state in enumerate(states):
            last = state[0, -1]  # the last state has been normed already
            normed = last if number == len(states) - 1 else norm(last)
            best = model.get_output_embeddings()(normed).float().softmax(-1).max(-1)
            found += _guesses(tokenizer, best.indices[None], best.values[None])
        return tuple(found)

    def _open(self, folder: Path) -> tuple[Any, Any]:
        with self._lock:
            if folder in self._kept:
                self._kept.move_to_end(folder)
                return self._kept[folder]
        model = AutoModelForCausalLM.from_pretrained(
            folder,
            attn_implementation="eager",
            dtype=torch.float32,
            local_files_only=True,
            use_safetensors=True,
        )
        opened = (model.eval(), AutoTokenizer.from_pretrained(folder, local_files_only=True))
        with self._lock:
            self._kept[folder] = opened
            while len(self._kept) > 1 and self._parameters() > self._most:
                self._kept.popitem(last=False)
        return opened

    def _parameters(self) -> int:
        return sum(int(model.num_parameters()) for model, _ in self._kept.values())


def _guesses(tokenizer: Any, ids: torch.Tensor, values: torch.Tensor) -> tuple[Guess, ...]:
    return tuple(
        Guess(tokenizer.decode([one]), float(value))
        for one, value in zip(ids.tolist(), values.tolist(), strict=True)
    )
