"""The residual stream: how long it is, and how much each layer's attention and MLP add to it.

All layers read from one vector per token and add to it (Elhage et al. 2021, "A Mathematical Framework for
Transformer Circuits"). Lengths are Euclidean, in the model's own units.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.engine.internals import Internals


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


def updates(internals: "Internals", position: int) -> tuple[Update, ...]:
    """Return (L,) what each layer added to the stream of the token at a position.

    Raises:
        IndexError: the text has no such position.
    """
    from model.network.stream import stream_at  # noqa: PLC0415 - imports torch

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
