"""One transformer in one number format, prepared for recorded passes over many texts at once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from model.kernels.compiled_layers import compiled
from model.kernels.compiled_pass import Place, gathered, recorded, summarised
from model.kernels.formats import Format, converted, oriented, packed, packs_here
from model.memory_errors import is_out_of_memory
from model.network.batch import Batch, Span
from model.network.compiled_decoder import CompiledDecoder, compiles
from model.network.compiled_families import described
from model.network.final_norm import FinalNorm
from model.network.invariance import is_batch_invariant
from model.network.key_values import KeyValueSlots
from model.network.mlp import Mlp
from model.network.parts import Parts
from model.network.recording import Layout, Recording, attention_weights
from model.network.transformers_decoder import TransformersDecoder
from model.reference.attention_rule import AttentionRule
from model.reference.truth import Truth, UnrecordableModel, truth_of, unrecordable
from model.sampler.distribution import SUMMARISED, Softmax, Summary

TOLERANCE: dict[Format, float] = {
    "float32": 1e-4,
    "float16 weights": 0.01,
    "float16": 0.05,
    "int8 weights": 0.3,
    "bfloat16": 0.3,
}
"""Mean total variation from what Transformers computes in float32 that rounding may cause."""


class Decoder(Protocol):
    """All layers of a model."""

    @property
    def layout(self) -> Layout:
        """Where the vectors of a token stand in its row; known after the first pass."""
        ...

    def forward(self, slots: KeyValueSlots, batch: Batch) -> Tensor:
        """Return (N, width) rows of the N tokens of a pass, laid out as `layout` says."""
        ...

    def final_norms(self) -> Iterable[FinalNorm]:
        """Return what may be the final norm; the probe decides."""
        ...

    def project(self, layer: int, read: Tensor) -> Tensor:
        """Return (n, width) what a layer's output projection makes of (n, heads * size)."""
        ...

    def mlps(self, layer: int) -> Iterable[Mlp]:
        """Return what may be the MLP of a layer; what it added to the stream decides."""
        ...


Way = tuple[Decoder, nn.Module]
"""A decoder and the output embedding that goes with it."""


