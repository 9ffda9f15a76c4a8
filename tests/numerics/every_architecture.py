"""A tiny random model of every causal architecture that the installed Transformers can build.

Fields of a configuration are shrunk by what they are called, windows and chunks too, so that a text of forty
tokens reaches beyond all of them; there is a layer of every kind that the configuration knows, and factors
and caps are so chosen that leaving one out would be seen. Few architectures need a field of their own.
"""

import dataclasses
from typing import Any

import torch
import transformers
from huggingface_hub.errors import StrictDataclassError
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from tests.tiny import CONTEXT, tiny_tokenizer

NAMES = tuple(sorted(set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values()), key=str.lower))
"""Transformers' own list of the classes of causal language models."""

WINDOW = 12
"""Tokens that a query sees through a window, or that a chunk of attention holds."""

FIELDS: dict[int, str] = {
    2: "num_hidden_layers n_layer n_layers num_layers decoder_layers encoder_layers num_decoder_layers "
    "num_encoder_layers num_layers_per_stack num_blocks first_k_dense_replace "
    "num_experts_per_tok num_experts_per_token moe_topk moe_k top_k_experts "
    "n_group num_expert_group topk_group "
    "num_key_value_heads num_kv_heads swa_num_key_value_heads "
    "mamba_n_groups n_groups mamba_ngroups laurel_rank index_topk_blocks",
    4: "num_attention_heads n_head n_heads num_heads attention_heads decoder_attention_heads "
    "encoder_attention_heads num_decoder_attention_heads num_encoder_attention_heads "
    "swa_num_attention_heads index_n_heads num_query_groups "
    "linear_num_key_heads linear_num_value_heads linear_num_heads mamba_num_heads mamba_n_heads "
    "num_experts n_routed_experts num_local_experts moe_num_experts zero_expert_num "
    "time_step_rank mamba_dt_rank hc_lowrank d_rel index_block_size",
    8: "head_dim d_head dim_head attention_head_size swa_head_dim v_head_dim swa_v_head_dim kv_channels "
    "global_head_dim qk_nope_head_dim qk_rope_head_dim rotary_dim index_head_dim index_topk "
    "linear_key_head_dim linear_value_head_dim linear_head_dim ssm_state_size state_size mamba_d_state "
    "chunk_size mamba_chunk_size hidden_size_per_layer_input",
    16: "kv_lora_rank q_lora_rank o_lora_rank adapter_rank gated_norm_rank rel_extent dim_model_base "
    "mamba_head_dim mamba_d_head mamba_headdim router_hidden_size ple_embed_dim",
    32: "hidden_size d_model n_embd embedding_dim emb_dim embedding_size input_embedding_size lru_width "
    "output_embedding_size word_embed_proj_dim attention_hidden_size hidden_size_global",
    48: "intermediate_size intermediate_size_mlp ffn_dim dim_ff dff n_inner d_inner ffn_hidden_size "
    "decoder_ffn_dim encoder_ffn_dim feed_forward_size dense_intermediate_size moe_intermediate_size "
    "shared_expert_intermediate_size shared_experts_intermediate_size shared_intermediate_size "
    "moe_shared_expert_intermediate_size expert_ffn_hidden_size",
    64: "mamba_d_ssm",
    WINDOW: "sliding_window window_size attention_chunk_size local_attention sliding_window_size "
    "attention_window_size keep_window_size",
    CONTEXT: "max_position_embeddings n_positions n_ctx max_seq_len model_max_length context_length "
    "max_target_positions max_source_positions",
}
SIZES = {name: size for size, names in FIELDS.items() for name in names.split()}

TELLING: dict[str, float] = {
    "attention_multiplier": 0.25,
    "attn_logit_softcapping": 2.0,
    "embedding_multiplier": 2.0,
    "final_logit_softcapping": 3.0,
    "key_multiplier": 0.5,
    "lm_head_multiplier": 0.5,
    "logit_scale": 0.25,
    "logits_scaling": 4.0,
    "query_pre_attn_scalar": 4,
    "residual_multiplier": 0.5,
}
"""A factor of 1, or a cap that nothing reaches, would prove nothing."""

