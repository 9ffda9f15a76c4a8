"""A language model whose inside can be read: tokenizer, transformer and recording behind one small seam."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from model.recording import Recording, prepare, recording_into
from model.text import TokenText, require_whole_characters

PROBE_LENGTH = 8
TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 0.15, torch.float16: 0.02}
"""Mean total variation allowed between distributions rebuilt and computed by the model: rounding, no more."""


class UnrecordableModel(Exception):
    """What was recorded does not explain what the model computed, so nothing could be shown truthfully."""


@dataclass(frozen=True)
class ModelInfo:
    """What a person wants to know of a model, and what others need to size things."""

    name: str
    fingerprint: str
    """Of the weights."""
    layers: int
    heads: int
    vocab_size: int
    """Number of logits."""
    context_length: int
    """Most tokens of a text, prompt included."""
    parameters: int
    device: str
    dtype: str

    @property
    def identity(self) -> str:
        """Name and fingerprint, as a run carries them."""
        return f"{self.name}@{self.fingerprint}"


class LanguageModel:
    """One set of weights, read-only after loading, shared by all visitors."""

    def __init__(
        self, transformer: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, name: str, fingerprint: str
    ) -> None:
        """Prepare a loaded causal LM for recording and prove on a short text that it can be recorded.

        Raises:
            UnrecordableModel: the recording does not reproduce the model's own attention and logits.
        """
        self._transformer = transformer.eval()
        self._tokenizer = tokenizer
        self._output_embedding = transformer.get_output_embeddings()
        self.text = TokenText(tokenizer)
        self.info = _info(transformer, name, fingerprint)
        self.eos_token_ids = _eos_token_ids(transformer, tokenizer)
        self._prove_recordable()

    def encode(self, text: str) -> tuple[int, ...]:
        """Return the token ids of a text, with the special tokens that the tokenizer puts around it.

        Raises:
            UnreadableText: the text holds half a character (a lone surrogate).
        """
        require_whole_characters(text)
        return tuple(self._tokenizer(text)["input_ids"])

    def new_recording(self) -> Recording:
        """Return the recording of an empty text."""
        return Recording(self.info.layers)

    @torch.inference_mode()
    def forward(self, token_ids: Sequence[int], recording: Recording) -> None:
        """Run the model over the next tokens of a recorded text, at least one, and record them."""
        inputs = torch.tensor([token_ids], device=self._transformer.device)
        with recording_into(recording):
            output = self._transformer.base_model(
                input_ids=inputs, past_key_values=recording.cache, use_cache=True
            )
        recording.final.append(output.last_hidden_state[0])

    @torch.inference_mode()
    def logits(self, final: Tensor) -> NDArray[np.float32]:
        """Return (..., V) logits for (..., width) rows of `Recording.final`."""
        logits: NDArray[np.float32] = self._output_embedding(final).float().cpu().numpy()
        return logits

    @torch.inference_mode()
    def attention(
        self, recording: Recording, layer: int, length: int, head: int | None = None
    ) -> NDArray[np.float32]:
        """Return what `attention_weights` rebuilds, as an array."""
        weights: NDArray[np.float32] = attention_weights(recording, layer, length, head).cpu().numpy()
        return weights

    @torch.inference_mode()
    def _prove_recordable(self) -> None:
        ids = [index % self.info.vocab_size for index in range(PROBE_LENGTH)]
        name = type(self._transformer).__name__
        try:
            self._transformer.set_attn_implementation("eager")
            truth = self._transformer(
                torch.tensor([ids], device=self._transformer.device), output_attentions=True
            )
            prepare(self._transformer)
            recording = self.new_recording()
            self.forward(ids[:-1], recording)
            self.forward(ids[-1:], recording)
            for layer in range(self.info.layers):
                attention = attention_weights(recording, layer, PROBE_LENGTH)
                self._must_agree(f"attention in layer {layer}", attention, truth.attentions[layer][0])
            logits = self._output_embedding(recording.final.upto(PROBE_LENGTH))
            self._must_agree("output", logits.float().softmax(-1), truth.logits[0].float().softmax(-1))
        except UnrecordableModel:
            raise
        except Exception as problem:
            raise UnrecordableModel(
                f"the attention of {name} cannot be recorded: {problem}. Models that take their attention "
                "from Transformers' attention interface can, such as GPT-2, Llama, Qwen, OPT or GPT-NeoX."
            ) from problem

    def _must_agree(self, what: str, recorded: Tensor, truth: Tensor) -> None:
        difference = (recorded.float() - truth.float()).abs().sum(-1).mean().item() / 2
        if not difference <= TOLERANCE[self._transformer.dtype]:
            raise UnrecordableModel(
                f"the {what} of {type(self._transformer).__name__} cannot be recorded exactly "
                f"(it differs by {difference:.2g} from the model's own), so it is not shown at all; "
                "choose another model."
            )


def attention_weights(recording: Recording, layer: int, length: int, head: int | None = None) -> Tensor:
    """Rebuild the attention of a layer from queries and keys.

    Args:
        recording: of a text of at least `length` tokens.
        layer: counted from 0.
        length: number of leading tokens, T.
        head: counted from 0; None for all.

    Returns:
        (heads, T, T) or (T, T) float32, queries by keys; rows sum to 1, zeros above the diagonal.
    """
    queries = recording.queries[layer].upto(length).transpose(0, 1).float()
    keys = recording.keys(layer, length).float()
    sharing = len(queries) // len(keys)  # grouped-query attention: heads that share a key
    if head is None:
        keys = keys.repeat_interleave(sharing, dim=0)
    else:
        queries, keys = queries[head], keys[head // sharing]
    scores = (queries @ keys.transpose(-1, -2)) * recording.scaling[layer]
    seen = torch.ones(length, length, dtype=torch.bool, device=scores.device).tril()
    window = recording.sliding_window[layer]
    if window is not None:
        seen &= seen.new_ones(length, length).triu(1 - window)
    return scores.masked_fill(~seen, float("-inf")).softmax(-1)


def _info(transformer: PreTrainedModel, name: str, fingerprint: str) -> ModelInfo:
    config = transformer.config
    try:
        return ModelInfo(
            name=name,
            fingerprint=fingerprint,
            layers=config.num_hidden_layers,
            heads=config.num_attention_heads,
            vocab_size=config.vocab_size,
            context_length=config.max_position_embeddings,
            parameters=transformer.num_parameters(),
            device=str(transformer.device),
            dtype=str(transformer.dtype).removeprefix("torch."),
        )
    except AttributeError as problem:
        raise UnrecordableModel(
            f"the configuration of {type(transformer).__name__} does not tell the model's size: {problem}"
        ) from problem


def _eos_token_ids(transformer: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    generation = getattr(getattr(transformer, "generation_config", None), "eos_token_id", None)
    found = generation if generation is not None else tokenizer.eos_token_id
    if found is None:
        return frozenset()
    return frozenset(found if isinstance(found, list | tuple) else [found])