class Network:
    """A causal LM behind two functions: tokens in, rows out; rows in, logits out."""

    def __init__(
        self, transformer: PreTrainedModel, form: Format = "float32", truth: Truth | None = None
    ) -> None:
        """Prepare a loaded causal LM for recording and prove on a short text that it can be recorded.

        Args:
            transformer: in float32. Where nothing packs its weights, it is the one that computes.
            form: what to compute in.
            truth: what Transformers computes from the probe, if that is known.

        Raises:
            UnrecordableModel: the recording does not reproduce Transformers' own attention and logits.
        """
        self.device: torch.device = transformer.device
        truth = truth or truth_of(transformer)
        self._logit_function = truth.logit_function
        self.batch_invariant = False
        """Whether what a text gets does not depend on the texts beside it, as tried on this machine."""
        right: list[Callable[[], Way]] = []
        problem: Exception | None = None
        for prepare in _ways(transformer, form, truth):
            try:
                probe = self._take(prepare, truth, form)
            except Exception as error:
                if is_out_of_memory(error):
                    raise
                problem = error  # models are written in ways without number
                continue
            right.append(prepare)
            self.batch_invariant = self._prove_batch_invariant(truth)
            if self.batch_invariant:
                break
        if not right:
            raise unrecordable(transformer, problem) from problem
        if not self.batch_invariant and prepare is not right[0]:  # kept aside, it would take memory meanwhile
            probe = self._take(right[0], truth, form)
        self.parts = self._parts(transformer, form, probe, truth)

    @property
    def layout(self) -> Layout:
        """Where the vectors of a token stand in its row."""
        return self._decoder.layout

    @torch.inference_mode()
    def forward(self, slots: KeyValueSlots, spans: Sequence[Span]) -> Tensor:
        """Run the model over the next tokens of several texts.

        Args:
            slots: holds the keys and values of what came before, and of these tokens afterwards.
            spans: see `Batch`.

        Returns:
            (N, width) rows of the N tokens, in the order of the spans, laid out as `layout` says.
        """
        slots.reserve(1 + max(span.slot for span in spans), max(span.end for span in spans))
        return self._decoder.forward(slots, Batch(spans, self.device))

    @torch.inference_mode()
    def record(self, rows: Tensor, places: list[Place]) -> list[bool]:
        """Copy rows of a pass to their places; return for every row whether it leads to numbers."""
        final = self.layout.final
        numbers: list[bool] = compiled(recorded)(rows, places, final.start, final.stop)
        return numbers

    @torch.inference_mode()
    def softmaxes(self, places: list[Place]) -> list[Softmax]:
        """Return the distributions of the tokens after those whose rows stand in these places."""
        columns = self.layout.final
        return self.softmaxes_of(compiled(gathered)(places, columns.start, columns.stop))

    def final_norm(self, residual: Tensor) -> Tensor:
        """Return what the final norm makes of (n, width) residual streams: see `Parts.final_norm`."""
        return self.parts.final_norm(residual)

    @torch.inference_mode()
    def softmaxes_of(self, final: Tensor) -> list[Softmax]:
        """Return the distributions that the output embedding makes of (n, width) vectors."""
        logits = self._logit_function(self._output_embedding(final).float()).cpu()
        return [
            Softmax(
                one.logits.numpy(),
                summary=Summary(one.largest, one.total, one.weighted, one.leading.numpy()),
            )
            for one in compiled(summarised)(logits, SUMMARISED)
        ]

    def _take(self, prepare: Callable[[], Way], truth: Truth, form: Format) -> Recording:
        """Compute in a way from now on, if it proves to be right; return what was recorded of the probe."""
        self._decoder, self._output_embedding = prepare()
        return self._prove_recordable(truth, form)

    @torch.inference_mode()
    def _prove_recordable(self, truth: Truth, form: Format) -> Recording:
        """Return what was recorded of the probe."""
        recordings, length = self._record_twice(truth.token_ids), len(truth.token_ids)
        self.bytes_per_token = self.layout.width * recordings[0].blocks[0].itemsize
        for recording in recordings:
            for layer, attention in enumerate(truth.attention):
                recorded = attention_weights(recording, layer, length)
                _must_agree(f"attention in layer {layer}", recorded, attention, form)
            final = recording.vectors(self.layout.final, length)[:, 0]
            logits = self._logit_function(self._output_embedding(final).float())
            _must_agree("output", logits.softmax(-1), truth.probabilities, form)
        return recordings[0]

    def _prove_batch_invariant(self, truth: Truth) -> bool:
        columns = self.layout.final
        final = slice(columns.start, columns.stop)
        return is_batch_invariant(self, truth.probabilities.shape[-1], truth.context_length, final)

    def _parts(self, transformer: PreTrainedModel, form: Format, probe: Recording, truth: Truth) -> Parts:
        output: Any = transformer.get_output_embeddings()
        decoder = self._decoder
        parts = Parts(
            form, decoder.project, decoder.mlps, self._output_embedding, output, truth.logit_function
        )
        parts.learn(probe, self._decoder.final_norms(), truth.attention_outputs)
        return parts

    def _record_twice(self, ids: Sequence[int]) -> list[Recording]:
        """Record a text in two slots by every way there is: from the start, a chunk, alone, together."""
        slots, half, last = KeyValueSlots(), len(ids) // 2, len(ids) - 1
        passes = [
            [Span(ids[:half], 0, 0), Span(ids[: half - 1], 0, 1)],
            [Span(ids[half : half + 1], half, 0), Span(ids[half - 1 : last - 1], half - 1, 1)],
            [Span(ids[half + 1 : last], half + 1, 0)],
            [Span(ids[last:], last, 0), Span(ids[last - 1 : last], last - 1, 1)],
            [Span(ids[last:], last, 1)],
        ]
        rows: list[list[Tensor]] = [[], []]
        for spans in passes:
            found = self.forward(slots, spans)
            for span in spans:
                rows[span.slot].append(found[: len(span.token_ids)])
                found = found[len(span.token_ids) :]
        recordings = [Recording(self.layout), Recording(self.layout)]
        for recording, parts in zip(recordings, rows, strict=True):
            recording.append(torch.cat(parts))
        return recordings


def _ways(transformer: PreTrainedModel, form: Format, truth: Truth) -> Iterator[Callable[[], Way]]:
    """Yield ways to compute the model, the fastest first."""
    rules = truth.rules
    if compiles(transformer, form):
        output: Any = transformer.get_output_embeddings()
        yield lambda: (
            CompiledDecoder(described(transformer), form, rules),
            packed(form, oriented(output), output.bias),
        )
    yield lambda: _through(converted(transformer, form), rules)
    if form == "float32" and packs_here(
        form, transformer.device
    ):  # a model may ask for what no packed layer has
        yield lambda: _through(transformer, rules)


def _through(transformer: PreTrainedModel, rules: Sequence[AttentionRule]) -> Way:
    """Return the layers of Transformers."""
    return TransformersDecoder(transformer, rules), transformer.get_output_embeddings()


def _must_agree(what: str, recorded: Tensor, truth: Tensor, form: Format) -> None:
    difference = (recorded.float() - truth).abs().sum(-1).mean().item() / 2
    if not difference <= TOLERANCE[form]:
        raise UnrecordableModel(f"the {what} differs by {difference:.2g} from the model's own")