BOTH = ["sliding_attention", "full_attention"]
TWICE_MAMBA = {"attention_hidden_size": 64, "attention_head_dim": 16}
OWN: dict[str, dict[str, Any]] = {
    "BambaConfig": {"attn_layer_indices": [1]},
    "BltConfig": {"encoder_hash_byte_group_vocab": 50},
    "CohereCompassTextConfig": {
        "rope_parameters": {kind: {"rope_type": "default", "rope_theta": 1e4} for kind in BOTH}
    },
    "DbrxAttentionConfig": {"rope_theta": 1e4, "kv_n_heads": 2, "clip_qkv": 8},
    "Dots3NoteTextConfig": {
        f"swa_{name}": size
        for size, names in {
            4: "num_attention_heads num_key_value_heads",
            8: "qk_nope_head_dim v_head_dim",
            16: "q_lora_rank kv_lora_rank head_dim",
        }.items()
        for name in names.split()
    },
    "GPTNeoConfig": {"attention_types": [[["global", "local"], 1]]},
    "Gemma3nTextConfig": {
        "num_hidden_layers": 4,
        "layer_types": BOTH * 2,
        "num_kv_shared_layers": 2,
        "activation_sparsity_pattern": [0.95, 0.95, 0.0, 0.0],
    },
    "Gemma4TextConfig": {"num_hidden_layers": 4, "layer_types": BOTH * 2, "num_kv_shared_layers": 2},
    "GraniteMoeHybridConfig": {"layer_types": ["linear_attention", "full_attention"]},
    "JambaConfig": {"attn_layer_period": 2, "attn_layer_offset": 1},
    "Lfm2Config": {"layer_types": ["conv", "full_attention"]},
    "Lfm2MoeConfig": {"layer_types": ["conv", "full_attention"]},
    "Mamba2Config": {"num_heads": 8},
    "MiniMaxM3VLTextConfig": {"layer_types": ["full_attention", "minimax_m3_sparse"]},
    "Qwen4ExpTextConfig": {
        "indexer_n_heads": 4,
        "indexer_kv_heads": 1,
        "indexer_head_dim": 8,
        "indexer_budget": 8,
        "indexer_compress_ratio": 4,
    },
    "ReformerConfig": {
        "attn_layers": ["local", "lsh"],
        "axial_pos_embds_dim": [16, 16],
        "axial_pos_shape": [8, 16],
        "local_attn_chunk_length": WINDOW,
        "lsh_attn_chunk_length": WINDOW,
    },
    "RoCBertConfig": {
        "pronunciation_embed_dim": 16,
        "pronunciation_vocab_size": 300,
        "shape_embed_dim": 16,
        "shape_vocab_size": 300,
    },
    "XmodConfig": {"default_language": "en_XX"},
    "Zamba2Config": TWICE_MAMBA,
    "ZambaConfig": {
        **TWICE_MAMBA,
        "num_hidden_layers": 4,
        "layers_block_type": ["linear_attention", "hybrid"] * 2,
    },
    "ZayaConfig": {"num_experts_per_tok": 1},
}
"""What no rule knows, by the class of the configuration: sizes that must agree, kinds of layers by number."""

GUESSER = "it guesses ahead for another model and does nothing alone"
UNBUILT = {
    "Gemma3nForConditionalGeneration": "it needs the library timm",
    "Gemma4AssistantForCausalLM": GUESSER,
    "Gemma4UnifiedAssistantForCausalLM": GUESSER,
}
"""Classes of which no tiny model can be made here, and why."""


class CannotBuild(Exception):
    """The installed Transformers makes no tiny model of this architecture; the message says why."""


def architecture(name: str, seed: int = 1, **fields: Any) -> Any:
    """Return a seeded random model of a class, in eval mode; two of the same seed are identical.

    Args:
        name: of the class.
        seed: of the weights.
        fields: of its configuration that are to be otherwise.

    Raises:
        CannotBuild: it needs what is not installed, or the weights of another model.
    """
    try:
        model_class = getattr(transformers, name)
        config = small(model_class.config_class, **fields)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = model_class(config).eval()
            _shake(model)
    except (ImportError, ValueError, StrictDataclassError) as problem:
        raise CannotBuild(str(problem)) from problem
    return model


def small(config_class: Any, **fields: Any) -> Any:
    """Return a small configuration of a class, its nested ones small as well."""
    known = {field.name for field in dataclasses.fields(config_class)}
    usual = _usual(config_class)
    chosen = {name: value for name, value in {**SIZES, **TELLING, **_tokens()}.items() if name in known}
    chosen |= _layers(usual, known)
    chosen |= {name: True for name in ("is_decoder", "use_sliding_window") if name in known}
    if "kv_lora_rank" in known:  # latent attention has a key for every query
        chosen["num_key_value_heads"] = chosen["num_attention_heads"]
    for name in getattr(config_class, "sub_configs", None) or {}:
        nested = getattr(usual, name, None)
        if nested is not None:
            chosen[name] = small(type(nested))
    return config_class(**chosen | OWN.get(config_class.__name__, {}) | fields)


def _usual(config_class: Any) -> Any:
    """Return the configuration with its default values; None where they contradict each other."""
    try:
        return config_class()
    except (ValueError, StrictDataclassError):
        return None


def _tokens() -> dict[str, int]:
    tokenizer = tiny_tokenizer()
    sizes = dict.fromkeys(("vocab_size", "vocab_size_per_layer_input"), len(tokenizer))
    ends = dict.fromkeys(("bos_token_id", "eos_token_id"), tokenizer.eos_token_id)
    return sizes | ends | {"pad_token_id": 1}


def _layers(usual: Any, known: set[str]) -> dict[str, Any]:
    """Return lists with a layer of every kind, and how many layers that makes."""
    found = {}
    for name in ("layer_types", "layers_block_type", "block_types", "mlp_layer_types"):
        kinds = list(dict.fromkeys(getattr(usual, name, None) or ()))
        if name == "layer_types" and kinds == ["full_attention"] and "sliding_window" in known:
            kinds = BOTH
        if name in known and kinds:
            found[name] = kinds
    depth = max([2, *map(len, found.values())])
    filled: dict[str, Any] = {name: (kinds * depth)[:depth] for name, kinds in found.items()}
    return filled if depth == 2 else {**filled, "num_hidden_layers": depth}


@torch.no_grad()
def _shake(model: Any) -> None:
    """Draw weights large enough that attention and next tokens are far from uniform, biases from zero."""
    for parameter in model.parameters():
        if parameter.requires_grad and parameter.is_floating_point():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.3)
            else:
                parameter.add_(torch.randn_like(parameter) * 0.1)
