"""The neurons of an MLP at one step: how active they are, and what they write into the stream.

Each neuron adds its column of the down projection, times its activation. As logits are linear in what is
added, but for the scale of the final norm, a column can be read as a list of tokens that it raises and lowers
(Geva et al. 2022, "Transformer Feed-Forward Layers Build Predictions by Promoting Concepts in the Vocabulary
Space", arXiv:2203.14680). There the column goes through the output embedding alone; here the gain of the
final norm stands between, and its scale is frozen at the step (see `model.interior.attribution`), so that
logits are those of this step. It is a neuron's direct effect: not what later layers make of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.numbers import within
from model.sampler.distribution import leading

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from torch import Tensor

    from model.engine.internals import Internals

Values = NDArray[np.float32]


class Moved(NamedTuple):
    """A token whose logit a neuron moved."""

    token_id: int
    logit: float
    """Added to it at this step; below 0 where it was lowered."""


@dataclass(frozen=True)
class Neuron:
    """One neuron at one step."""

    index: int
    """In its layer, counted from 0."""
    activation: float
    """What multiplies its column; below 0 for some activation functions and wherever a gate meets a value."""
    column_norm: float
    """Euclidean length of its column."""
    logit: float
    """Added to the logit of the token asked for."""
    raised: tuple[Moved, ...]
    """The tokens that it raised most, first the first."""
    lowered: tuple[Moved, ...]
    """The tokens that it lowered most, first the lowest."""

    @property
    def written(self) -> float:
        """Length of what it added to the stream."""
        return abs(self.activation) * self.column_norm


@dataclass(frozen=True, eq=False)
class LayerNeurons:
    """All neurons of a layer at one step, and some of them in detail."""

    layer: int
    position: int
    """Of the query."""
    token_id: int
    """Whose logit is told apart."""
    activations: Values
    """(F,)."""
    column_norms: Values
    """(F,)."""
    logits: Values
    """(F,) added to the logit of the token."""
    bias: float
    """Added to it by the bias of the down projection; neurons and bias make what the MLP added."""
    strongest: tuple[Neuron, ...]
    """Those that write the longest vectors, the longest first."""
    raising: tuple[Neuron, ...]
    """Those that raised the token, the first the most."""
    lowering: tuple[Neuron, ...]
    """Those that lowered it, the first the most."""

    @property
    def written(self) -> Values:
        """(F,) the length of what each neuron added to the stream."""
        return np.abs(self.activations) * self.column_norms

    @property
    def half(self) -> int:
        """The fewest neurons that wrote half of all that was written, by the squares of the lengths."""
        squares = np.sort(self.written.astype(np.float64) ** 2)[::-1]
        total = float(squares.sum())
        return 1 + int(np.searchsorted(np.cumsum(squares), total / 2)) if total > 0 else 0


def neurons(
    internals: "Internals", layer: int, position: int, token_id: int, count: int = 12, named: int = 6
) -> LayerNeurons:
    """Return the neurons of a layer, standing at one position.

    Args:
        internals: of the text.
        layer: counted from 0.
        position: of the query: what is written there is about the token after it.
        token_id: whose logit is told apart, such as that of the chosen token.
        count: how many neurons to tell in detail, by each order.
        named: how many tokens to name for each, raised and lowered.

    Raises:
        OutOfRange: the model has no such layer.
        IndexError: the text has no such position, or the vocabulary no such token.
        UnknownPart: the layer's MLP is of another kind, such as a mixture of experts, or is not simply added;
            or the model's final norm could not be found, or its logits are capped.
    """
    layer = int(within("layer", layer, 0, internals.model.info.layers - 1, whole=True))
    network, recording = internals.model.networks[internals.format], internals.recording

    def work() -> LayerNeurons:
        from model.network.mlp import mlp_parts  # noqa: PLC0415 - imports torch, as does the next
        from model.network.stream import stream_at  # noqa: PLC0415

        frozen = network.parts.frozen_norm(stream_at(recording, position)[-1:])
        output = network.parts.output_for([token_id])
        parts = mlp_parts(*network.parts.mlp(recording, layer, position))
        nothing = output(0 * frozen.constant[None])
        of_bias, *_ = (output(frozen.linear(parts.bias[None])) - nothing)[:, 0].tolist()
        logits = parts.activations * (output(frozen.linear(parts.columns)) - nothing)[:, 0]
        written = parts.activations.abs() * parts.columns.norm(dim=-1)
        orders = _orders(_numbers(written), _numbers(logits), count)
        known = sorted({index for order in orders for index in order})

        def all_logits(vectors: "Tensor") -> Values:
            """Return (n, V) what (n, width) vectors add to the logits of all tokens."""
            of = network.softmaxes_of(frozen.linear(vectors).to(recording.blocks[0].dtype))
            return np.stack([one.scores for one in of])

        made = all_logits(parts.activations[known, None] * parts.columns[known])
        made -= all_logits(0 * parts.bias[None])
        told = _telling(parts.activations, parts.columns, logits, dict(zip(known, made, strict=True)), named)
        return LayerNeurons(
            layer,
            position,
            token_id,
            _numbers(parts.activations),
            _numbers(parts.columns.norm(dim=-1)),
            _numbers(logits),
            of_bias,
            *(tuple(map(told, order)) for order in orders),
        )

    return internals.model.read(work)


def _telling(
    activations: "Tensor", columns: "Tensor", logits: "Tensor", made: dict[int, Values], named: int
) -> Callable[[int], Neuron]:
    """Return what tells a neuron in detail, from what those in question add to the logits of all tokens."""

    def told(index: int) -> Neuron:
        first, last = leading(made[index], named), leading(-made[index], named)
        return Neuron(
            index,
            float(activations[index]),
            float(columns[index].norm()),
            float(logits[index]),
            tuple(Moved(int(one), float(made[index][one])) for one in first),
            tuple(Moved(int(one), float(made[index][one])) for one in last),
        )

    return told


def _orders(written: Values, logits: Values, count: int) -> Sequence[Sequence[int]]:
    """Return the first few neurons by what they wrote, by how much they raised, and lowered."""
    strongest = np.argsort(-written, kind="stable")[:count]
    raising = [one for one in np.argsort(-logits, kind="stable")[:count] if logits[one] > 0]
    lowering = [one for one in np.argsort(logits, kind="stable")[:count] if logits[one] < 0]
    return [[int(one) for one in order] for order in (strongest, raising, lowering)]


def _numbers(tensor: "Tensor") -> Values:
    numbers: Values = tensor.float().cpu().numpy()
    return numbers
