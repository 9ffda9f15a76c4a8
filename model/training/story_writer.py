"""The embedded model writes stories to order, some at a time, through Transformers' `generate`."""

from collections.abc import Sequence
from pathlib import Path

import torch

from model.training.base import base_model, base_tokenizer

TOKENS = 200
"""Of a story at most."""


class StoryWriter:
    """A model that answers requests, with its own chat template."""

    def __init__(self, folder: Path) -> None:
        """Load the model of a folder; it needs a chat template."""
        self._model = base_model(folder).eval()
        self._tokenizer = base_tokenizer(folder)
        self._tokenizer.padding_side = "left"

    @torch.inference_mode()
    def __call__(self, requests: Sequence[str], seed: int) -> list[str]:
        """Return an answer to each request; random generators outside are left as they are."""
        asked = [
            self._tokenizer.apply_chat_template(
                [{"role": "user", "content": request}], tokenize=False, add_generation_prompt=True
            )
            for request in requests
        ]
        given = self._tokenizer(asked, return_tensors="pt", padding=True, add_special_tokens=False)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            ids = self._model.generate(
                **given.to(self._model.device),
                max_new_tokens=TOKENS,
                do_sample=True,
                temperature=0.9,
                top_k=50,
                pad_token_id=self._tokenizer.pad_token_id or self._tokenizer.eos_token_id,
            )
        written = ids[:, given["input_ids"].shape[1] :]
        return [str(text) for text in self._tokenizer.batch_decode(written, skip_special_tokens=True)]
