"""Whether a training can be as it is asked for, and how large it may be: refusals are plain sentences."""

import re
from dataclasses import dataclass
from typing import Literal

from model.numbers import MAX_SEED
from model.training.architecture import memory, parameters
from model.training.settings import ArchitectureSettings, SettingsError, TrainingSettings

Device = Literal["cpu", "cuda"]
MOST_CHARACTERS = 5_000_000
MOST_STORIES = 100_000
"""Characters of stories: the embedded model writes some hundred a second."""
MOST_NAME, MOST_PROMPT, MOST_PROMPTS, MOST_TOPIC = 60, 200, 6, 60
LEAST_VOCABULARY = 257
"""Of byte-level BPE: every byte, and the token that ends a text."""
MOST_VOCABULARY = 32_768
MOST_STEPS = 20_000
MOST_LOOKS = 500
CATALOG_NAME = re.compile(r"[\w.-]{1,60}")
CHECKPOINT = re.compile(r"[0-9a-f]{12}/\d{1,6}")


@dataclass(frozen=True)
class Limits:
    """What a device can do in reasonable time."""

    parameters: int
    tokens: int
    """Of a step."""
    bytes: int
    """Of weights, gradients, optimizer and activations."""


LIMITS: dict[Device, Limits] = {
    "cpu": Limits(parameters=12_000_000, tokens=32_768, bytes=4_000_000_000),
    "cuda": Limits(parameters=400_000_000, tokens=262_144, bytes=60_000_000_000),
}


def here() -> Device:
    """Return what this machine would learn on."""
    import torch  # noqa: PLC0415 - the page is up before it is there

    return "cuda" if torch.cuda.is_available() else "cpu"


def check(settings: TrainingSettings, device: Device = "cpu", vocabulary: int | None = None) -> None:
    """Refuse what cannot be, or would take a machine too long, before anything is begun.

    What depends on the text is refused when that is read: see `sources`, `parts` and `tokenizers`.

    Args:
        settings: see there.
        device: that it is for.
        vocabulary: tokens of the tokenizer, once it is there; else those that are asked for.

    Raises:
        SettingsError: says what is wrong, and what can be.
    """
    _check_words(settings)
    _check_data(settings)
    _check_kind(settings)
    _check_optimisation(settings)
    _between("The context", settings.architecture.context, 8, 2048, " tokens")
    if settings.kind != "fine_tuning":
        _check_architecture(settings.architecture)
        known = settings.tokenizer.vocabulary if settings.tokenizer.kind != "characters" else 256
        if vocabulary or settings.tokenizer.kind != "model":
            _check_size(settings, vocabulary or known, device)


def _check_words(settings: TrainingSettings) -> None:
    _text("The name", settings.name, MOST_NAME, least=1)
    _text("The topic", settings.data.topic, MOST_TOPIC)
    if not 1 <= len(settings.prompts) <= MOST_PROMPTS:
        raise SettingsError(f"There must be 1 to {MOST_PROMPTS} prompts.")
    for prompt in settings.prompts:
        _text("A prompt", prompt, MOST_PROMPT, least=1, lines=True)


def _check_data(settings: TrainingSettings) -> None:
    data = settings.data
    most = MOST_STORIES if data.source == "stories" else MOST_CHARACTERS
    _between("The text", data.characters, 200, most, " characters")
    for name, share in (("validation", data.validation), ("test", data.test)):
        if not 0.01 <= share <= 0.4:
            raise SettingsError(f"The share for {name} must be between 0.01 and 0.4.")
    if data.source == "stories":
        _text("The topic", data.topic, MOST_TOPIC, least=1)
    if settings.tokenizer.kind == "bpe":
        _between(
            "The vocabulary", settings.tokenizer.vocabulary, LEAST_VOCABULARY, MOST_VOCABULARY, " tokens"
        )
        if settings.tokenizer.vocabulary - LEAST_VOCABULARY > data.characters // 2:
            raise SettingsError(
                f"The vocabulary of {settings.tokenizer.vocabulary:,} tokens is larger than a text of "
                f"{data.characters:,} characters allows. Take a smaller one, or a longer text."
            )
    if data.source == "repeats" and settings.tokenizer.kind != "characters":
        raise SettingsError("The world of repeats is read letter by letter: choose characters as its tokens.")
    if settings.optimisation.loss_on_repeats and data.source != "repeats":
        raise SettingsError("The loss can count repeats alone only in the world of repeats.")


