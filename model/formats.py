"""The number formats in which a model can run, and a second model in one of them beside the first.

"Weights" formats round the linear layers' weights alone, where nearly all the time goes, and share the rest.
On the processor even float32 packs them: the same numbers, in the order that the fastest kernel reads.
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

PACKED_FOR_ROWS = 16
"""Rows that oneDNN expects: for so many it chooses an order that is good for one and for 64 as well."""
LONGEST_SINGLE = 768
"""Numbers of a row up to which oneDNN adds in the same order whether it is alone or not."""
INT8_BLOCK = 16
"""Weights that PyTorch's int8 kernel reads at once; it runs past the end of rows that are no multiple."""


class Unrepresentable(Exception):
    """A weight lies outside the range of the format, where it would silently become another number."""


class PackedLinear(nn.Module):
    """A linear layer that keeps its weights in another format than it is called in.

    It has no `weight`: a model that asks for it, or for its dtype, fails instead of computing nonsense.
    """

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.out_features, self.in_features = weight.shape

    def extra_repr(self) -> str:
        """Return what `repr` shows of the layer, as `nn.Linear` does."""
        return f"in_features={self.in_features}, out_features={self.out_features}"


class Float32Linear(PackedLinear):
    """float32 weights in the order that oneDNN reads.

    On 2 cores of an AMD EPYC it takes 12 ms for one row through the default model where `nn.Linear`, which
    asks MKL, takes 27, and 17 for sixteen where that takes 41. A row's result is the same to the last bit
    however many rows are computed with it. For one row alone, if it is long, oneDNN adds in another order;
    it gets two then.
    """

    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        """Pack (out, in) weights and keep an (out,) bias."""
        super().__init__(weight)
        self.packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, PACKED_FOR_ROWS)
        self.register_buffer("bias", bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., out) for (..., in)."""
        rows = x.reshape(-1, self.in_features)
        count = len(rows)
        rows = rows.expand(2, -1) if count == 1 and self.in_features > LONGEST_SINGLE else rows
        result: Tensor = torch.ops.mkldnn._linear_pointwise(rows, self.packed, self.bias, "none", [], "")
        return result[:count].view(*x.shape[:-1], self.out_features)


class Float16Linear(PackedLinear):
    """float16 weights, float32 everything else: FBGEMM, for x86.

    A row's result is the same to the last bit however many rows are computed with it.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        """Pack (out, in) float32 weights and an (out,) float32 bias.

        Raises:
            Unrepresentable: a weight lies beyond float16.
        """
        super().__init__(weight)
        _require_range(weight, torch.float16)
        self.packed = torch.ops.quantized.linear_prepack_fp16(weight, bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., out) float32 for (..., in) float32."""
        if x.dim() == 1:  # which the kernel refuses
            return self.forward(x[None])[0]
        result: Tensor = torch.ops.quantized.linear_dynamic_fp16(x, self.packed)
        return result


class Int8Linear(PackedLinear):
    """int8 weights, one scale for each output; inputs and outputs rounded to bfloat16, bias in float32."""

    codes: Tensor
    """(out, in) int8."""
    scales: Tensor
    """(out,) bfloat16; a weight is its code times its row's scale."""
    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        """Round (out, in) float32 weights, `in` a multiple of `INT8_BLOCK`; keep an (out,) float32 bias.

        Raises:
            Unrepresentable: a weight is not finite.
        """
        super().__init__(weight)
        _require_range(weight, torch.bfloat16)
        # Codes are chosen for the scales as rounded, so that this rounding costs nothing.
        scales = (weight.abs().amax(1) / 127).clamp_(min=torch.finfo(torch.float32).tiny).bfloat16()
        codes = (weight / scales.float()[:, None]).round_().clamp_(-127, 127).to(torch.int8)
        self.register_buffer("codes", codes)
        self.register_buffer("scales", scales)
        self.register_buffer("bias", bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., out) float32 for (..., in) float32."""
        rows = x.reshape(-1, self.in_features).bfloat16().contiguous()
        result: Tensor = torch.ops.aten._weight_int8pack_mm(rows, self.codes, self.scales).float()
        if self.bias is not None:
            result += self.bias
        return result.view(*x.shape[:-1], self.out_features)


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

    Raises:
        Unrepresentable: a weight lies outside the range of the format.
    """
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
        _require_range(parameter, dtype, name)
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


def _require_range(weight: Tensor, dtype: torch.dtype, name: str = "") -> None:
    low, high = (bound.item() for bound in weight.aminmax())
    limit = torch.finfo(dtype).max
    if not -limit <= low <= high <= limit:  # nor NaN
        where = f"{name}: " if name else ""
        raise Unrepresentable(
            f"{where}weights from {low:g} to {high:g} do not fit into {dtype}, which ends at {limit:g}."
        )


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
        result = packed(form, 2 * torch.eye(INT8_BLOCK), None)(torch.ones(2, INT8_BLOCK))
    except (RuntimeError, AttributeError):  # PyTorch was built without the kernel
        return False
    return bool(torch.allclose(result, torch.full_like(result, 2.0), rtol=0.01))
