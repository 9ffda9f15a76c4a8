"""The decoders of Llama, its relatives and GPT-2, each pass one call of a compiled function."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from model.kernels.compiled_layers import (
    Heads,
    Layer,
    Norm,
    Texts,
    Weights,
    compiled,
    gpt2_layers,
    linear,
    llama_layers,
    normalised,
)
from model.kernels.formats import Format, oriented, packed, packs
from model.kernels.packed_linear import Float16Linear, Float32Linear
from model.kernels.rowwise import gelu_tanh, silu
from model.network.batch import Batch
from model.network.final_norm import FinalNorm
from model.network.key_values import KeyValueSlots
from model.network.mlp import Mlp
from model.network.recording import HeadShape, Layout, laid_out
from model.reference.attention_rule import AttentionRule

FORMATS: tuple[Format, ...] = ("float32", "float16 weights")
"""What the compiled functions compute in."""


class CompiledDecoder(ABC):
    """All layers of one architecture, their weights packed in one number format."""

    KINDS: ClassVar[tuple[str, ...]]
    """Names of Transformers' classes, so that none is imported but the one that was loaded."""

    _norm: nn.Module
    """The final one."""

    def __init__(self, transformer: PreTrainedModel, form: Format, rules: Sequence[AttentionRule]) -> None:
        """Pack the weights; nothing of the transformer is kept but its embeddings and last norm."""
        self._form = form
        self._heads = self._heads_of(transformer)
        self._neurons = self._neurons_of(transformer)
        self._kinds = sorted({rule.visibility for rule in rules}, key=repr)
        kinds = [self._kinds.index(rule.visibility) for rule in rules]
        with ThreadPoolExecutor(torch.get_num_threads()) as workers:
            modules = self._modules(transformer)
            self._layers: list[Layer] = list(workers.map(self._layer, modules, kinds))
        heads, width = self._heads, transformer.config.hidden_size
        shapes = [HeadShape(heads.queries, heads.keys, heads.size, heads.size, rule) for rule in rules]
        self.layout: Layout = laid_out(shapes, width, width)

    @classmethod
    def takes(cls, transformer: PreTrainedModel) -> bool:
        """Return whether the compiled function computes just what this model does."""
        kind = type(transformer)
        known = kind.__name__ in cls.KINDS and kind.__module__.startswith("transformers.models.")
        return known and cls._takes_variant(transformer.config)

    @classmethod
    @abstractmethod
    def _takes_variant(cls, config: Any) -> bool:
        """Return whether a configuration of one of the `KINDS` is of the variant that is compiled."""

    def forward(self, slots: KeyValueSlots, batch: Batch) -> Tensor:
        """Return (N, width) rows of the N tokens; keys and values of what came before stand in the slots."""
        heads = self._heads
        slots.open(len(self._layers), heads.keys, heads.size)
        texts = Texts(
            batch.slots,
            batch.positions,
            batch.together,
            [(first, end, span.slot) for span, first, end in batch.chunks],
            [batch.single_bias(kind) for kind in self._kinds],
            [[batch.chunk_bias(span, kind) for span, _, _ in batch.chunks] for kind in self._kinds],
            batch.key_block,
        )
        rows = torch.empty(len(batch.token_ids), self.layout.width)
        final = self.layout.final
        rows[:, final.start : final.stop] = self._run(slots, batch, texts, rows)
        return rows

    def final_norms(self) -> Iterable[FinalNorm]:
        """Return what may be the final norm, which is known here."""
        return (FinalNorm(self._norm),)

    def project(self, layer: int, read: Tensor) -> Tensor:
        """Return (n, width) what a layer's output projection makes of (n, heads * size)."""
        return linear(read, self._layers[layer].output)

    def mlps(self, layer: int) -> Iterable[Mlp]:
        """Return what may be the MLP of a layer, which is known here."""
        found = self._layers[layer]

        def activate(read: Tensor) -> Tensor:
            return self._activations(linear(normalised(read, found.mlp_norm), found.up), found)

        def write(activations: Tensor) -> Tensor:
            return linear(activations, found.down)

        return (Mlp(activate, write, self._neurons, beside=False),)

    @abstractmethod
    def _activations(self, up: Tensor, layer: Layer) -> Tensor:
        """Return (n, F) what goes into the down projection, from what comes out of the one before."""

    @abstractmethod
    def _run(self, slots: KeyValueSlots, batch: Batch, texts: Texts, rows: Tensor) -> Tensor:
        """Run and record all layers; return (N, width) what the final norm makes of the result."""

    @abstractmethod
    def _heads_of(self, transformer: Any) -> Heads: ...

    @abstractmethod
    def _neurons_of(self, transformer: Any) -> int:
        """Return how many neurons the MLP of a layer has."""

    @abstractmethod
    def _modules(self, transformer: Any) -> Sequence[nn.Module]:
        """Return the layers as Transformers has them."""

    @abstractmethod
    def _layer(self, module: Any, kind: int) -> Layer:
        """Pack the weights of one layer that attends by a kind of mask."""

    def _weights(self, *linear_layers: Any) -> Weights:
        """Pack linear layers as one that gives their results side by side."""
        with torch.inference_mode():  # which is a thread's own
            weight = torch.cat([oriented(layer) for layer in linear_layers])
            biases = [layer.bias for layer in linear_layers if layer.bias is not None]
            bias = torch.cat(biases) if biases else None
            layer = packed(self._form, weight, bias)
        if isinstance(layer, Float16Linear):
            return Weights(torch.empty(0), layer.packed, layer.factor, None)
        assert isinstance(layer, Float32Linear)
        return Weights(layer.packed, None, 1.0, layer.bias)