def _check_kind(settings: TrainingSettings) -> None:
    if settings.kind == "pretraining":
        if settings.base and settings.tokenizer.kind != "model":
            raise SettingsError("A new model has no base, unless it takes the tokenizer of one.")
    elif settings.tokenizer.kind != "model":
        raise SettingsError("Fine-tuning and distillation keep the tokenizer of the model they begin with.")
    if (settings.kind != "pretraining" or settings.tokenizer.kind == "model") and not settings.base:
        raise SettingsError("Choose the model to begin with: one of the catalogue, or a checkpoint.")
    if settings.base and not (CATALOG_NAME.fullmatch(settings.base) or CHECKPOINT.fullmatch(settings.base)):
        raise SettingsError("The base must be a name of the catalogue, or a checkpoint as <training>/<step>.")
    _between("The rank of LoRA", settings.lora.rank, 0, 256)
    _between("alpha of LoRA", settings.lora.alpha, 1, 1024)
    if not 0.1 <= settings.distillation.temperature <= 20:
        raise SettingsError("The temperature of the teacher must be between 0.1 and 20.")
    if not 0 <= settings.distillation.share <= 1:
        raise SettingsError("The share of the soft targets must be between 0 and 1.")


def _check_optimisation(settings: TrainingSettings) -> None:
    optimisation = settings.optimisation
    _between("The training", optimisation.steps, 1, MOST_STEPS, " steps")
    _between("The batch", optimisation.batch, 1, 1024, " sequences")
    _between("The warm-up", optimisation.warmup, 0, MOST_STEPS, " steps")
    _between("The seed", optimisation.seed, 0, min(MAX_SEED, 2**32 - 1))
    _between("The steps between two looks", optimisation.evaluate_every, 1, MOST_STEPS)
    _between("The patience", optimisation.patience, 0, 1000, " looks")
    if optimisation.steps > MOST_LOOKS * optimisation.evaluate_every:
        raise SettingsError(
            f"{optimisation.steps:,} steps with a look every {optimisation.evaluate_every} are more than "
            f"{MOST_LOOKS} looks. Look less often."
        )
    if not 0 < optimisation.learning_rate <= 1:
        raise SettingsError("The learning rate must be above 0 and at most 1; 0.001 is usual.")
    if not 0 <= optimisation.weight_decay <= 1:
        raise SettingsError("The weight decay must be between 0 and 1.")
    if not 0 < optimisation.clipping <= 1000:
        raise SettingsError("The largest norm of the gradient must be above 0 and at most 1,000.")


def _check_architecture(architecture: ArchitectureSettings) -> None:
    _between("The model", architecture.layers, 1, 48, " layers")
    _between("A layer", architecture.heads, 1, 64, " heads")
    _between("The width", architecture.width, 8, 4096)
    head, rest = divmod(architecture.width, architecture.heads)
    if rest:
        raise SettingsError(
            f"The width of {architecture.width} cannot be divided among {architecture.heads} heads: "
            f"take {head * architecture.heads or architecture.heads}, "
            "or another number of heads."
        )
    if architecture.family == "llama" and head % 2:
        raise SettingsError(
            f"Rotary positions turn pairs of numbers, and a head of width {head} "
            f"has one left over. Take a width of {(head + 1) * architecture.heads}."
        )


def _check_size(settings: TrainingSettings, vocabulary: int, device: Device) -> None:
    limits, where = LIMITS[device], "a processor" if device == "cpu" else "one graphics card"
    tokens = settings.optimisation.batch * settings.architecture.context
    if tokens > limits.tokens:
        raise SettingsError(
            f"A step of {tokens:,} tokens is too much for {where}: at most {limits.tokens:,}. "
            "Take a smaller batch or a shorter context."
        )
    count = parameters(settings.architecture, vocabulary)
    if count > limits.parameters:
        raise SettingsError(
            f"A model of {count / 1e6:,.1f} million parameters is too large for {where}: at most "
            f"{limits.parameters / 1e6:,.0f} million. Take fewer layers, a smaller width or vocabulary."
        )
    needed = memory(settings.architecture, vocabulary, settings.optimisation.batch).total
    if needed > limits.bytes:
        raise SettingsError(
            f"A step needs about {needed / 1e9:,.1f} GB of memory, and may take "
            f"{limits.bytes / 1e9:,.0f} GB. Take a smaller batch, context or vocabulary."
        )


def _between(what: str, value: int, low: int, high: int, unit: str = "") -> None:
    if not low <= value <= high:
        raise SettingsError(
            f"{what} must have {low:,} to {high:,}{unit}, not {value:,}."
            if unit
            else f"{what} must be between {low:,} and {high:,}, not {value:,}."
        )


def _text(what: str, value: str, most: int, *, least: int = 0, lines: bool = False) -> None:
    """Refuse a text that is too long or holds what nobody can read: half characters, control characters."""
    if not least <= len(value) <= most:
        raise SettingsError(f"{what} must have {least} to {most} characters.")
    plain = re.sub(r"[\n\t]", "", value) if lines else value
    if any(ord(character) < 32 or 0xD800 <= ord(character) <= 0xDFFF for character in plain):
        raise SettingsError(f"{what} holds characters that cannot be written.")
