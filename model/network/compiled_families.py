"""What models the compiled layers compute, each family described by where Transformers keeps its parts.

A description says what is put together and how; numbers are asked of the modules themselves. Nobody believes
it: the proof when a model is loaded decides.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from torch import Tensor, nn
from transformers import PreTrainedModel

from model.kernels.compiled_layers import Arrangement, Heads
from model.network.description import Description, LayerModules, Uncompiled

ACTIVATIONS = {
    "silu": "silu",
    "swish": "silu",
    "gelu": "gelu",
    "gelu_python": "gelu",
    "gelu_fast": "gelu_tanh",
    "gelu_new": "gelu_tanh",
    "gelu_python_tanh": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
}
"""Transformers' names of activation functions, and those of `Arrangement`."""


def has_family(transformer: PreTrainedModel) -> bool:
    """Return whether a model is of a class that is described here; its variant may still be another."""
    kind = type(transformer)  # by its name, so that no class is imported but the one that was loaded
    return kind.__name__ in FAMILIES and kind.__module__.startswith("transformers.models.")


def described(transformer: PreTrainedModel) -> Description:
    """Return the description of a model that has a family.

    Raises:
        Uncompiled: it is a variant that the compiled layers do not compute.
        AttributeError: this Transformers keeps a part elsewhere.
    """
    return FAMILIES[type(transformer).__name__](transformer)


def _llama(transformer: Any) -> Description:
    """Llama, SmolLM2, TinyLlama, Mistral, Qwen2, Qwen3, and Phi 3."""
    config, base = transformer.config, transformer.base_model
    activation = getattr(config, "hidden_activation", None) or config.hidden_act
    return Description(
        [_llama_layer(layer) for layer in base.layers],
        _heads(config, base.layers[0].self_attn),
        Arrangement(_activation(activation), gated=True, parallel=False),
        _words(base.embed_tokens),
        base.norm,
        [base.rotary_emb],
    )


def _llama_layer(layer: Any) -> LayerModules:
    attention, mlp = layer.self_attn, layer.mlp
    joined = hasattr(attention, "qkv_proj")  # as Phi 3 has it: side by side already
    return LayerModules(
        layer.input_layernorm,
        (attention.qkv_proj,) if joined else (attention.q_proj, attention.k_proj, attention.v_proj),
        attention.o_proj,
        layer.post_attention_layernorm,
        (mlp.gate_up_proj,) if joined else (mlp.gate_proj, mlp.up_proj),
        mlp.down_proj,
        query_norm=getattr(attention, "q_norm", None),
        key_norm=getattr(attention, "k_norm", None),
    )


def _gemma2(transformer: Any) -> Description:
    """Gemma 2 (arXiv:2408.00118): norms before and behind attention and MLP."""
    like_llama, base = _llama(transformer), transformer.base_model
    layers = [
        modules._replace(
            attention_norm_behind=layer.post_attention_layernorm,
            mlp_norm=layer.pre_feedforward_layernorm,
            mlp_norm_behind=layer.post_feedforward_layernorm,
        )
        for modules, layer in zip(like_llama.layers, base.layers, strict=True)
    ]
    return replace(like_llama, layers=layers)


def _gemma3(transformer: Any) -> Description:
    """Gemma 3 (arXiv:2503.19786): Gemma 2 with two rotary embeddings."""
    like_gemma2, base = _gemma2(transformer), transformer.base_model
    kinds, rotary = sorted(set(transformer.config.layer_types)), base.rotary_emb
    layers = [
        modules._replace(rotary=kinds.index(layer.self_attn.layer_type))
        for modules, layer in zip(like_gemma2.layers, base.layers, strict=True)
    ]
    return replace(like_gemma2, layers=layers, angles=[partial(rotary, layer_type=kind) for kind in kinds])


def _gpt2(transformer: Any) -> Description:
    """GPT-2 in all its sizes."""
    config, base = transformer.config, transformer.base_model
    _require(not config.add_cross_attention)
    words, places = base.wte, base.wpe
    attention = base.h[0].attn
    return Description(
        [
            LayerModules(
                layer.ln_1,
                (layer.attn.c_attn,),
                layer.attn.c_proj,
                layer.ln_2,
                (layer.mlp.c_fc,),
                layer.mlp.c_proj,
            )
            for layer in base.h
        ],
        Heads(attention.num_heads, attention.num_heads, attention.head_dim),
        Arrangement(_activation(config.activation_function), gated=False, parallel=False),
        lambda ids, positions: words(ids) + places(positions),
        base.ln_f,
    )


def _neox(transformer: Any) -> Description:
    """GPT-NeoX and Pythia (Black et al. 2022, arXiv:2204.06745)."""
    config, base = transformer.config, transformer.base_model
    heads, size = config.num_attention_heads, base.layers[0].attention.head_size
    return Description(
        [
            LayerModules(
                layer.input_layernorm,
                (layer.attention.query_key_value,),
                layer.attention.dense,
                layer.post_attention_layernorm,
                (layer.mlp.dense_h_to_4h,),
                layer.mlp.dense_4h_to_h,
            )
            for layer in base.layers
        ],
        Heads(heads, heads, size),
        Arrangement(_activation(config.hidden_act), gated=False, parallel=config.use_parallel_residual),
        _words(base.embed_in),
        base.final_layer_norm,
        [base.rotary_emb],
        interleaved=True,
    )


def _opt(transformer: Any) -> Description:
    """OPT (Zhang et al. 2022, arXiv:2205.01068) but its size of 350 million, whose norms stand elsewhere."""
    config, base = transformer.config, transformer.base_model.decoder
    _require(config.do_layer_norm_before and base.project_in is None and base.final_layer_norm is not None)
    words, places, attention = base.embed_tokens, base.embed_positions, base.layers[0].self_attn
    return Description(
        [
            LayerModules(
                layer.self_attn_layer_norm,
                (layer.self_attn.q_proj, layer.self_attn.k_proj, layer.self_attn.v_proj),
                layer.self_attn.out_proj,
                layer.final_layer_norm,
                (layer.fc1,),
                layer.fc2,
            )
            for layer in base.layers
        ],
        Heads(attention.num_heads, attention.num_heads, attention.head_dim, attention.scaling),
        Arrangement(_activation(config.activation_function), gated=False, parallel=False),
        lambda ids, positions: words(ids) + places(None, position_ids=positions),
        base.final_layer_norm,
    )


def _phi(transformer: Any) -> Description:
    """Phi 1, 1.5 and 2 (Li et al. 2023, arXiv:2309.05463): one norm for attention and MLP."""
    config, base = transformer.config, transformer.base_model
    return Description(
        [
            LayerModules(
                layer.input_layernorm,
                (layer.self_attn.q_proj, layer.self_attn.k_proj, layer.self_attn.v_proj),
                layer.self_attn.dense,
                layer.input_layernorm,
                (layer.mlp.fc1,),
                layer.mlp.fc2,
                query_norm=getattr(layer.self_attn, "q_layernorm", None),
                key_norm=getattr(layer.self_attn, "k_layernorm", None),
            )
            for layer in base.layers
        ],
        _heads(config, base.layers[0].self_attn),
        Arrangement(_activation(config.hidden_act), gated=False, parallel=True),
        _words(base.embed_tokens),
        base.final_layernorm,
        [base.rotary_emb],
    )


def _stablelm(transformer: Any) -> Description:
    """StableLM (Bellagente et al. 2024, arXiv:2402.17834): Llama with layer norms, or parallel."""
    config, parallel = transformer.config, transformer.config.use_parallel_residual
    _require(not config.qk_layernorm)  # whose weights differ from head to head
    like_llama = _llama(transformer)
    layers = [
        layer._replace(mlp_norm=layer.attention_norm) if parallel else layer for layer in like_llama.layers
    ]
    arrangement = like_llama.arrangement._replace(parallel=parallel)
    return replace(like_llama, layers=layers, arrangement=arrangement)


def _starcoder2(transformer: Any) -> Description:
    """StarCoder2 (Lozhkov et al. 2024, arXiv:2402.19173)."""
    config, base = transformer.config, transformer.base_model
    return Description(
        [
            LayerModules(
                layer.input_layernorm,
                (layer.self_attn.q_proj, layer.self_attn.k_proj, layer.self_attn.v_proj),
                layer.self_attn.o_proj,
                layer.post_attention_layernorm,
                (layer.mlp.c_fc,),
                layer.mlp.c_proj,
            )
            for layer in base.layers
        ],
        _heads(config, base.layers[0].self_attn),
        Arrangement(_activation(config.hidden_act), gated=False, parallel=False),
        _words(base.embed_tokens),
        base.norm,
        [base.rotary_emb],
    )


FAMILIES: dict[str, Callable[[Any], Description]] = {
    "LlamaForCausalLM": _llama,
    "MistralForCausalLM": _llama,
    "Qwen2ForCausalLM": _llama,
    "Qwen3ForCausalLM": _llama,
    "Phi3ForCausalLM": _llama,
    "GemmaForCausalLM": _llama,
    "Gemma2ForCausalLM": _gemma2,
    "Gemma3ForCausalLM": _gemma3,
    "GPT2LMHeadModel": _gpt2,
    "GPTNeoXForCausalLM": _neox,
    "OPTForCausalLM": _opt,
    "PhiForCausalLM": _phi,
    "StableLmForCausalLM": _stablelm,
    "Starcoder2ForCausalLM": _starcoder2,
}
"""By the names of Transformers' classes."""


def _heads(config: Any, attention: Any) -> Heads:
    return Heads(config.num_attention_heads, config.num_key_value_heads, attention.head_dim)


def _words(table: nn.Module) -> Callable[[Tensor, Tensor], Tensor]:
    """Return an embedding that knows no positions."""
    return lambda ids, _: table(ids)


def _activation(name: str) -> str:
    _require(name in ACTIVATIONS)
    return ACTIVATIONS[name]


def _require(computed: bool) -> None:
    if not computed:
        raise Uncompiled
