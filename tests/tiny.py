"""Tiny random models of five architectures and their byte-level tokenizer: real code paths, no download."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    OPTConfig,
    OPTForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from model.kernels.formats import Format
from model.network.language_model import LanguageModel

EOS = "<|endoftext|>"
MERGES = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("i", "n"), ("e", "r"), ("a", "n"), ("Ġ", "a"), ("o", "n")]
CONTEXT = 128


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """Return a byte-level BPE: 256 bytes, a few merges and an end of text; it takes any string."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = alphabet + ["".join(pair) for pair in MERGES]
    bpe = Tokenizer(models.BPE(vocab={word: index for index, word in enumerate(words)}, merges=MERGES))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    bpe.add_special_tokens([EOS])
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, eos_token=EOS, bos_token=EOS, clean_up_tokenization_spaces=False
    )


def _gpt2(ids: dict[str, Any]) -> torch.nn.Module:
    return GPT2LMHeadModel(GPT2Config(n_layer=3, n_head=4, n_embd=48, n_positions=CONTEXT, **ids))


def _llama(ids: dict[str, Any]) -> torch.nn.Module:
    shape = {"num_hidden_layers": 3, "num_attention_heads": 6, "num_key_value_heads": 2}
    return LlamaForCausalLM(
        LlamaConfig(hidden_size=96, intermediate_size=128, max_position_embeddings=CONTEXT, **shape, **ids)
    )


def _qwen2(ids: dict[str, Any]) -> torch.nn.Module:
    shape = {"num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
    return Qwen2ForCausalLM(
        Qwen2Config(hidden_size=64, intermediate_size=96, max_position_embeddings=CONTEXT, **shape, **ids)
    )


def _opt(ids: dict[str, Any]) -> torch.nn.Module:
    shape = {"num_hidden_layers": 2, "num_attention_heads": 4, "ffn_dim": 96}
    return OPTForCausalLM(
        OPTConfig(hidden_size=64, word_embed_proj_dim=64, max_position_embeddings=CONTEXT, **shape, **ids)
    )


def _neox(ids: dict[str, Any]) -> torch.nn.Module:
    shape = {"num_hidden_layers": 3, "num_attention_heads": 4}
    return GPTNeoXForCausalLM(
        GPTNeoXConfig(hidden_size=64, intermediate_size=96, max_position_embeddings=CONTEXT, **shape, **ids)
    )


ARCHITECTURES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "gpt2": _gpt2,
    "llama": _llama,
    "qwen2": _qwen2,
    "opt": _opt,
    "neox": _neox,
}


def tiny_transformer(architecture: str, seed: int = 0) -> Any:
    """Return a seeded random Transformers model of one of `ARCHITECTURES`, in eval mode.

    Weights are larger than a fresh model's, so that attention and next tokens are far from uniform.
    """
    tokenizer = tiny_tokenizer()
    ids = {"vocab_size": len(tokenizer), "bos_token_id": tokenizer.bos_token_id}
    ids |= {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.eos_token_id}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        transformer = ARCHITECTURES[architecture]({**ids, "initializer_range": 0.2})
    return transformer.eval()


def tiny_model(
    architecture: str = "gpt2",
    seed: int = 0,
    formats: Sequence[Format] = ("float32",),
    measured: str = "",
) -> LanguageModel:
    """Return a tiny random `LanguageModel`; its fingerprint names architecture and seed.

    Args:
        architecture: one of `ARCHITECTURES`.
        seed: of the weights.
        formats: number formats that it runs in, the usual one first.
        measured: what is told about the choice of the usual one.
    """
    transformer = tiny_transformer(architecture, seed)
    name = f"tiny-{architecture}"
    return LanguageModel(
        transformer,
        tiny_tokenizer(),
        formats=formats,
        name=name,
        fingerprint=f"{architecture}-{seed}",
        parameters=transformer.num_parameters(),
        measured=measured,
        again=lambda: tiny_transformer(architecture, seed),
    )


def saved_tiny(architecture: str, seed: int, folder: Path) -> Path:
    """Return a folder with a tiny random model and its tokenizer, as a training leaves it."""
    tiny_transformer(architecture, seed).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder
