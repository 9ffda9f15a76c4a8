"""The number formats in which a model can run, and a second model in one of them beside the first.

"Weights" formats round the linear layers' weights alone, where nearly all the time goes, and share the rest.
On the processor even float32 packs them: the same numbers, in the order that the fastest kernel reads, and in
half the bytes where float16 holds every one of them.
"""

import copy
import platform
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any, Literal

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from model.kernels.packed_linear import (
    INT8_BLOCK,
    Float16Linear,
    Float32Linear,
    Int8Linear,
    PackedLinear,
    Unrepresentable,
    lossless_factor,
    require_range,
)

Format = Literal["float32", "float16 weights", "int8 weights", "bfloat16", "float16"]

FORMATS: dict[Format, str] = {
    "float32": "Everything in float32: the numbers that the model's weights stand for.",
    "float16 weights": "Weights of the linear layers rounded to float16; all arithmetic in float32.",
    "int8 weights": "Weights of the linear layers rounded to 255 steps a row, their inputs to bfloat16.",
    "bfloat16": "Everything in bfloat16: the range of float32 with 8 significant bits.",
    "float16": "Everything in float16: 11 significant bits, up to 65,504.",
}
"""Every format and what it rounds."""

WHOLE: dict[Format, torch.dtype] = {"bfloat16": torch.bfloat16, "float16": torch.float16}
"""Formats of the whole model."""

PACKED: dict[Format, type[PackedLinear]] = {
    "float32": Float32Linear,
    "float16 weights": Float16Linear,
    "int8 weights": Int8Linear,
}
"""Formats that pack the linear layers' weights, all for the CPU."""


def available(device: torch.device) -> tuple[Format, ...]:
    """Return the formats in which a model can run on the device, float32 first."""
    if device.type == "cpu":
        return ("float32", *(form for form in PACKED if form != "float32" and packs(form)), *WHOLE)
    if device.type == "cuda":
        return ("float32", *WHOLE)
    return ("float32", "float16")


@torch.no_grad()
def converted(transformer: PreTrainedModel, form: Format) -> PreTrainedModel:
    """Return a second model in the format, in the state of the first; the first stays as it is.

    Everything that is not rounded is shared. A format of the weights leaves the embeddings (where the output
    embedding is tied to them, the output alone is rounded), the norms, and layers that it does not take.
    For float32 it is `transformer` itself where nothing packs float32. Takes 10 ns a weight or less.

    Args:
        transformer: causal LM in float32, not yet prepared for recording.
        form: one of `available(transformer.device)`.

    Raises:
        Unrepresentable: a weight lies outside the range of the format.
    """
    if form == "float32" and not packs_here(form, transformer.device):
        return transformer
    if form in WHOLE:
        return _whole(transformer, WHOLE[form])
    second = _sharing(transformer, {})
    layers = {layer: name for name, layer in second.named_modules() if _takes(form, layer)}
    # The largest first: one worker is busy with the output embedding while others do the rest.
    order = sorted(layers, key=lambda layer: -oriented(layer).numel())
    with ThreadPoolExecutor(torch.get_num_threads()) as workers:
        new = dict(zip(order, workers.map(partial(_pack, form, layers), order), strict=True))
    for parent in list(second.modules()):
        for name, child in parent._modules.items():
            if child is not None and child in new:
                parent._modules[name] = new[child].train(child.training)
    return second


def packed(form: Format, weight: Tensor, bias: Tensor | None) -> PackedLinear:
    """Return a linear layer with (out, in) float32 weights packed in a format.

    In float32 the layer is `Float16Linear` where that holds the weights to the last bit: its arithmetic is as
    exact, and reading weights is what takes the time.

    Raises:
        Unrepresentable: a weight lies outside the range of the format.
    """
    if form == "float32" and packs("float16 weights"):
        factor = lossless_factor(weight)
        if factor is not None:
            return Float16Linear(weight.contiguous(), bias, factor)
    return PACKED[form](weight.contiguous(), bias)  # type: ignore[call-arg]


def oriented(layer: Any) -> Tensor:
    """Return the (out, in) weights of a linear layer: GPT-2's Conv1D keeps them the other way round."""
    weight: Tensor = layer.weight.detach()
    return weight.T if isinstance(layer, Conv1D) else weight


def linear_layers(transformer: nn.Module) -> Iterator[tuple[nn.Module, int, int]]:
    """Yield every linear layer, whatever its format, with the widths of its input and output."""
    for module in transformer.modules():
        if isinstance(module, nn.Linear | PackedLinear):
            yield module, int(module.in_features), int(module.out_features)
        elif isinstance(module, Conv1D):
            yield module, int(module.nx), int(module.nf)


def _whole(transformer: PreTrainedModel, dtype: torch.dtype) -> PreTrainedModel:
    """Convert the parameters alone: Transformers keeps buffers, such as rotary frequencies, in float32."""
    for name, parameter in transformer.named_parameters():
        require_range(parameter, dtype, name)
    second = _sharing(
        transformer,
        {
            id(parameter): nn.Parameter(parameter.to(dtype), parameter.requires_grad)
            for parameter in transformer.parameters()
        },
    )
    second.config.dtype = dtype
    return second


def _sharing(transformer: PreTrainedModel, replaced: dict[int, Any]) -> PreTrainedModel:
    """Copy modules and configuration, but not the tensors: each is shared, or `replaced` by its id."""
    shared = {id(tensor): tensor for tensor in (*transformer.parameters(), *transformer.buffers())}
    return copy.deepcopy(transformer, shared | replaced)


def _takes(form: Format, layer: nn.Module) -> bool:
    # A subclass may compute something else.
    if type(layer) is not nn.Linear and type(layer) is not Conv1D:
        return False
    return form != "int8 weights" or oriented(layer).shape[1] % INT8_BLOCK == 0


@torch.no_grad()  # which is a thread's own
def _pack(form: Format, names: dict[nn.Module, str], layer: Any) -> nn.Module:
    try:
        return packed(form, oriented(layer), None if layer.bias is None else layer.bias.detach())
    except Unrepresentable as error:
        raise Unrepresentable(f"{names[layer]}: {error}") from error


def packs_here(form: Format, device: torch.device) -> bool:
    """Return whether a device computes with weights packed in a format."""
    return device.type == "cpu" and packs(form)


@cache
def packs(form: Format) -> bool:
    """Return whether this processor computes with weights packed in a format.

    Tried on a matrix of powers of two, which every format holds exactly.
    """
    if form == "float16 weights" and not (
        platform.machine().lower() in {"x86_64", "amd64"}
        and "fbgemm" in torch.backends.quantized.supported_engines
    ):
        return False
    try:
        result = PACKED[form](2 * torch.eye(INT8_BLOCK), None)(torch.ones(2, INT8_BLOCK))  # type: ignore[call-arg]
    except (RuntimeError, AttributeError):  # PyTorch was built without the kernel
        return False
    return bool(torch.allclose(result, torch.full_like(result, 2.0), rtol=0.01))
