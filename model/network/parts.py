"""The parts of a network around its layers, by themselves: for who wants to know what a vector would say.

Found and proven on the probe when the model is loaded. What is not found is not shown; the model writes, and
its attention and probabilities are read, without it.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from model.kernels.formats import Format, oriented, packed
from model.kernels.packed_linear import PackedLinear
from model.memory_errors import is_out_of_memory
from model.network.final_norm import FinalNorm, Frozen
from model.network.mlp import Mlp, known_mlp
from model.network.recording import Recording
from model.network.stream import AttentionParts, Projection, attention_parts, final_at, stream_at
from model.network.unknown_part import UnknownPart
from model.reference.logit_function import LogitFunction

FAR = 0.25
"""Relative to what attention added: formats round to a few hundredths, a wrong projection is off by 1."""


class Parts:
    """Final norm, output projections and output embedding of a network."""

    def __init__(
        self,
        form: Format,
        project: Projection,
        mlps: Callable[[int], Iterable[Mlp]],
        output: nn.Module,
        original_output: nn.Module,
        logit_function: LogitFunction,
    ) -> None:
        """Take parts; those that have to be found are unknown until `learn`.

        Args:
            form: what the network computes in.
            project: its layers' output projections; may raise anything.
            mlps: what may be the MLP of a layer.
            output: its output embedding.
            original_output: the same before its weights were packed.
            logit_function: what the network does to what that makes.
        """
        self._form = form
        self._project = project
        self._mlps = mlps
        self._output = output
        self.logit_function = logit_function
        """What the network does to what its output embedding makes."""
        self._readable: Any = original_output if isinstance(output, PackedLinear) else output
        self._final_norm: FinalNorm | None = None
        self.tells_attention = False
        """Whether it is known what each layer's attention, and each of its heads, added to the stream."""

    @torch.inference_mode()
    def learn(
        self, probe: Recording, norms: Iterable[FinalNorm], attention_outputs: Sequence[Tensor | None]
    ) -> None:
        """Find what can be found.

        Args:
            probe: a recorded text.
            norms: what may be the final norm.
            attention_outputs: by layer (T, width) what attention adds to the stream on it, if that is known.
        """
        leaving = torch.cat([stream_at(probe, position)[-1:] for position in range(len(probe))])
        final = torch.cat([final_at(probe, position) for position in range(len(probe))])
        self._final_norm = next((norm for norm in norms if norm.explains(leaving, final)), None)
        self.tells_attention = all(
            output is not None and self._tells(probe, layer, output)
            for layer, output in enumerate(attention_outputs)
        )

    def final_norm(self, residual: Tensor) -> Tensor:
        """Return (n, width of the output embedding) for (n, width) of the stream, as after the last layer.

        Raises:
            UnknownPart: it was not found.
        """
        return self._known_norm()(residual)

    def frozen_norm(self, at: Tensor) -> Frozen:
        """Return the final norm with its scale frozen at a (1, width) vector: see `FinalNorm.frozen`.

        Raises:
            UnknownPart: it was not found, or is of a kind whose scale cannot be told.
        """
        return self._known_norm().frozen(at)

    def attention(self, recording: Recording, layer: int, position: int) -> AttentionParts | None:
        """Return what the attention of a layer added to the stream of a token; None if that is not known."""
        if not self.tells_attention:
            return None
        return attention_parts(recording, layer, position, self._project)

    def mlp(self, recording: Recording, layer: int, position: int) -> tuple[Mlp, Tensor]:
        """Return the MLP of a layer, and the (1, width) stream of a token that it read.

        Raises:
            IndexError: the text has no such position.
            UnknownPart: it is not known what attention added, or the MLP is of another kind.
        """
        attention = self.attention(recording, layer, position)
        if attention is None:
            raise UnknownPart(
                "This model does not simply add what its attention and its MLP compute, "
                "so that its neurons cannot be told apart."
            )
        return known_mlp(recording, layer, position, attention, self._mlps(layer))

    def output_for(self, token_ids: Sequence[int]) -> Callable[[Tensor], Tensor]:
        """Return the output embedding for a few tokens: (n, width) float32 to (n, tokens) logits.

        Its weights are rounded as in the whole one, which would compute the logits of all tokens.

        Raises:
            IndexError: the vocabulary has no such token.
            UnknownPart: the model caps its logits, which are no sum of parts then.
        """
        if self.logit_function.cap is not None:
            raise UnknownPart("This model caps its logits, so that the parts of one do not add up to it.")
        ids, table = list(token_ids), oriented(self._readable)
        if not all(0 <= token_id < len(table) for token_id in ids):
            raise IndexError(f"token ids must be from 0 to {len(table) - 1}, not {ids}")
        weight = table[ids].float()
        bias = None if self._readable.bias is None else self._readable.bias[ids].float()
        if isinstance(self._output, PackedLinear):
            few: Callable[[Tensor], Tensor] = packed(self._form, weight, bias)
        else:
            few = partial(nn.functional.linear, weight=weight, bias=bias)
        return lambda vectors: self.logit_function(few(vectors))

    def _known_norm(self) -> FinalNorm:
        if self._final_norm is None:
            raise UnknownPart("The final norm of this model could not be found.")
        return self._final_norm

    def _tells(self, probe: Recording, layer: int, truth: Tensor) -> bool:
        try:
            found = attention_parts(probe, layer, len(probe) - 1, self._project).output
            return bool((found - truth[-1]).norm() <= FAR * truth[-1].norm())
        except Exception as error:  # models are written in ways without number
            if is_out_of_memory(error):
                raise
            return False
