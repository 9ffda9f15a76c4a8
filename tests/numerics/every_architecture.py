"""A tiny random model of every causal architecture that the installed Transformers can build.

No architecture is named where a rule will do: fields of a configuration are shrunk by what they are called,
windows and chunks too, so that a text of a hundred tokens reaches beyond all of them.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

import torch
import transformers
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from tests.tiny import CONTEXT, tiny_tokenizer

NAMES = tuple(sorted(set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values())))
"""Transformers' own list of causal language models."""

WINDOW = 12
"""Tokens that a query sees through a window, or that a chunk of attention holds."""

SIZES: dict[int, str] = {
    2: "num_hidden_layers n_layer n_layers num_layers decoder_layers encoder_layers num_decoder_layers "
    "num_encoder_layers num_blocks num_experts_per_tok num_experts_per_token moe_topk moe_k top_k_experts "
    "first_k_dense_replace num_key_value_heads num_kv_heads index_kv_heads n_group num_expert_group topk_group "
    "mamba_n_groups n_groups mamba_ngroups laurel_rank index_topk_blocks moe_top_k "
    "swa_num_key_value_heads num_layers_per_stack",
    4: "num_attention_heads n_head n_heads num_heads attention_heads decoder_attention_heads hc_lowrank "
    "encoder_attention_heads num_decoder_attention_heads num_encoder_attention_heads num_experts "
    "n_routed_experts num_local_experts moe_num_experts index_n_heads linear_num_key_heads d_rel "
    "linear_num_value_heads linear_num_heads mamba_num_heads mamba_n_heads zero_expert_num num_query_groups "
    "swa_num_attention_heads time_step_rank mamba_dt_rank index_block_size",
    8: "head_dim d_head dim_head attention_head_size linear_key_head_dim linear_value_head_dim linear_head_dim "
    "v_head_dim qk_nope_head_dim qk_rope_head_dim index_head_dim kv_channels ssm_state_size state_size "
    "mamba_d_state chunk_size mamba_chunk_size swa_head_dim hidden_size_per_layer_input rotary_dim "
    "global_head_dim swa_v_head_dim index_topk",
    16: "kv_lora_rank q_lora_rank o_lora_rank adapter_rank d_state mamba_head_dim mamba_d_head mamba_headdim "
    "router_hidden_size ple_embed_dim gated_norm_rank rel_extent dim_model_base",
    32: "hidden_size d_model n_embd embedding_dim emb_dim embedding_size input_embedding_size lru_width "
    "output_embedding_size word_embed_proj_dim attention_hidden_size hidden_size_global",
    48: "intermediate_size ffn_dim dim_ff dff n_inner moe_intermediate_size decoder_ffn_dim encoder_ffn_dim "
    "shared_expert_intermediate_size dense_intermediate_size ffn_hidden_size intermediate_size_mlp d_inner "
    "moe_shared_expert_intermediate_size expert_ffn_hidden_size shared_intermediate_size feed_forward_size "
    "shared_experts_intermediate_size",
    WINDOW: "sliding_window window_size attention_chunk_size local_attention sliding_window_size "
    "attention_window_size keep_window_size",
    64: "mamba_d_ssm",
    CONTEXT: "max_position_embeddings n_positions n_ctx max_seq_len model_max_length context_length "
    "max_target_positions max_source_positions",
}
SIZE = {name: size for size, names in SIZES.items() for name in names.split()}

TELLING: dict[str, float] = {
    "logits_scaling": 4.0,
    "logit_scale": 0.25,
    "final_logit_softcapping": 3.0,
    "attn_logit_softcapping": 2.0,
    "attention_multiplier": 0.25,
    "residual_multiplier": 0.5,
    "embedding_multiplier": 2.0,
    "lm_head_multiplier": 0.5,
    "key_multiplier": 0.5,
    "query_pre_attn_scalar": 4,
}
"""Values that change something: a factor of 1 or a cap out of reach would prove nothing."""

