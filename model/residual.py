"""The residual stream: how long it is, how it turns, and how much each layer's attention and MLP add to it.

All layers read from one vector per token and add to it (Elhage et al. 2021, "A Mathematical Framework for
Transformer Circuits"). Lengths are Euclidean, in the model's own units.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from torch import Tensor

    from model.internals import Internals


@dataclass(frozen=True)
class Update:
    """What one layer did to the stream of one token: lengths of vectors."""

    layer: int
    entering: float
    """Of the stream as it enters the layer."""
    total: float
    """Of what the layer added, attention and MLP together."""
    attention: float | None
    """Of what its attention added; None where a model does not simply add it."""
    mlp: float | None
    """Of all else it added."""


def stream_norms(internals: "Internals", length: int) -> NDArray[np.float32]:
    """Return (L + 1, T) lengths of the stream of the first T = `length` tokens.

    From what enters layer 0, the embedding, to what leaves the last layer.
    """
    from model.stream import stream_of  # noqa: PLC0415 - imports torch

    recording = internals.recording
    layers = range(len(recording.layout.residual))
    return internals.model.read(
        lambda: np.stack([stream_of(recording, layer, length).norm(dim=-1).cpu().numpy() for layer in layers])
    )


def stream_cosines(internals: "Internals", length: int) -> NDArray[np.float32]:
    """Return (L, T) cosines between the stream entering and leaving each layer; 1: it kept its direction."""
    import torch  # noqa: PLC0415 - see above

    from model.stream import stream_of  # noqa: PLC0415 - imports torch

    recording = internals.recording

    def cosine(layer: int) -> "Tensor":
        before, after = stream_of(recording, layer, length), stream_of(recording, layer + 1, length)
        return torch.nn.functional.cosine_similarity(before, after, dim=-1)

    layers = range(len(recording.layout.residual) - 1)
    return internals.model.read(lambda: np.stack([cosine(layer).cpu().numpy() for layer in layers]))


def updates(internals: "Internals", position: int) -> tuple[Update, ...]:
    """Return (L,) what each layer added to the stream of the token at a position.

    Raises:
        IndexError: the text has no such position.
    """
    from model.stream import stream_at  # noqa: PLC0415 - imports torch

    parts, recording = internals.model.networks[internals.format].parts, internals.recording

    def work() -> tuple[Update, ...]:
        stream = stream_at(recording, position).float()
        found = []
        for layer, (entering, leaving) in enumerate(pairwise(stream)):
            added, attention = leaving - entering, parts.attention(recording, layer, position)
            found.append(
                Update(
                    layer,
                    entering.norm().item(),
                    added.norm().item(),
                    None if attention is None else attention.output.norm().item(),
                    None if attention is None else (added - attention.output).norm().item(),
                )
            )
        return tuple(found)

    return internals.model.read(work)
