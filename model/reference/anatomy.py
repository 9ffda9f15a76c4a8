"""Where the parts of a Transformers model are, whichever it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn
from transformers import PreTrainedModel


def text_config(transformer: PreTrainedModel) -> Any:
    """Return the configuration of what writes: that of a model for pictures as well holds several."""
    return transformer.config.get_text_config(decoder=True)


def decoder_of(transformer: PreTrainedModel) -> Any:
    """Return the module that turns token ids into what the output embedding takes."""
    base = transformer.base_model
    if base is not transformer:
        return base
    layers = layers_of(transformer)  # its name for the module is another than Transformers' (Llama 4)
    return next(child for child in transformer.children() if any(one is layers for one in child.modules()))


def layers_of(transformer: PreTrainedModel) -> nn.ModuleList:
    """Return the decoder layers of a model.

    Raises:
        ValueError: there is no list of as many as its configuration says.
    """
    wanted = text_config(transformer).num_hidden_layers
    lists = [one for one in transformer.modules() if isinstance(one, nn.ModuleList) and len(one) == wanted]
    if not lists:
        raise ValueError(f"no list of {wanted} layers found in {type(transformer).__name__}")
    # What reads pictures may have as many layers; only those of a decoder know their number.
    return next((one for one in lists if any(hasattr(part, "layer_idx") for part in one.modules())), lists[0])


@contextmanager
def attending_by(transformer: PreTrainedModel, implementation: str) -> Iterator[None]:
    """Let a model take its attention from one of Transformers' implementations, then from its own again."""
    usual = transformer.config._attn_implementation
    transformer.set_attn_implementation(implementation)
    try:
        yield
    finally:
        transformer.set_attn_implementation(usual)
