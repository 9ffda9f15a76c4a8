"""Folders with models in them, as save_pretrained leaves them."""

from pathlib import Path
from typing import Any

from transformers import BertConfig

from model.network.language_model import LanguageModel
from model.weights.loading import load_model
from tests.tiny import tiny_tokenizer

WEIGHTS = "model.safetensors"


def saved(folder: Path, transformer: Any) -> Path:
    """Save a model and the tiny tokenizer."""
    transformer.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def load(spec: object, **options) -> LanguageModel:
    """Load a model on the processor, without a word."""
    return load_model(str(spec), **{"device": "cpu", "report": lambda line: None, **options})


def bert_shape(**more):
    return BertConfig(
        num_hidden_layers=1,
        hidden_size=32,
        num_attention_heads=2,
        intermediate_size=32,
        vocab_size=300,
        **more,
    )
