"""Models whose numbers change behind a boundary, beside those of every class."""

from typing import Any

ORIGINAL = 16
"""Tokens that a model had seen before its positions were stretched."""

STRETCHED: dict[str, dict[str, Any]] = {
    "linear": {"factor": 4.0},
    "dynamic": {"factor": 4.0},
    "yarn": {"factor": 4.0, "original_max_position_embeddings": ORIGINAL},
    "llama3": {
        "factor": 4.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": ORIGINAL,
    },
    "longrope": {
        "factor": 8.0,
        "short_factor": [1.0, 1.2, 1.4, 1.6],
        "long_factor": [2.0, 4.0, 6.0, 8.0],
        "original_max_position_embeddings": ORIGINAL,
    },
}
"""Rotary positions by Transformers' names for their kinds."""


def stretched(kind: str) -> dict[str, Any]:
    """Return fields of a configuration with rotary positions of a kind."""
    return {"rope_parameters": {"rope_type": kind, "rope_theta": 1e4, **STRETCHED[kind]}}


BOUNDARIES: dict[str, tuple[str, dict[str, Any]]] = {
    **{f"Llama, rotary positions {kind}": ("LlamaForCausalLM", stretched(kind)) for kind in STRETCHED},
    "Phi 3, rotary positions longrope": (
        "Phi3ForCausalLM",
        {**stretched("longrope"), "original_max_position_embeddings": ORIGINAL},
    ),
    "GPT-NeoX, rotary positions longrope": ("GPTNeoXForCausalLM", stretched("longrope")),
    "Qwen 2 MoE, a window in every layer": (
        "Qwen2MoeForCausalLM",
        {"layer_types": ["sliding_attention"] * 2},
    ),
    "Gemma 3, logits capped at 30": ("Gemma3ForCausalLM", {"final_logit_softcapping": 30.0}),
    "Gemma 3, logits capped at 0.1": ("Gemma3ForCausalLM", {"final_logit_softcapping": 0.1}),
    "Gemma 3, attention in both directions": (
        "Gemma3ForCausalLM",
        {"use_bidirectional_attention": True},
    ),
    "Bert for generation, saved as an encoder": ("BertGenerationDecoder", {"is_decoder": False}),
    "Falcon, with ALiBi": ("FalconForCausalLM", {"alibi": True}),
    "OPT, the norm behind the sublayers": (
        "OPTForCausalLM",
        {"do_layer_norm_before": False, "word_embed_proj_dim": 16},
    ),
    "GPT-NeoX, one sublayer after the other": ("GPTNeoXForCausalLM", {"use_parallel_residual": False}),
}
"""What it is, the class, and the fields of its configuration."""
