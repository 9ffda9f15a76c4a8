"""One transformer in one number format, prepared for recorded passes over many texts at once."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedModel

from model.forward_pass import ForwardPass, Span, passing, prepare
from model.key_values import KeyValueSlots
from model.recording import Layout, Recording, attention_weights

PROBE_LENGTH = 8
TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 0.15, torch.float16: 0.02}
"""Mean total variation allowed between distributions rebuilt and computed by the model: rounding, no more."""


class UnrecordableModel(Exception):
    """What was recorded does not explain what the model computed, so nothing could be shown truthfully."""


class Network:
    """A causal LM of Transformers behind two functions: tokens in, rows out; rows in, logits out."""

    layout: Layout

    def __init__(self, transformer: PreTrainedModel) -> None:
        """Prepare a loaded causal LM for recording and prove on a short text that it can be recorded.

        Raises:
            UnrecordableModel: the recording does not reproduce the model's own attention and logits.
        """
        self._transformer = transformer.eval()
        self._output_embedding = transformer.get_output_embeddings()
        self._prove_recordable()

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        device: torch.device = self._transformer.device
        return device

    @property
    def bytes_per_token(self) -> int:
        """Bytes that a token leaves in a recording."""
        dtype: torch.dtype = self._transformer.dtype
        return self.layout.width * dtype.itemsize

    @torch.inference_mode()
    def forward(self, slots: KeyValueSlots, spans: Sequence[Span]) -> Tensor:
        """Run the model over the next tokens of several texts.

        Args:
            slots: holds the keys and values of what came before, and of these tokens afterwards.
            spans: see `ForwardPass`.

        Returns:
            (N, width) rows of the N tokens, in the order of the spans, laid out as `layout` says.
        """
        slots.reserve(1 + max(span.slot for span in spans), max(span.end for span in spans))
        now = ForwardPass(slots, spans, self.device)
        with passing(now):
            output = self._transformer.base_model(
                input_ids=now.token_ids[None], position_ids=now.positions[None], use_cache=False
            )
        final = output.last_hidden_state[0]
        if not hasattr(self, "layout"):
            self.layout = now.layout(final)
        return now.rows(final)

    @torch.inference_mode()
    def logits(self, final: Tensor) -> NDArray[np.float32]:
        """Return (n, V) logits for (n, width of the model) vectors after the final norm."""
        logits: NDArray[np.float32] = self._output_embedding(final).float().cpu().numpy()
        return logits

    @torch.inference_mode()
    def _prove_recordable(self) -> None:
        ids = [index % self._transformer.config.vocab_size for index in range(PROBE_LENGTH)]
        try:
            self._transformer.set_attn_implementation("eager")
            truth = self._transformer(torch.tensor([ids], device=self.device), output_attentions=True)
            prepare(self._transformer)
            recordings = self._record_twice(ids)
            for recording in recordings:
                for layer in range(len(self.layout.queries)):
                    attention = attention_weights(recording, layer, PROBE_LENGTH)
                    self._must_agree(f"attention in layer {layer}", attention, truth.attentions[layer][0])
                final = recording.vectors(self.layout.final, PROBE_LENGTH)[:, 0]
                logits = self._output_embedding(final).float()
                self._must_agree("output", logits.softmax(-1), truth.logits[0].float().softmax(-1))
        except UnrecordableModel:
            raise
        except torch.OutOfMemoryError:
            raise
        except Exception as problem:
            name = type(self._transformer).__name__
            raise UnrecordableModel(
                f"the attention of {name} cannot be recorded: {problem}. Models that take their attention "
                "from Transformers' attention interface can, such as GPT-2, Llama, Qwen, OPT or GPT-NeoX."
            ) from problem

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

    def _must_agree(self, what: str, recorded: Tensor, truth: Tensor) -> None:
        difference = (recorded.float() - truth.float()).abs().sum(-1).mean().item() / 2
        if not difference <= TOLERANCE[self._transformer.dtype]:
            raise UnrecordableModel(
                f"the {what} of {type(self._transformer).__name__} cannot be recorded exactly "
                f"(it differs by {difference:.2g} from the model's own), so it is not shown at all; "
                "choose another model."
            )
