"""What is put into a layer of Transformers so that a hooked pass sees and changes what goes through it."""

from functools import cache
from typing import Any

from torch import Tensor, nn

from model.network.hooked_pass import now_passing
from model.network.unknown_part import UnknownPart

NUMBER = "hooked_index"
"""Attribute of a layer that says which it is."""


def hook(
    layer: nn.Module, index: int, projection: nn.Module | None, down: nn.Module | None, heads: int
) -> None:
    """Let the passes of a layer see and change its stream, its heads, its attention, its neurons and its MLP.

    Args:
        layer: as Transformers has it.
        index: which it is.
        projection: the output projection of its attention.
        down: the down projection of its MLP; None where none can be told apart.
        heads: of its attention.

    Raises:
        UnknownPart: its attention's output projection is not known.
    """
    if projection is None:
        raise UnknownPart(f"The output projection of layer {index} could not be found.")

    def read(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (now_passing().changed("head", index, inputs[0], heads), *inputs[1:])

    def attended(_: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        return now_passing().changed("attention", index, output)

    def said(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (now_passing().changed("neuron", index, inputs[0]), *inputs[1:])

    def written(_: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        return now_passing().changed("mlp", index, output)

    projection.register_forward_pre_hook(read)
    projection.register_forward_hook(attended)
    if down is not None:
        down.register_forward_pre_hook(said)
        down.register_forward_hook(written)
    layer.__class__ = _hooked(type(layer))  # type: ignore[arg-type]
    setattr(layer, NUMBER, index)


@cache
def _hooked(kind: type[nn.Module]) -> type[nn.Module]:
    """Return a layer's class whose stream can be changed before it, and which need not be computed at all."""

    class Hooked(kind):  # type: ignore[misc, valid-type]
        hooked_tuple: bool
        """Whether it returns its stream with something else; known once it was computed."""

        def forward(self, *args: Any, **kwargs: Any) -> Any:
            now, index = now_passing(), getattr(self, NUMBER)
            if index < now.first_layer:
                return (now.entering,) if self.hooked_tuple else now.entering
            entering = args[0] if args else kwargs.pop("hidden_states")
            if index == now.first_layer and now.entering is not None:
                entering = now.entering
            output = super().forward(now.changed("residual", index, entering), *args[1:], **kwargs)
            self.hooked_tuple = isinstance(output, tuple)
            if index < now.layers - 1:
                return output
            leaving = now.changed("residual", index + 1, output[0] if self.hooked_tuple else output)
            return (leaving, *output[1:]) if self.hooked_tuple else leaving

    Hooked.__name__ = Hooked.__qualname__ = kind.__name__
    return Hooked
