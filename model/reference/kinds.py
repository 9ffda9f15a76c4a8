"""Of which kind the parts of a Transformers model are: what a teacher would draw differently for each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from torch import nn
from transformers import PreTrainedModel

from model.kernels.formats import linear_layers
from model.reference.anatomy import layers_of, text_config

Norm = Literal["layer", "rms"]
Position = Literal["rotary", "learned", "sinusoidal"]

ACTIVATIONS = {"silu": "SiLU", "swish": "SiLU", "gelu": "GELU", "relusquared": "ReLU²", "relu": "ReLU"}
"""Names of activation functions by what the names of their classes hold, the longer before the shorter."""

EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")
"""What configurations call the number of experts of a layer."""


@dataclass(frozen=True)
class Kinds:
    """The kinds of the parts of a model; None where a part is of no kind that is known here."""

    neurons: int | None
    """Numbers between the two halves of an MLP, F; None where it has another shape."""
    experts: bool
    """Whether some layers have a mixture of experts in the MLP's place (Shazeer et al. 2017)."""
    gated: bool
    """Whether one half of the MLP's inputs multiplies the other (Shazeer 2020, arXiv:2002.05202)."""
    activation: str | None
    norm: Norm | None
    """Layer norm (Ba et al. 2016) or root mean square norm (Zhang and Sennrich 2019)."""
    position: Position | None
    """How a token's position gets in."""
    tied: bool
    """Whether the output embedding is the table of the input embedding."""


def kinds_of(transformer: PreTrainedModel) -> Kinds:
    """Return the kinds of the parts of a loaded causal LM, told by its modules."""
    layer = layers_of(transformer)[0]
    others = [child for child in layer.children() if not _attends(child)]
    experts = any(getattr(text_config(transformer), name, None) for name in EXPERTS)
    neurons, gated = (
        (None, False) if experts else _mlp(others, getattr(text_config(transformer), "hidden_size", None))
    )
    return Kinds(
        neurons,
        experts,
        gated,
        _activation(others),
        _norm(layer),
        _position(transformer),
        _tied(transformer),
    )


def _mlp(others: list[nn.Module], width: int | None) -> tuple[int | None, bool]:
    linear = [found for child in others for found in linear_layers(child)]
    downs = [(module, inputs) for module, inputs, outputs in linear if outputs == width != inputs]
    if len(downs) != 1:
        return None, False
    down, neurons = downs[0]
    ups = sum(outputs for module, inputs, outputs in linear if module is not down and inputs == width)
    return neurons, ups == 2 * neurons


def _activation(others: list[nn.Module]) -> str | None:
    for module in (one for child in others for one in child.modules()):
        kind = type(module).__name__.lower()
        found = next((name for part, name in ACTIVATIONS.items() if part in kind), None)
        if found is not None and not any(True for _ in module.parameters()):
            return found
    return None


def _norm(layer: nn.Module) -> Norm | None:
    for name in _names(layer):
        if "RMSNorm" in name:
            return "rms"
        if "LayerNorm" in name:
            return "layer"
    return None


def _position(transformer: PreTrainedModel) -> Position | None:
    """Tell by the model's modules; GPT-J and its kin have none for it and say so in their configuration."""
    names = list(_names(transformer))
    if getattr(text_config(transformer), "rotary_dim", None) or any("Rotary" in name for name in names):
        return "rotary"
    if any("Sinusoidal" in name for name in names):
        return "sinusoidal"
    words = transformer.get_input_embeddings()
    inside = {id(one) for layer in layers_of(transformer) for one in layer.modules()}
    tables = [one for one in transformer.modules() if isinstance(one, nn.Embedding) and id(one) not in inside]
    return "learned" if any(one is not words for one in tables) else None


def _tied(transformer: PreTrainedModel) -> bool:
    words, output = transformer.get_input_embeddings(), transformer.get_output_embeddings()
    return getattr(words, "weight", None) is getattr(output, "weight", 0)


def _names(module: nn.Module) -> Iterator[str]:
    return (type(one).__name__ for one in module.modules())


def _attends(module: nn.Module) -> bool:
    return any(hasattr(one, "layer_idx") for one in module.modules())
