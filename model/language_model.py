"""A language model whose inside can be read: a tokenizer, and the same weights in one or two formats."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from model.anatomy import text_config
from model.formats import Format
from model.network import Network
from model.text import TokenText, require_whole_characters
from model.truth import UnrecordableModel, truth_of

Result = TypeVar("Result")


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
    formats: tuple[str, ...]
    """Number formats that it runs in here, the usual one first."""
    measured: str
    """A sentence on what was measured to choose the usual format; may be empty."""
    batch_dependent: tuple[str, ...] = ()
    """Formats in which a text may depend on the texts beside it on this machine."""
    rotary: bool = False
    """Whether queries and keys are turned by their positions (Su et al. 2021) before they meet."""

    @property
    def identity(self) -> str:
        """Name and fingerprint, as a run carries them."""
        return f"{self.name}@{self.fingerprint}"


class LanguageModel:
    """One set of weights, read-only after loading, shared by all visitors."""

    def __init__(
        self,
        transformer: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        formats: Sequence[Format] = ("float32",),
        name: str,
        fingerprint: str,
        parameters: int,
        measured: str = "",
    ) -> None:
        """Prepare a loaded causal LM in every number format it is to run in.

        Args:
            transformer: in float32; of little use to others afterwards.
            tokenizer: of the model.
            formats: the usual one first.
            name: for people.
            fingerprint: of the weights.
            parameters: how many there are; in packed formats they cannot be counted.
            measured: see `ModelInfo`.

        Raises:
            UnrecordableModel: the recording does not reproduce the model's own attention and logits.
        """
        truth = truth_of(transformer)
        self.networks: dict[str, Network] = {form: Network(transformer, form, truth) for form in formats}
        self._tokenizer = tokenizer
        self.text = TokenText(tokenizer)
        info = _info(
            transformer, name, fingerprint, parameters, tuple(formats), measured, truth.context_length
        )
        dependent = (form for form, network in self.networks.items() if not network.batch_invariant)
        self.info = replace(info, batch_dependent=tuple(dependent))
        self.eos_token_ids = _eos_token_ids(transformer, tokenizer)
        # One thread of one core for whoever looks: figures never take the cores from the text being written.
        self._reading = ThreadPoolExecutor(1, "reading", initializer=lambda: torch.set_num_threads(1))

    def encode(self, text: str) -> tuple[int, ...]:
        """Return the token ids of a text, with the special tokens that the tokenizer puts around it.

        Raises:
            UnreadableText: the text holds half a character (a lone surrogate).
        """
        require_whole_characters(text)
        return tuple(self._tokenizer(text)["input_ids"])

    def read(self, work: Callable[[], Result]) -> Result:
        """Return what a small computation on recorded tensors gives, done in the thread for reading."""
        return self._reading.submit(torch.inference_mode()(work)).result()


def _info(
    transformer: PreTrainedModel,
    name: str,
    fingerprint: str,
    parameters: int,
    formats: tuple[str, ...],
    measured: str,
    context_length: int,
) -> ModelInfo:
    config = text_config(transformer)
    try:
        return ModelInfo(
            name=name,
            fingerprint=fingerprint,
            layers=config.num_hidden_layers,
            heads=config.num_attention_heads,
            vocab_size=config.vocab_size,
            context_length=context_length,
            parameters=parameters,
            device=str(transformer.device),
            formats=formats,
            measured=measured,
            rotary=_rotary(transformer),
        )
    except AttributeError as problem:
        raise UnrecordableModel(
            f"the configuration of {type(transformer).__name__} does not tell the model's size: {problem}"
        ) from problem


def _rotary(transformer: PreTrainedModel) -> bool:
    """Tell by the model's modules; GPT-J and its kin have none for it and say so in their configuration."""
    named = (type(module).__name__ for module in transformer.modules())
    return bool(getattr(text_config(transformer), "rotary_dim", None)) or any(
        "Rotary" in name for name in named
    )


def _eos_token_ids(transformer: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    generation = getattr(getattr(transformer, "generation_config", None), "eos_token_id", None)
    found = generation if generation is not None else tokenizer.eos_token_id
    if found is None:
        return frozenset()
    return frozenset(found if isinstance(found, list | tuple) else [found])
