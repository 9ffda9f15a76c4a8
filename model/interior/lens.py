"""The logit lens: what the model would say if it stopped after a layer.

The residual stream between two layers goes through the final norm and the output embedding, as if it left the
last one (nostalgebraist 2020, "interpreting GPT: the logit lens"). Nothing is trained here: the tuned lens
(Belrose et al. 2023, arXiv:2303.08112) learns for every layer a map into the terms of the last one, and where
a model keeps early layers in other terms than late ones, it finds there what this lens does not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model.numbers import LN2
from model.sampler.distribution import Softmax

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.engine.internals import Internals


@dataclass(frozen=True)
class LensLayer:
    """What the model would say after some of its layers."""

    layer: int
    """How many layers have acted: 0 for the embedding alone, L for the model's own output."""
    entropy_bits: float
    kl_bits: float
    """KL(model's own output || this): the bits a token costs on top for who believes this one."""
    token_ids: tuple[int, ...]
    """The leading tokens, most likely first."""
    probabilities: tuple[float, ...]
    """Of these tokens, among all of the vocabulary."""
    rank: int | None
    """Of the token asked for, 1 the most likely; None if none was."""
    probability: float | None
    """Of the token asked for."""


@dataclass(frozen=True)
class LensColumn:
    """One position of the grid."""

    position: int
    """Of the query."""
    token_id: int | None
    """What stands at the next position, which ranks and probabilities speak of; None past the end."""
    layers: tuple[LensLayer, ...]
    """(L + 1,) from the embedding to the output."""


def lens(
    internals: "Internals", position: int, token_id: int | None, leading: int = 10
) -> tuple[LensLayer, ...]:
    """Return what the model would say after each layer, standing at one position.

    Args:
        internals: of the text.
        position: of the query: what is said is about the token after it.
        token_id: whose rank and probability are asked for, such as the one that was chosen; None for none.
        leading: how many of the most likely tokens to name.

    Returns:
        (L + 1,) from the embedding to the output, the last one the model's own distribution.

    Raises:
        IndexError: the text has no such position, or the vocabulary no such token.
        UnknownPart: the model's final norm could not be found.
    """
    if token_id is not None and not 0 <= token_id < internals.model.info.vocab_size:
        raise IndexError(f"the vocabulary has no token {token_id}")
    softmaxes = _softmaxes(internals, position)
    return tuple(
        LensLayer(
            layer=layer,
            entropy_bits=softmax.entropy_bits,
            kl_bits=kl_bits(softmaxes[-1], softmax),
            token_ids=tuple(softmax.leading(leading).tolist()),
            probabilities=tuple(softmax.of(softmax.leading(leading)).tolist()),
            rank=None if token_id is None else softmax.rank(token_id),
            probability=None if token_id is None else float(softmax.of(np.array([token_id]))[0]),
        )
        for layer, softmax in enumerate(softmaxes)
    )


def lens_grid(
    internals: "Internals", token_ids: Sequence[int], positions: range, leading: int = 1
) -> Iterator[LensColumn]:
    """Yield what the model would say after each layer at several positions, one after another.

    A column is computed when it is asked for, so that who stops asking has cancelled the rest. Its logits,
    (L + 1) x V numbers, are gone when the next one is computed; others who read take turns between columns.

    Args:
        internals: of the text, perhaps longer than it.
        token_ids: the text.
        positions: of the queries.
        leading: how many of the most likely tokens to name.

    Raises:
        IndexError: the text has no such position.
        UnknownPart: the model's final norm could not be found.
    """
    for position in positions:
        following = token_ids[position + 1] if position + 1 < len(token_ids) else None
        yield LensColumn(position, following, lens(internals, position, following, leading))


def kl_bits(own: Softmax, other: Softmax) -> float:
    """Return KL(own || other) in bits (Kullback and Leibler 1951), both over the same vocabulary."""
    likely = own.probabilities
    apart = np.zeros(len(likely))  # what cannot come costs nothing, however unlikely the other finds it
    np.subtract(own.scores, other.scores, out=apart, where=likely > 0, dtype=np.float64)
    # A sum, not a dot product: numpy's BLAS threads spin on after one and halve the speed of the model.
    mean = float(np.sum(likely * apart))
    return max(0.0, mean + other.log_partition - own.log_partition) / LN2


def _softmaxes(internals: "Internals", position: int) -> list[Softmax]:
    """Return the (L + 1) distributions of one position."""
    import torch  # noqa: PLC0415 - see above

    from model.network.stream import final_at, stream_at  # noqa: PLC0415 - imports torch

    network, recording = internals.model.networks[internals.format], internals.recording

    def work() -> list[Softmax]:
        earlier = network.final_norm(stream_at(recording, position)[:-1])
        return network.softmaxes_of(torch.cat([earlier, final_at(recording, position)]))

    return internals.model.read(work)
