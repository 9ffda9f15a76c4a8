"""Linear layers on the processor whose weights lie in another format, or order, than they are called in."""

import math
from functools import cache

import torch
from torch import Tensor, nn

PACKED_FOR_ROWS = 16
"""Rows that oneDNN expects: for so many it chooses an order that is good for one and for 64 as well."""
LONGEST_SINGLE = 768
"""Numbers of a row up to which oneDNN adds in the same order whether it is alone or not."""
FEW_ROWS = 4
"""Enough to tell most weights that float16 does not hold, before all are tried."""
LEAST_OF_LARGEST = 2.0**-20
"""Of a layer's weights, for a factor that brings no bias near the end of float32."""
FBGEMM_ROWS = 120
"""Rows that FBGEMM takes at once; it divides fewer into blocks of up to six on AVX2, and more on AVX-512."""
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


@cache
def rows_to_add() -> Tensor:
    """Return (120,) how many rows FBGEMM needs besides n, by n modulo 120, to add in the same order as ever.

    On AVX2 its kernels for blocks of one and two rows sum in another order than those for three to six, and
    1, 2, 7, 14, 31 … rows end in such a block: one row gets two more. On AVX-512 all agree. Found by trying
    on this machine; what cannot be had so is left to the proof at loading.
    """
    generator = torch.Generator().manual_seed(0)
    weight, rows = (torch.randn(count, 64, generator=generator) for count in (64, FBGEMM_ROWS))
    with torch.inference_mode():
        kernel = torch.ops.quantized.linear_dynamic_fp16
        layer = torch.ops.quantized.linear_prepack_fp16(weight, None)
        whole = kernel(rows, layer)
        agrees = [True] + [torch.equal(kernel(rows[:n], layer), whole[:n]) for n in range(1, FBGEMM_ROWS + 1)]
    return torch.tensor([agrees[n:].index(True) for n in range(FBGEMM_ROWS)])


def with_more_rows(x: Tensor, to_add: Tensor) -> Tensor:
    """Return (N, in) with as many rows of zeros behind it as `rows_to_add` says."""
    more = int(to_add[x.size(0) % to_add.size(0)])
    return x if more == 0 else torch.constant_pad_nd(x, [0, 0, 0, more])


class Float16Linear(PackedLinear):
    """float16 weights, float32 everything else: FBGEMM, for x86.

    A row's result is the same to the last bit however many rows are computed with it: see `rows_to_add`.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, factor: float = 1.0) -> None:
        """Pack (out, in) float32 weights and an (out,) float32 bias.

        Args:
            weight: rounded to float16 after it was multiplied by the factor.
            bias: kept in float32.
            factor: a power of two, by which the result is divided again; no bit of float32 is lost by either.

        Raises:
            Unrepresentable: a weight lies beyond float16.
        """
        super().__init__(weight)
        scaled = weight * factor
        require_range(scaled, torch.float16)
        self.factor = factor
        self.packed = torch.ops.quantized.linear_prepack_fp16(scaled, None if bias is None else bias * factor)

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., out) float32 for (..., in) float32."""
        rows = x.reshape(-1, self.in_features)
        count = len(rows)
        rows = with_more_rows(rows, rows_to_add())
        result: Tensor = torch.ops.quantized.linear_dynamic_fp16(rows, self.packed)[:count]
        result = result if self.factor == 1.0 else result.div_(self.factor)
        return result.view(*x.shape[:-1], self.out_features)


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
        require_range(weight, torch.bfloat16)
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


def require_range(weight: Tensor, dtype: torch.dtype, name: str = "") -> None:
    """Check that a dtype can hold weights, as the nearest number that it has.

    Raises:
        Unrepresentable: one lies outside its range, or is not a number.
    """
    low, high = (bound.item() for bound in weight.aminmax())
    limit = torch.finfo(dtype).max
    if not -limit <= low <= high <= limit:  # nor NaN
        where = f"{name}: " if name else ""
        raise Unrepresentable(
            f"{where}weights from {low:g} to {high:g} do not fit into {dtype}, which ends at {limit:g}."
        )


def lossless_factor(weight: Tensor) -> float | None:
    """Return a power of two times which float16 holds float32 weights to the last bit; None if there is none.

    Most models are saved in float16 or bfloat16. The first need no factor. The second have fewer bits in a
    wider range, of which a layer uses a part that a factor brings into float16's.
    """
    largest = weight.abs().max().item()
    if largest == 0.0:
        return 1.0
    if not LEAST_OF_LARGEST <= largest < math.inf:
        return None
    filling = math.ldexp(1.0, 15 - math.frexp(largest)[1])  # the largest is then from 2^14 to 2^15
    few = weight[:FEW_ROWS]
    return next((one for one in (1.0, filling) if _holds(few * one) and _holds(weight * one)), None)


def _holds(weight: Tensor) -> bool:
    return torch.equal(weight.half().float(), weight)
