"""The attention of a layer of any Transformers model, and what it adds to the residual stream.

A layer of most models adds two things to the stream: what its attention made, and what its MLP made. Where
that holds, both are known from the recording, and so is every head's part. Whether it holds is seen on the
probe: the outputs of two of the layer's modules, one of them attention, must add up to what it did.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn

from model.kernels.formats import linear_layers

CLOSE = 1e-2
"""Of the length of what attention made."""
ROUNDING = 1e-6
"""Of the length of the stream, which may be thousands of times that of an addition."""


class Watched:
    """What a layer and the modules directly in it computed from the probe."""

    entering: Tensor
    """(T, width), as are the others."""
    leaving: Tensor

    def __init__(self) -> None:
        self.outputs: list[tuple[nn.Module, Tensor]] = []

    def attention_output(self) -> Tensor | None:
        """Return (T, width) what attention added to the stream; None if that is not all but one addition."""
        added = self.leaving - self.entering
        fitting = [(module, output) for module, output in self.outputs if output.numel() == added.numel()]
        for module, attention in fitting:
            bound = CLOSE * attention.norm() + ROUNDING * self.leaving.norm()
            if _attention_in(module) is not None and any(
                (attention.view_as(added) + other.view_as(added) - added).norm() <= bound
                for another, other in fitting
                if another is not module
            ):
                return attention.view_as(added)
        return None


@contextmanager
def attention_outputs(layers: nn.ModuleList) -> Iterator[list[Tensor | None]]:
    """Watch layers read one text.

    Yields:
        a list that holds, afterwards and by layer, (T, width) what attention added to the stream, or None
        where the layer adds anything but the outputs of attention and of one other module.
    """
    watched = [Watched() for _ in layers]
    hooks = []
    for layer, one in zip(layers, watched, strict=True):
        hooks.append(layer.register_forward_hook(partial(_see_layer, one), with_kwargs=True))
        hooks += [module.register_forward_hook(partial(_see_module, one)) for module in layer.children()]
    outputs: list[Tensor | None] = []
    try:
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()
    outputs += [one.attention_output() for one in watched]


def output_projection(layer: nn.Module, read: int, width: int) -> nn.Module | None:
    """Return the linear layer through which what the heads read goes into the stream, if there may be one.

    Args:
        layer: its attention's last linear layer of the fitting shape is meant.
        read: width of what all heads read.
        width: of the stream.
    """
    attention = next(filter(None, map(_attention_in, layer.children())), None)
    layers = linear_layers(attention) if attention is not None else ()
    fitting = [module for module, inputs, outputs in layers if (inputs, outputs) == (read, width)]
    return fitting[-1] if fitting else None


def _attention_in(module: nn.Module) -> nn.Module | None:
    """Return the module within that knows the number of its layer, as Transformers' attention does."""
    return next((one for one in module.modules() if hasattr(one, "layer_idx")), None)


def _see_layer(watched: Watched, _: nn.Module, args: Any, kwargs: dict[str, Any], output: Any) -> None:
    watched.entering = _vectors(args[0] if args else kwargs["hidden_states"])
    watched.leaving = _vectors(output)


def _see_module(watched: Watched, module: nn.Module, _: Any, output: Any) -> None:
    first = output[0] if isinstance(output, tuple) and output else output
    if isinstance(first, Tensor):
        watched.outputs.append((module, first.float().clone()))


def _vectors(output: Any) -> Tensor:
    tensor: Tensor = output if isinstance(output, Tensor) else output[0]
    return tensor[0].float().clone()  # a later module may write over it
