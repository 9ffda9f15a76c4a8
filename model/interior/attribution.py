"""Direct logit attribution: how much each part of the model moved the logit of a token, by itself.

The stream that leaves the last layer is a sum: the embedding, and what each layer's attention and MLP added.
But for the scale of the final norm, logits are linear in it, so a logit is the sum of what every addend
makes of it (nostalgebraist 2020, "interpreting GPT: the logit lens"; Elhage et al. 2021, "A Mathematical
Framework for Transformer Circuits"). The scale is frozen at its value at the position: without an addend it
would have been another one, which is not counted here. The mean that a layer norm subtracts is linear, and
exact. What a part did by way of later ones is not counted either: this is its direct effect alone.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from torch import Tensor

    from model.engine.internals import Internals


@dataclass(frozen=True)
class LayerAttribution:
    """How much one layer moved the logit. What is None is not known: the model does not simply add it."""

    layer: int
    total: float
    """Attention and MLP together."""
    attention: float | None
    """All heads and the bias of their output projection."""
    mlp: float | None
    heads: tuple[float, ...] | None
    """By head."""
    attention_bias: float | None
    """Of the output projection, which belongs to no head."""


@dataclass(frozen=True)
class Attribution:
    """A logit, or the difference of two, as a sum."""

    position: int
    """Of the query."""
    token_id: int
    against: int | None
    """The token whose logit is subtracted; None if none is."""
    logit: float
    """The model's own."""
    embedding: float
    """Of the token at the position, and of the position where that is embedded."""
    layers: tuple[LayerAttribution, ...]
    bias: float
    """Of the final norm and of the output embedding: what all tokens get wherever they stand."""

    @property
    def total(self) -> float:
        """The sum of all parts: the logit, but for rounding."""
        return self.embedding + sum(layer.total for layer in self.layers) + self.bias


def attribution(
    internals: "Internals", position: int, token_id: int, against: int | None = None
) -> Attribution:
    """Return how much each part of the model moved the logit of a token, standing at one position.

    Args:
        internals: of the text.
        position: of the query: the logit is that of the token after it.
        token_id: whose logit.
        against: attribute how far it lies above the logit of this token, such as the runner-up. What moves
            both alike, and changes no probability, then counts as nothing.

    Raises:
        IndexError: the text has no such position, or the vocabulary no such token.
        UnknownPart: the model's final norm could not be found, or its scale not be told.
    """
    import torch  # noqa: PLC0415 - see above

    from model.network.stream import final_at, stream_at  # noqa: PLC0415 - imports torch

    parts, recording = internals.model.networks[internals.format].parts, internals.recording

    def work() -> Attribution:
        stream = stream_at(recording, position)
        frozen = parts.frozen_norm(stream[-1:])
        output = parts.output_for([token_id] if against is None else [token_id, against])

        def logit(final: "Tensor") -> "Tensor":
            logits = output(final)
            return logits[:, 0] - logits[:, 1] if against is not None else logits[:, 0]

        nothing = logit(0 * frozen.constant[None])

        def moved(vectors: "Tensor") -> list[float]:
            found: list[float] = (logit(frozen.linear(vectors)) - nothing).tolist()
            return found

        stream = stream.float()
        layers = []
        for layer, total in enumerate(moved(stream.diff(dim=0))):
            attention = parts.attention(recording, layer, position)
            if attention is None:
                layers.append(LayerAttribution(layer, total, None, None, None, None))
                continue
            rows = torch.cat([attention.output[None], attention.bias[None], attention.heads])
            of_output, of_bias, *of_heads = moved(rows)
            mlp = total - of_output
            layers.append(LayerAttribution(layer, total, of_output, mlp, tuple(of_heads), of_bias))
        return Attribution(
            position,
            token_id,
            against,
            logit=float(logit(final_at(recording, position).float())),
            embedding=moved(stream[:1])[0],
            layers=tuple(layers),
            bias=float(logit(frozen.constant[None])),
        )

    return internals.model.read(work)
