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
from model.kernels.packed_linear import LONGEST_SINGLE, with_more_rows
from model.kernels.rowwise import gelu, gelu_tanh, silu

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
    more_rows: Tensor
    """What FBGEMM needs to add in one order: see `rows_to_add`; empty for oneDNN."""


class Norm(NamedTuple):
    """A norm over the last dimension."""

    weight: Tensor
    bias: Tensor | None
    """None for a root mean square norm."""
    epsilon: float


class Layer(NamedTuple):
    """One decoder layer: attention and MLP, each behind its norm."""

    kind: int
    """Which of the model's masks its attention has."""
    scaling: float
    """Factor on query times key."""
    cap: float
    """Of the scores; 0 for none."""
    rotary: int
    """By which of the model's rotary embeddings it turns queries and keys, if there are any."""
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
    down: Weights
    mlp_norm_behind: Norm | None
    """Over what the MLP adds to the stream (Gemma 3)."""


class Heads(NamedTuple):
    """How many heads of which size."""

    queries: int
    keys: int
    """As many values; several queries may share one."""
    size: int
    query_scaling: float = 1.0
    """Factor on the queries themselves, before they are recorded (OPT)."""


class Arrangement(NamedTuple):
    """How the parts of a layer are put together, the same in all layers."""

    activation: str
    """`silu`, `gelu`, `gelu_tanh` or `relu`."""
    gated: bool
    """Whether one half of the up projection, under the activation, multiplies the other (Shazeer 2020)."""
    parallel: bool
    """Whether the MLP reads what attention reads, not what that has added to (Wang and Komatsuzaki 2021)."""


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
        scaled = torch.ops.quantized.linear_dynamic_fp16(with_more_rows(x, weights.more_rows), half)
        scaled = scaled[: x.size(0)]
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


def bent(x: Tensor, activation: str) -> Tensor:
    """Return (N, F) numbers under an activation function of `Arrangement`.

    Raises:
        ValueError: it is none of these.
    """
    if activation == "silu":
        return silu(x)
    if activation == "gelu":
        return gelu(x)
    if activation == "gelu_tanh":
        return gelu_tanh(x)
    if activation == "relu":
        return x.relu()
    raise ValueError(activation)


def activated(up: Tensor, arrangement: Arrangement) -> Tensor:
    """Return (N, F) what goes into the down projection, from what comes out of the one before."""
    if not arrangement.gated:
        return bent(up, arrangement.activation)
    gate, value = up.chunk(2, -1)
    return bent(gate, arrangement.activation).mul_(value)


def rotated(heads: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Return (N, heads, size) whose first numbers are rotated by the (N, 1, r) angles of their positions.

    Rotary position embedding (Su et al. 2021, arXiv:2104.09864), halves paired as in Llama. Of the numbers of
    a head all are turned, or the first r (Black et al. 2022, arXiv:2204.06745).
    """
    width = cos.size(-1)
    half = width // 2
    turning = heads[:, :, :width]
    quarter_turned = torch.cat([-heads[:, :, half:width], heads[:, :, :half]], -1)
    turned = torch.addcmul(turning * cos, quarter_turned, sin)
    return turned if width == heads.size(-1) else torch.cat([turned, heads[:, :, width:]], -1)


def queries_keys_values(
    read: Tensor, layer: Layer, heads: Heads, cos: list[Tensor], sin: list[Tensor]
) -> tuple[Tensor, Tensor]:
    """Return (N, queries and keys, size) as they meet, and (N, values, size), for (N, width)."""
    turning = heads.queries + heads.keys
    qkv = linear(read, layer.qkv).view(read.size(0), -1, heads.size)
    meeting, value = qkv[:, :turning], qkv[:, turning:]
    if heads.query_scaling != 1.0:
        qkv[:, : heads.queries].mul_(heads.query_scaling)
    query_norm, key_norm = layer.query_norm, layer.key_norm
    if query_norm is not None and key_norm is not None:
        query = normalised(qkv[:, : heads.queries], query_norm)
        meeting = torch.cat([query, normalised(qkv[:, heads.queries : turning], key_norm)], 1)
    if len(cos) > 0:
        meeting = rotated(meeting, cos[layer.rotary], sin[layer.rotary])
    return meeting, value


def attended(query: Tensor, keys: Tensor, values: Tensor, texts: Texts, layer: Layer) -> Tensor:
    """Return (N, heads * size): what (N, heads, size) queries read, each from its own text's slot."""
    n, block, kind = texts.together, texts.key_block, layer.kind
    query = query * layer.scaling
    read: list[Tensor] = []
    if n > 0:
        bias = texts.single_bias[kind]
        read.append(attend_singles(query[:n], keys[:n], values[:n], bias, layer.cap, block))
    for index, (first, end, slot) in enumerate(texts.chunks):
        bias = texts.chunk_bias[kind][index]
        read.append(attend_chunk(query[first:end], keys[slot], values[slot], bias, layer.cap, block))
    return torch.cat(read) if len(read) > 1 else read[0]


def decoder_layers(
    x: Tensor,
    layers: list[Layer],
    heads: Heads,
    arrangement: Arrangement,
    cos: list[Tensor],
    sin: list[Tensor],
    keys: list[Tensor],
    values: list[Tensor],
    texts: Texts,
) -> list[Tensor]:
    """Run all layers of a decoder and record them.

    Args:
        x: (N, width) embeddings.
        layers: their weights.
        heads: of each.
        arrangement: of each.
        cos: by rotary embedding (N, 1, size) of the positions, as is `sin`; none where nothing is turned.
        sin: see `cos`.
        keys: by layer (slots, heads, length, size), as are values; those of these tokens are added.
        values: see `keys`.
        texts: whose tokens these are.

    Returns:
        what stands side by side in a row of the record, (N, ...) each; the last leaves the last layer.
    """
    recorded: list[Tensor] = []
    for index, layer in enumerate(layers):
        meeting, value = queries_keys_values(normalised(x, layer.attention_norm), layer, heads, cos, sin)
        query, key = meeting[:, : heads.queries], meeting[:, heads.queries :]
        recorded.extend([meeting.flatten(1), value.flatten(1), x])
        keys[index][texts.slots, :, texts.positions] = key
        values[index][texts.slots, :, texts.positions] = value
        read = attended(query, keys[index], values[index], texts, layer)
        attention = behind(linear(read, layer.output), layer.attention_norm_behind)
        with_attention = x + attention
        mlp_reads = x if arrangement.parallel else with_attention
        up = linear(normalised(mlp_reads, layer.mlp_norm), layer.up)
        x = with_attention + behind(linear(activated(up, arrangement), layer.down), layer.mlp_norm_behind)
    recorded.append(x)
    return recorded