class CompiledLlama(CompiledDecoder):
    """Llama, SmolLM2, TinyLlama, Mistral, Qwen2 and Qwen3."""

    KINDS: ClassVar[tuple[str, ...]] = (
        "LlamaForCausalLM",
        "MistralForCausalLM",
        "Qwen2ForCausalLM",
        "Qwen3ForCausalLM",
    )

    def __init__(self, transformer: PreTrainedModel, form: Format, rules: Sequence[AttentionRule]) -> None:
        super().__init__(transformer, form, rules)
        base: Any = transformer.base_model
        self._embeddings, self._rotary, self._norm = base.embed_tokens, base.rotary_emb, base.norm

    @classmethod
    def _takes_variant(cls, config: Any) -> bool:
        return bool(config.hidden_act == "silu")

    def _heads_of(self, transformer: Any) -> Heads:
        config, first = transformer.config, transformer.base_model.layers[0].self_attn
        return Heads(config.num_attention_heads, config.num_key_value_heads, first.head_dim, first.scaling)

    def _neurons_of(self, transformer: Any) -> int:
        return int(transformer.config.intermediate_size)

    def _activations(self, up: Tensor, layer: Layer) -> Tensor:
        gate, value = up.chunk(2, -1)
        return (gelu_tanh(gate) if layer.gelu else silu(gate)) * value

    def _modules(self, transformer: Any) -> Sequence[nn.Module]:
        layers: Sequence[nn.Module] = transformer.base_model.layers
        return layers

    def _layer(self, module: Any, kind: int) -> Layer:
        attention, mlp = module.self_attn, module.mlp
        return Layer(
            kind=kind,
            rotary=0,
            attention_norm=_norm(module.input_layernorm),
            qkv=self._weights(attention.q_proj, attention.k_proj, attention.v_proj),
            query_norm=_norm(attention.q_norm) if hasattr(attention, "q_norm") else None,
            key_norm=_norm(attention.k_norm) if hasattr(attention, "k_norm") else None,
            output=self._weights(attention.o_proj),
            attention_norm_behind=None,
            mlp_norm=_norm(module.post_attention_layernorm),
            up=self._weights(mlp.gate_proj, mlp.up_proj),
            gelu=False,
            down=self._weights(mlp.down_proj),
            mlp_norm_behind=None,
        )

    def _run(self, slots: KeyValueSlots, batch: Batch, texts: Texts, rows: Tensor) -> Tensor:
        x = self._embeddings(batch.token_ids)
        cos, sin = zip(*self._angles(x, batch.positions[None]), strict=True)
        layers = compiled(llama_layers)
        turns = [one[0, :, None] for one in cos], [one[0, :, None] for one in sin]
        leaving = layers(x, self._layers, self._heads, *turns, slots.keys, slots.values, texts, rows)
        final: Tensor = self._norm(leaving)
        return final

    def _angles(self, x: Tensor, positions: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Return cos and sin of each rotary embedding, (1, N, size) each."""
        return [self._rotary(x, positions)]


class CompiledGemma3(CompiledLlama):
    """Gemma 3 (arXiv:2503.19786): norms before and behind attention and MLP, two rotary embeddings."""

    KINDS: ClassVar[tuple[str, ...]] = ("Gemma3ForCausalLM",)

    def __init__(self, transformer: PreTrainedModel, form: Format, rules: Sequence[AttentionRule]) -> None:
        self._layer_types = sorted(set(transformer.config.layer_types))
        super().__init__(transformer, form, rules)

    @classmethod
    def _takes_variant(cls, config: Any) -> bool:
        return bool(config.hidden_activation == "gelu_pytorch_tanh")

    def _layer(self, module: Any, kind: int) -> Layer:
        return (
            super()
            ._layer(module, kind)
            ._replace(
                rotary=self._layer_types.index(module.self_attn.layer_type),
                attention_norm_behind=_norm(module.post_attention_layernorm),
                mlp_norm=_norm(module.pre_feedforward_layernorm),
                gelu=True,
                mlp_norm_behind=_norm(module.post_feedforward_layernorm),
            )
        )

    def _angles(self, x: Tensor, positions: Tensor) -> list[tuple[Tensor, Tensor]]:
        return [self._rotary(x, positions, layer_type) for layer_type in self._layer_types]


class CompiledGPT2(CompiledDecoder):
    """GPT-2 in all its sizes."""

    KINDS = ("GPT2LMHeadModel",)

    def __init__(self, transformer: PreTrainedModel, form: Format, rules: Sequence[AttentionRule]) -> None:
        super().__init__(transformer, form, rules)
        base: Any = transformer.base_model
        self._embeddings, self._positions, self._norm = base.wte, base.wpe, base.ln_f

    @classmethod
    def _takes_variant(cls, config: Any) -> bool:
        # As OpenAI published it: no variant of the scaling, GELU by tanh.
        return (
            config.activation_function in ("gelu_new", "gelu_pytorch_tanh")
            and not config.scale_attn_by_inverse_layer_idx
            and not config.add_cross_attention
        )

    def _heads_of(self, transformer: Any) -> Heads:
        attention = transformer.base_model.h[0].attn
        return Heads(attention.num_heads, attention.num_heads, attention.head_dim, attention.scaling)

    def _neurons_of(self, transformer: Any) -> int:
        return int(transformer.base_model.h[0].mlp.c_fc.nf)

    def _activations(self, up: Tensor, layer: Layer) -> Tensor:
        return gelu_tanh(up)

    def _modules(self, transformer: Any) -> Sequence[nn.Module]:
        layers: Sequence[nn.Module] = transformer.base_model.h
        return layers

    def _layer(self, module: Any, kind: int) -> Layer:
        return Layer(
            kind=kind,
            rotary=0,
            attention_norm=_norm(module.ln_1),
            qkv=self._weights(module.attn.c_attn),
            query_norm=None,
            key_norm=None,
            output=self._weights(module.attn.c_proj),
            attention_norm_behind=None,
            mlp_norm=_norm(module.ln_2),
            up=self._weights(module.mlp.c_fc),
            gelu=True,
            down=self._weights(module.mlp.c_proj),
            mlp_norm_behind=None,
        )

    def _run(self, slots: KeyValueSlots, batch: Batch, texts: Texts, rows: Tensor) -> Tensor:
        x = self._embeddings(batch.token_ids) + self._positions(batch.positions)
        leaving = compiled(gpt2_layers)(x, self._layers, self._heads, slots.keys, slots.values, texts, rows)
        final: Tensor = self._norm(leaving)
        return final


def kind_for(transformer: PreTrainedModel, form: Format) -> type[CompiledDecoder] | None:
    """Return the compiled decoder for a float32 model on the CPU; None if there is none."""
    if form not in FORMATS or transformer.device.type != "cpu" or not all(map(packs, ("float32", form))):
        return None
    kinds: tuple[type[CompiledDecoder], ...] = (CompiledLlama, CompiledGemma3, CompiledGPT2)
    for kind in kinds:
        if kind.takes(transformer):
            return kind
    return None


def _norm(module: Any) -> Norm:
    epsilon = module.variance_epsilon if hasattr(module, "variance_epsilon") else module.eps
    weight = 1.0 + module.weight.detach() if type(module).__name__.startswith("Gemma") else module.weight
    return Norm(weight, getattr(module, "bias", None), epsilon)