OWN: dict[str, dict[str, Any]] = {
    "BambaConfig": {"attn_layer_indices": [1]},
    "GraniteMoeHybridConfig": {"layer_types": ["linear_attention", "full_attention"]},
    "JambaConfig": {"attn_layer_period": 2, "attn_layer_offset": 1},
    "Lfm2Config": {"layer_types": ["conv", "full_attention"]},
    "MiniMaxM3VLTextConfig": {"layer_types": ["full_attention", "minimax_m3_sparse"]},
    "BltConfig": {"encoder_hash_byte_group_vocab": 50},
    "CohereCompassTextConfig": {"rope_parameters": {
        kind: {"rope_type": "default", "rope_theta": 1e4} for kind in ("sliding_attention", "full_attention")}},
    "DbrxAttentionConfig": {"rope_theta": 1e4, "kv_n_heads": 2, "clip_qkv": 8},
    "Dots3NoteTextConfig": {"swa_num_attention_heads": 4, "swa_num_key_value_heads": 4, "swa_q_lora_rank": 16, "swa_kv_lora_rank": 16,
        "swa_head_dim": 16, "swa_qk_nope_head_dim": 8, "swa_v_head_dim": 8},
    "GPTNeoConfig": {"attention_types": [[["global", "local"], 1]]},
    "Gemma3nTextConfig": {"num_hidden_layers": 4, "layer_types": ["sliding_attention", "full_attention"] * 2,
        "num_kv_shared_layers": 2, "activation_sparsity_pattern": [0.95, 0.95, 0.0, 0.0], "intermediate_size": 48},
    "Gemma4TextConfig": {"num_hidden_layers": 4, "layer_types": ["sliding_attention", "full_attention"] * 2,
        "num_kv_shared_layers": 2},
    "Lfm2MoeConfig": {"layer_types": ["conv", "full_attention"]},
    "Mamba2Config": {"num_heads": 8},
    "Qwen4ExpTextConfig": {"indexer_n_heads": 4, "indexer_kv_heads": 1, "indexer_head_dim": 8,
        "indexer_budget": 8, "indexer_compress_ratio": 4},
    "ReformerConfig": {"axial_pos_embds_dim": [16, 16], "axial_pos_shape": [8, 16],
        "attn_layers": ["local", "lsh"], "local_attn_chunk_length": 12, "lsh_attn_chunk_length": 12},
    "RoCBertConfig": {"pronunciation_embed_dim": 16, "shape_embed_dim": 16, "shape_vocab_size": 300, "pronunciation_vocab_size": 300},
    "XmodConfig": {"default_language": "en_XX"},
    "Zamba2Config": {"attention_hidden_size": 64, "attention_head_dim": 16},
    "ZambaConfig": {"attention_hidden_size": 64, "attention_head_dim": 16, "n_mamba_heads": 2, "num_hidden_layers": 4, "layers_block_type": ["linear_attention", "hybrid"]*2},
    "ZayaConfig": {"num_experts_per_tok": 1},
}


class CannotBuild(Exception):
    """The installed Transformers makes no tiny model of this architecture; the message says why."""


def architecture(name: str, seed: int = 1) -> Any:
    """Return a seeded random model of a class, in eval mode.

    Raises:
        CannotBuild: Transformers refuses to.
    """
    try:
        model_class = getattr(transformers, name)
        config = small(model_class.config_class)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = model_class(config).eval()
            _shake(model)
    except Exception as problem:
        raise CannotBuild(f"{name}: {problem}") from problem
    return model


def small(config_class: type) -> Any:
    """Return a small configuration of a class: few layers, one at least of every kind it has."""
    tokenizer = tiny_tokenizer()
    ids = {"vocab_size": len(tokenizer), "vocab_size_per_layer_input": len(tokenizer), "pad_token_id": 1,
           "bos_token_id": tokenizer.eos_token_id, "eos_token_id": tokenizer.eos_token_id}
    fields = {field.name for field in dataclasses.fields(config_class)}
    chosen = {name: value for name, value in {**SIZE, **TELLING, **ids}.items() if name in fields}
    chosen |= _layers(config_class, fields)
    if "kv_lora_rank" in fields:  # latent attention: a key for each query head
        chosen["num_key_value_heads"] = chosen["num_attention_heads"]
    if "is_decoder" in fields:
        chosen["is_decoder"] = True
    if "use_sliding_window" in fields:
        chosen["use_sliding_window"] = True
    usual = _usual(config_class)
    for name in (getattr(config_class, "sub_configs", None) or {}):
        sub = getattr(usual, name, None)
        if sub is not None:
            chosen[name] = small(type(sub))
    chosen |= OWN.get(config_class.__name__, {})
    return config_class(**chosen)


def _usual(config_class):
    try:
        return config_class()
    except Exception:
        return None


def _layers(config_class, fields):
    usual = _usual(config_class)
    found = {}
    depth = 2
    for name in ("layer_types", "layers_block_type", "block_types", "mlp_layer_types"):
        kinds = getattr(usual, name, None)
        if name not in fields or not kinds:
            continue
        distinct = list(dict.fromkeys(kinds))
        if name == "layer_types" and distinct == ["full_attention"] and "sliding_window" in fields:
            distinct = ["sliding_attention", *distinct]
        depth = max(depth, len(distinct))
        found[name] = distinct
    for name, distinct in found.items():
        found[name] = (distinct * depth)[:depth]
    if depth != 2:
        found["num_hidden_layers"] = depth
    return found


@torch.no_grad()
def _shake(model):
    for parameter in model.parameters():
        if parameter.requires_grad and parameter.is_floating_point():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.3)
            else:
                parameter.add_(torch.randn_like(parameter) * 0.1)
