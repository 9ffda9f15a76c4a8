"""The layers of a decoder as functions that run without the interpreter (TorchScript).

A small model is over in microseconds an operation. Called from Python, each of some 1,500 operations a pass
costs as much again, and each gives the interpreter lock away and waits for it, behind whatever serves the
visitors. Compiled, all layers are one call that never asks for the lock. PyTorch calls `torch.jit.script`
deprecated: `torch.compile` takes a C++ compiler and a minute, and `torch.export` does not run what it writes.

Everything is float32; a linear layer's weights may be packed in another format. Columns of the record are
those of `Layout`: queries, keys, values and the entering residual stream of each layer, then the stream
that leaves the last one, then what the final norm makes of it.
"""

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, Optional

import torch
from torch import Tensor

from model.kernels.block_attention import attend_chunk, attend_singles
from model.kernels.packed_linear import LONGEST_SINGLE
from model.kernels.rowwise import gelu_tanh, silu

Float16Weights: Any = torch.classes.quantized.LinearPackedParamsBase


@cache
def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function, without PyTorch's word on what else one might use.

    Raises:
        RuntimeError: this PyTorch lacks one of its operations.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        script: Callable[..., Any] = torch.jit.script(function)
    return script


class Weights(NamedTuple):
    """A linear layer."""

    float32: Tensor
    """In the order that oneDNN wants; empty if the next one is there."""
    float16: Optional[Float16Weights]  # noqa: UP045 - a class of TorchScript takes no bar
    """For FBGEMM, the bias among them."""
    factor: float
    """By which these are larger than the layer's: see `Float16Linear`."""
    bias: Tensor | None


class Norm(NamedTuple):
    """A norm over the last dimension."""

    weight: Tensor
    bias: Tensor | None
    """None for a root mean square norm."""
    epsilon: float


class Layer(NamedTuple):
    """One decoder layer: attention, then MLP, each behind its norm."""

    kind: int
    """Which of the model's masks its attention has."""
    rotary: int
    """By which of the model's rotary embeddings it turns queries and keys."""
    attention_norm: Norm
    qkv: Weights
    """Queries, keys and values side by side."""
    query_norm: Norm | None
    """Over each head, before the rotation (Qwen3)."""
    key_norm: Norm | None
    output: Weights
    attention_norm_behind: Norm | None
    """Over what attention adds to the stream (Gemma 3)."""
    mlp_norm: Norm
    up: Weights
    """Gate and up projection side by side where the MLP is gated."""
    gelu: bool
    """Whether the gate is GELU by tanh, not SiLU."""
    down: Weights
    mlp_norm_behind: Norm | None
    """Over what the MLP adds to the stream (Gemma 3)."""


class Heads(NamedTuple):
    """How many heads of which size."""

    queries: int
    keys: int
    """As many values; several queries may share one."""
    size: int
    scaling: float
    """Factor on query times key."""


class Texts(NamedTuple):
    """Which token of the pass belongs to which text: see `Batch`."""

    slots: Tensor
    positions: Tensor
    together: int
    chunks: list[tuple[int, int, int]]
    """First and last row, and slot, of every longer piece."""
    single_bias: list[Tensor]
    """By kind of layer: see `attend_singles`."""
    chunk_bias: list[list[Tensor]]
    """By kind of layer and piece: see `attend_chunk`."""
    key_block: int
    """Keys that attention takes at once."""


def linear(x: Tensor, weights: Weights, longest_single: int = LONGEST_SINGLE) -> Tensor:
    """Return (N, out) for (N, in); a single row longer than that becomes two: see `Float32Linear`."""
    half = weights.float16
    if half is not None:
        scaled = torch.ops.quantized.linear_dynamic_fp16(x, half)
        return scaled if weights.factor == 1.0 else scaled.div_(weights.factor)  # type: ignore[no-any-return]
    rows = x.expand(2, -1) if x.size(0) == 1 and x.size(1) > longest_single else x
    y = torch.ops.mkldnn._linear_pointwise(rows, weights.float32, weights.bias, "none", [], "")
    return y[: x.size(0)]  # type: ignore[no-any-return]


def normalised(x: Tensor, norm: Norm) -> Tensor:
    """Return what a norm makes of the vectors in the last dimension.

    Layer norm (Ba et al. 2016, arXiv:1607.06450), or root mean square norm (Zhang and Sennrich 2019,
    arXiv:1910.07467) by way of the vector's length, which takes fewer operations.
    """
    bias = norm.bias
    if bias is not None:
        return torch.nn.functional.layer_norm(x, [x.size(-1)], norm.weight, bias, norm.epsilon)
    mean_square = torch.linalg.vector_norm(x, 2.0, [-1], True).square_().div_(x.size(-1))
    return (x * torch.rsqrt_(mean_square.add_(norm.epsilon))).mul_(norm.weight)


