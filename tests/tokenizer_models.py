"""Tiny models around any tokenizer."""

from collections.abc import Callable
from typing import Any

import torch
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from model.network.language_model import LanguageModel

CONTEXT = 128


def transformer_for(rows: int, seed: int = 0) -> Any:
    """Return a random GPT-2 with so many rows of its embedding."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = GPT2Config(
            **{"n_layer": 2, "n_head": 2, "n_embd": 32, "n_positions": CONTEXT, "initializer_range": 0.2},
            **{"vocab_size": rows, "bos_token_id": None, "eos_token_id": None},
        )
        return GPT2LMHeadModel(config).eval()


def model_with(
    tokenizer: PreTrainedTokenizerFast,
    rows: int | None = None,
    change: Callable[[Any], None] = lambda transformer: None,
) -> LanguageModel:
    """Return a tiny random model that reads with a tokenizer.

    Args:
        tokenizer: any.
        rows: of the embedding; by default as many as the tokenizer has tokens.
        change: what is done to the Transformers model before.
    """
    transformer = transformer_for(len(tokenizer) if rows is None else rows)
    change(transformer)
    return LanguageModel(transformer, tokenizer, name="tiny", fingerprint="any", parameters=1)
