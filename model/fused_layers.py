"""The same layers in fewer calls: what a token costs beside its arithmetic.

One row through a small model is over in microseconds an operation, so that their number counts. Queries,
keys and values come from one product instead of three, gate and up projection from one instead of two,
and rotary embedding and norm are written with fewer operations. Same numbers up to rounding.
"""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.models.llama.modeling_llama import (
    LlamaAttention,
    LlamaMLP,
    LlamaRMSNorm,
    eager_attention_forward,
)
from transformers.models.qwen2.modeling_qwen2 import Qwen2Attention, Qwen2MLP, Qwen2RMSNorm


def fused(transformer: PreTrainedModel) -> PreTrainedModel:
    """Return a second model with fused layers, or the model itself where none of its layers is known.

    Everything that is not joined is shared with the first, which stays as it is.

    Args:
        transformer: causal LM in float32, neither converted nor prepared for recording.
    """
    if not any(type(module) in KINDS for module in transformer.modules()):
        return transformer
    tensors = {id(tensor): tensor for tensor in (*transformer.parameters(), *transformer.buffers())}
    second = copy.deepcopy(transformer, tensors)
    for module in list(second.modules()):
        kind = KINDS.get(type(module))
        if kind is not None:
            module.__class__ = kind
            module.join()  # type: ignore[operator]
    return second


class FusedAttention(nn.Module):
    """Queries, keys and values in one product; rotary embedding (Su et al. 2021, arXiv:2104.09864) once."""

    config: Any
    head_dim: int
    layer_idx: int
    scaling: float
    o_proj: nn.Module

    def join(self) -> None:
        """Replace the three projections."""
        self.qkv_proj = _joined(self, "q_proj", "k_proj", "v_proj")

    def forward(
        self,
        hidden_states: Tensor,
        position_embeddings: tuple[Tensor, Tensor],
        attention_mask: Tensor | None = None,
        past_key_values: Any = None,
        **kwargs: Any,
    ) -> tuple[Tensor, Tensor | None]:
        """Return what Transformers' own attention does."""
        heads = self.qkv_proj(hidden_states).unflatten(-1, (-1, self.head_dim))
        value_heads = self.config.num_key_value_heads
        query_heads = heads.shape[-2] - 2 * value_heads
        turned = _rotated(heads[:, :, :-value_heads], *position_embeddings)
        query = turned[:, :, :query_heads].transpose(1, 2)
        key = turned[:, :, query_heads:].transpose(1, 2)
        value = heads[:, :, -value_heads:].transpose(1, 2)
        if past_key_values is not None:
            key, value = past_key_values.update(key, value, self.layer_idx)
        attend = ALL_ATTENTION_FUNCTIONS.get_interface(
            self.config._attn_implementation, eager_attention_forward
        )
        window = getattr(self, "sliding_window", None)
        read, weights = attend(
            self,
            query,
            key,
            value,
            attention_mask,
            dropout=0.0,
            scaling=self.scaling,
            sliding_window=window,
            **kwargs,
        )
        return self.o_proj(read.flatten(2)), weights


class FusedMLP(nn.Module):
    """Gate and up projection in one product."""

    act_fn: nn.Module
    down_proj: nn.Module

    def join(self) -> None:
        """Replace the two projections."""
        self.gate_up_proj = _joined(self, "gate_proj", "up_proj")

    def forward(self, x: Tensor) -> Tensor:
        """Return what Transformers' own MLP does."""
        gate, up = self.gate_up_proj(x).chunk(2, -1)
        down: Tensor = self.down_proj(self.act_fn(gate) * up)
        return down


class FusedRMSNorm(nn.Module):
    """Root mean square norm (Zhang and Sennrich 2019, arXiv:1910.07467) by way of the vector's length."""

    weight: Tensor
    variance_epsilon: float

    def join(self) -> None:
        """Keep what the norm needs as numbers."""
        self.root = len(self.weight) ** 0.5

    def forward(self, x: Tensor) -> Tensor:
        """Return what Transformers' own norm does, in float32."""
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
        inverse = torch.rsqrt_((length / self.root).square_().add_(self.variance_epsilon))
        return (x * inverse).to(x.dtype) * self.weight


class FusedLlamaAttention(FusedAttention, LlamaAttention):  # type: ignore[misc]
    """For Llama, SmolLM2, TinyLlama."""


class FusedQwen2Attention(FusedAttention, Qwen2Attention):  # type: ignore[misc]
    """For Qwen2 and Qwen2.5."""


class FusedLlamaMLP(FusedMLP, LlamaMLP):  # type: ignore[misc]
    """For Llama, SmolLM2, TinyLlama."""


class FusedQwen2MLP(FusedMLP, Qwen2MLP):  # type: ignore[misc]
    """For Qwen2 and Qwen2.5."""


class FusedLlamaRMSNorm(FusedRMSNorm, LlamaRMSNorm):  # type: ignore[misc]
    """For Llama, SmolLM2, TinyLlama."""


class FusedQwen2RMSNorm(FusedRMSNorm, Qwen2RMSNorm):  # type: ignore[misc]
    """For Qwen2 and Qwen2.5."""


KINDS: dict[type[nn.Module], type[nn.Module]] = {
    LlamaAttention: FusedLlamaAttention,
    Qwen2Attention: FusedQwen2Attention,
    LlamaMLP: FusedLlamaMLP,
    Qwen2MLP: FusedQwen2MLP,
    LlamaRMSNorm: FusedLlamaRMSNorm,
    Qwen2RMSNorm: FusedQwen2RMSNorm,
}
"""What takes the place of what: subclasses, so that Transformers still knows an attention as one."""


def _rotated(heads: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Return (1, N, heads, size) rotated by the (1, N, size) angles of their positions."""
    first, second = heads.chunk(2, -1)
    quarter_turned = torch.cat((-second, first), -1)
    return torch.addcmul(heads * cos.unsqueeze(2), quarter_turned, sin.unsqueeze(2))


@torch.no_grad()
def _joined(module: nn.Module, *names: str) -> nn.Linear:
    """Take linear layers out of a module and return one that stands for them, results side by side."""
    layers: list[Any] = [getattr(module, name) for name in names]
    for name in names:
        delattr(module, name)
    rows = sum(layer.out_features for layer in layers)
    joined = nn.Linear(layers[0].in_features, rows, bias=layers[0].bias is not None, device="meta")
    joined.weight = nn.Parameter(torch.cat([layer.weight for layer in layers]), requires_grad=False)
    if layers[0].bias is not None:
        joined.bias = nn.Parameter(torch.cat([layer.bias for layer in layers]), requires_grad=False)
    return joined
