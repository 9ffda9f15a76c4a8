"""Activation functions whose result for a row does not depend on how many rows are computed with it.

PyTorch gives parts of many numbers to several threads and computes them several at a time; the last few of
each part get another exponential, which is off by a bit. So the numbers are computed in whole rows of whole
vectors, few enough for one thread.
"""

import torch
from torch import Tensor, nn

from model.kernels.compiled_pass import SERIAL

VECTOR = 64
"""Numbers: a multiple of what any processor computes at once."""
FUNCTIONS = (nn.SiLU, nn.GELU, nn.Sigmoid, nn.Tanh)
"""Those of PyTorch itself that layers use as modules; all of Transformers' own are taken as well."""


def parts_of_rows(x: Tensor, vector: int = VECTOR, most: int = SERIAL) -> list[Tensor]:
    """Return (N, width) numbers in parts of whole rows, with zeros behind each up to a whole vector."""
    rest = x.size(1) % vector
    if rest > 0:
        x = torch.nn.functional.pad(x, [0, vector - rest])
    return x.split(max(1, most // x.size(1)))  # type: ignore[no-any-return]


def joined(parts: list[Tensor], width: int) -> Tensor:
    """Return (N, width) numbers of parts."""
    whole = torch.cat(parts) if len(parts) > 1 else parts[0]
    return whole[:, :width]


def silu(x: Tensor) -> Tensor:
    """Return x * sigmoid(x) of (N, width) numbers (Elfwing et al. 2017, arXiv:1702.03118)."""
    return joined([torch.nn.functional.silu(part) for part in parts_of_rows(x)], x.size(1))


def gelu(x: Tensor) -> Tensor:
    """Return GELU of (N, width) numbers (Hendrycks and Gimpel 2016, arXiv:1606.08415)."""
    return joined([torch.nn.functional.gelu(part) for part in parts_of_rows(x)], x.size(1))


def gelu_tanh(x: Tensor) -> Tensor:
    """Return the approximation of GELU by tanh of (N, width) numbers: see `gelu`."""
    parts = [torch.nn.functional.gelu(part, approximate="tanh") for part in parts_of_rows(x)]
    return joined(parts, x.size(1))


class RowwiseActivation(nn.Module):
    """An activation function of a model, computed row by row."""

    def __init__(self, function: nn.Module) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        """Return the function of (..., width) numbers, each by itself."""
        rows = x.reshape(-1, x.shape[-1])
        return joined([self.function(part) for part in parts_of_rows(rows)], x.shape[-1]).view(x.shape)


def make_rowwise(layers: nn.Module) -> None:
    """Put every activation function of some layers in a `RowwiseActivation`."""
    for parent in list(layers.modules()):
        if isinstance(parent, RowwiseActivation):
            continue
        for name, child in parent._modules.items():
            if isinstance(child, FUNCTIONS) or type(child).__module__ == "transformers.activations":
                assert child is not None
                parent._modules[name] = RowwiseActivation(child)
