"""A language model whose inside can be read: a tokenizer, and the same weights in one or two formats."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from model.kernels.formats import Format
from model.network.hooked_model import HookedModel
from model.network.network import Network
from model.network.unknown_part import UnknownPart
from model.reference.anatomy import text_config
from model.reference.kinds import kinds_of
from model.reference.truth import Truth, UnrecordableModel, truth_of
from model.sampler.landmarks import Landmarks
from model.tokenizer.decoding_proof import require_followed
from model.tokenizer.pieces import TokenText
from model.tokenizer.typed import TypedText, Typist

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
        truth: Truth | None = None,
        name: str,
        fingerprint: str,
        parameters: int,
        measured: str = "",
        again: Callable[[], PreTrainedModel] | None = None,
    ) -> None:
        """Prepare a loaded causal LM in every number format it is to run in.

        Args:
            transformer: in float32; of little use to others afterwards.
            tokenizer: of the model.
            formats: the usual one first.
            truth: what Transformers says of it; asked if it is not known.
            name: for people.
            fingerprint: of the weights.
            parameters: how many there are; in packed formats they cannot be counted.
            measured: see `ModelInfo`.
            again: loads the same weights once more, for those who change activations: see `intervene`.

        Raises:
            UnrecordableModel: the recording does not reproduce the model's own attention and logits.
            UnfollowableDecoder: what the tokenizer's tokens write cannot be told one by one.
        """
        truth = truth or truth_of(transformer)
        self.kinds = kinds_of(transformer)
        """Of its parts."""
        self.networks: dict[str, Network] = {form: Network(transformer, form, truth) for form in formats}
        info = _info(
            transformer, name, fingerprint, parameters, tuple(formats), measured, truth.context_length
        )
        dependent = (form for form, network in self.networks.items() if not network.batch_invariant)
        rotary = self.kinds.position == "rotary"
        self.info = replace(info, batch_dependent=tuple(dependent), rotary=rotary)
        self._tokenizer = tokenizer
        self.text = TokenText(tokenizer, self.info.vocab_size)
        require_followed(self.text, tokenizer)
        self._typist = Typist(tokenizer, self.info.vocab_size)
        ends = _eos_token_ids(transformer, tokenizer)
        self.eos_token_ids = frozenset(one for one in ends if 0 <= one < self.info.vocab_size)
        """Tokens that end a text."""
        self.landmarks = Landmarks(lambda: enumerate(self.text.vocabulary), self.eos_token_ids)
        """Tokens that mean something to the sampler."""
        # One thread of one core for whoever looks: figures never take the cores from the text being written.
        self._reading = _one_core("reading")
        self._intervening = _one_core("intervening")
        self._again = again
        self._hooked: HookedModel | None = None

    def encode(self, text: str) -> tuple[int, ...]:
        """Return the token ids of a text: what the tokenizer puts before it, and what was typed.

        Raises:
            UnreadableText: as `typed` does.
        """
        return self.typed(text).token_ids

    def typed(self, text: str) -> TypedText:
        """Return the tokens of a text, and which of its characters each of them stands for.

        Raises:
            UnreadableText: the text holds half a character (a lone surrogate), or a token that the
                tokenizer knows and the model does not.
        """
        return self._typist.typed(text)

    def parts(self, text: str) -> tuple[str, ...]:
        """Return the tokens of what was typed, without those before it that nobody typed.

        Raises:
            UnreadableText: as `typed` does.
        """
        typed = self.typed(text)
        pieces = zip(self.text.pieces(typed.token_ids), typed.slices, strict=True)
        # A character's tokens but the last stand for nothing typed, as does a space that was put there.
        return tuple(
            piece.text or piece.token
            for piece, part in pieces
            if part or piece.kind == "bytes" or piece.text.strip()
        )

    @property
    def ends(self) -> tuple[tuple[int, str], ...]:
        """Ids and names of the tokens that end a text."""
        return tuple((token_id, self.text.token(token_id)) for token_id in sorted(self.eos_token_ids))

    def chat(self, message: str) -> str:
        """Return what to type for a question in the model's chat template; see `TokenText.chat`.

        Many a template begins with the token that the tokenizer puts before every text by itself: it would
        stand there twice.

        Raises:
            ValueError: there is no template.
        """
        beginning = "".join(self.text.token(token_id) for token_id in self._typist.beginning)
        return self.text.chat(message).removeprefix(beginning)

    def written(self, token_ids: Sequence[int]) -> str:
        """Return what a person would type for the tokens of a text: special ones by their names."""
        beginning = self._typist.beginning
        given = len(beginning) if tuple(token_ids[: len(beginning)]) == beginning else 0
        pieces = self.text.pieces(token_ids)[given:]
        return "".join(piece.token if piece.kind == "special" else piece.text for piece in pieces)

    def read(self, work: Callable[[], Result]) -> Result:
        """Return what a small computation on recorded tensors gives, done in the thread for reading."""
        return self._reading.submit(torch.inference_mode()(work)).result()

    def intervene(self, work: Callable[[HookedModel], Result]) -> Result:
        """Return what a small computation with a model whose activations can be changed gives.

        It is done in the one thread for that, so that others wait no longer than for this one; a long one is
        made of small ones. The first loads the model once more.

        Raises:
            UnknownPart: nothing can be taken away from this model.
        """
        return self._intervening.submit(lambda: work(self._hooked or self._hook())).result()

    @property
    def is_hooked(self) -> bool:
        """Whether the model has been loaded once more, to be changed."""
        return self._hooked is not None

    def close(self) -> None:
        """Let go of the weights and end the threads: nothing is computed any more; words stay known."""
        self._reading.shutdown()
        self._intervening.shutdown()
        self.networks.clear()
        self._hooked = self._again = None

    def _hook(self) -> HookedModel:
        if self._again is None:
            raise UnknownPart("This model cannot be loaded a second time, so nothing of it can be changed.")
        network = next(iter(self.networks.values()))
        self._hooked = HookedModel(self._again(), network.layout, network.parts.logit_function)
        return self._hooked


def _one_core(name: str) -> ThreadPoolExecutor:
    """Return a thread that takes one core."""
    return ThreadPoolExecutor(1, name, initializer=lambda: torch.set_num_threads(1))


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
        )
    except AttributeError as problem:
        raise UnrecordableModel(
            f"the configuration of {type(transformer).__name__} does not tell the model's size: {problem}"
        ) from problem


def _eos_token_ids(transformer: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Return the tokens that end a text: those of the generation config, and the tokenizer's own.

    Transformers stops at the former alone. Who tunes a model on chats often changes only one of the two.
    """
    generation = getattr(getattr(transformer, "generation_config", None), "eos_token_id", None)
    listed = generation if isinstance(generation, list | tuple) else [generation]
    return frozenset(token_id for token_id in (*listed, tokenizer.eos_token_id) if token_id is not None)