def behind(x: Tensor, norm: Norm | None) -> Tensor:
    """Return vectors under a norm, if there is one."""
    return x if norm is None else normalised(x, norm)


def rotated(heads: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Return (N, heads, size) rotated by the (N, 1, size) angles of their positions.

    Rotary position embedding (Su et al. 2021, arXiv:2104.09864), halves paired as in Llama.
    """
    half = heads.size(-1) // 2
    quarter_turned = torch.cat([-heads[:, :, half:], heads[:, :, :half]], -1)
    return torch.addcmul(heads * cos, quarter_turned, sin)


def attended(query: Tensor, keys: Tensor, values: Tensor, texts: Texts, kind: int, scaling: float) -> Tensor:
    """Return (N, heads * size): what (N, heads, size) queries read, each from its own text's slot."""
    n, block = texts.together, texts.key_block
    query = query * scaling
    read: list[Tensor] = []
    if n > 0:
        read.append(attend_singles(query[:n], keys[:n], values[:n], texts.single_bias[kind], 0.0, block))
    for index, (first, end, slot) in enumerate(texts.chunks):
        bias = texts.chunk_bias[kind][index]
        read.append(attend_chunk(query[first:end], keys[slot], values[slot], bias, 0.0, block))
    return torch.cat(read) if len(read) > 1 else read[0]


def llama_layers(
    x: Tensor,
    layers: list[Layer],
    heads: Heads,
    cos: list[Tensor],
    sin: list[Tensor],
    keys: list[Tensor],
    values: list[Tensor],
    texts: Texts,
    rows: Tensor,
) -> Tensor:
    """Run all layers of a Llama or of one of its relatives and record them.

    Args:
        x: (N, width) embeddings.
        layers: their weights.
        heads: of each.
        cos: by rotary embedding (N, 1, size) of the positions, as is `sin`.
        sin: see `cos`.
        keys: by layer (slots, heads, length, size), as are values; those of these tokens are added.
        values: see `keys`.
        texts: whose tokens these are.
        rows: (N, width of the record), filled from its beginning.

    Returns:
        (N, width) what leaves the last layer.
    """
    turning = heads.queries + heads.keys
    at = 0
    for index, layer in enumerate(layers):
        qkv = linear(normalised(x, layer.attention_norm), layer.qkv).view(x.size(0), -1, heads.size)
        query, key, value = qkv.split([heads.queries, heads.keys, heads.keys], 1)
        query_norm, key_norm = layer.query_norm, layer.key_norm
        if query_norm is not None and key_norm is not None:
            query, key = normalised(query, query_norm), normalised(key, key_norm)
            turned = rotated(torch.cat([query, key], 1), cos[layer.rotary], sin[layer.rotary])
        else:
            turned = rotated(qkv[:, :turning], cos[layer.rotary], sin[layer.rotary])
        query, key = turned[:, : heads.queries], turned[:, heads.queries :]
        end = at + turning * heads.size
        rows[:, at:end] = turned.flatten(1)
        rows[:, end : end + heads.keys * heads.size] = value.flatten(1)
        at = end + heads.keys * heads.size
        rows[:, at : at + x.size(1)] = x
        at += x.size(1)
        keys[index][texts.slots, :, texts.positions] = key
        values[index][texts.slots, :, texts.positions] = value
        read = attended(query, keys[index], values[index], texts, layer.kind, heads.scaling)
        x = x + behind(linear(read, layer.output), layer.attention_norm_behind)
        gate, up = linear(normalised(x, layer.mlp_norm), layer.up).chunk(2, -1)
        gated = gelu_tanh(gate) if layer.gelu else silu(gate)
        x = x + behind(linear(gated.mul_(up), layer.down), layer.mlp_norm_behind)
    rows[:, at : at + x.size(1)] = x
    return x


def gpt2_layers(
    x: Tensor,
    layers: list[Layer],
    heads: Heads,
    keys: list[Tensor],
    values: list[Tensor],
    texts: Texts,
    rows: Tensor,
) -> Tensor:
    """Run all layers of a GPT-2 and record them; arguments as those of `llama_layers`."""
    at = 0
    for index, layer in enumerate(layers):
        qkv = linear(normalised(x, layer.attention_norm), layer.qkv)
        rows[:, at : at + qkv.size(1)] = qkv
        at += qkv.size(1)
        rows[:, at : at + x.size(1)] = x
        at += x.size(1)
        query, key, value = qkv.view(x.size(0), -1, heads.size).chunk(3, 1)
        keys[index][texts.slots, :, texts.positions] = key
        values[index][texts.slots, :, texts.positions] = value
        read = attended(query, keys[index], values[index], texts, layer.kind, heads.scaling)
        x = x + linear(read, layer.output)
        up = linear(normalised(x, layer.mlp_norm), layer.up)
        x = x + linear(gelu_tanh(up), layer.down)
    rows[:, at : at + x.size(1)] = x
    return x
