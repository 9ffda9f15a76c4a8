"""Tiny random models of any architecture that Transformers has, sliding windows among them."""

from typing import Any

import torch
import transformers

from model.network.language_model import LanguageModel
from tests.tiny import tiny_tokenizer

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
GROUPED = {**SMALL, "num_key_value_heads": 2}
ALTERNATING = {
    **GROUPED,
    "use_sliding_window": True,
    "sliding_window": 4,
    "layer_types": ["sliding_attention", "full_attention"],
}
"""Of Qwen2: a layer that sees four tokens, and one that sees all."""


def built(kind: str, **config) -> Any:
    """Return a seeded random Transformers model of the tiny tokenizer's vocabulary."""
    tokenizer = tiny_tokenizer()
    model_class = getattr(transformers, kind)
    ids = {"vocab_size": len(tokenizer), "pad_token_id": None, "bos_token_id": None}
    ids["eos_token_id"] = tokenizer.eos_token_id
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return model_class(model_class.config_class(**ids, initializer_range=0.3, **config)).eval()


def language_model(kind: str, **config) -> LanguageModel:
    """Return the same, prepared for recording."""
    transformer = built(kind, **config)
    parameters = transformer.num_parameters()
    return LanguageModel(
        transformer,
        tiny_tokenizer(),
        name=kind,
        fingerprint="random",
        parameters=parameters,
        again=lambda: built(kind, **config),
    )
