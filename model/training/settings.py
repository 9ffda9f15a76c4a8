"""What a training is asked to be: its data, tokenizer, model and optimisation, as one file of JSON."""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["pretraining", "fine_tuning", "distillation"]
Source = Literal["python", "stories", "repeats", "addition", "sorting", "brackets", "own"]
Tokens = Literal["characters", "bpe", "model"]
Family = Literal["gpt2", "llama"]
Schedule = Literal["cosine", "linear", "constant"]


class SettingsError(ValueError):
    """A training cannot be as it was asked for; the message says why and what can."""


@dataclass(frozen=True)
class DataSettings:
    """Which text is learned from."""

    source: Source = "python"
    """python: the help texts that every Python carries. stories: written to order by the embedded model.
    repeats, addition, sorting, brackets: toy worlds, made on the fly. own: a text of the person's."""
    characters: int = 400_000
    """Most of the source that are taken; for toy worlds, how many are made."""
    topic: str = "animals"
    """Of the stories."""
    validation: float = 0.08
    """Share of the tokens that the model is measured on while it learns."""
    test: float = 0.02
    """Share that it never meets before it is evaluated."""


@dataclass(frozen=True)
class TokenizerSettings:
    """How text becomes tokens."""

    kind: Tokens = "bpe"
    """characters; bpe: byte-level byte-pair encoding, trained on the training part; model: that of `base`."""
    vocabulary: int = 1024
    """Most tokens of a trained one."""


@dataclass(frozen=True)
class ArchitectureSettings:
    """How large a new model is."""

    family: Family = "gpt2"
    """gpt2: learned positions, layer norm, GELU. llama: rotary positions, RMS norm, SwiGLU."""
    layers: int = 4
    heads: int = 4
    width: int = 128
    """Of the residual stream."""
    context: int = 128
    """Tokens of a text at most."""


@dataclass(frozen=True)
class OptimisationSettings:
    """How it learns: AdamW (Loshchilov & Hutter 2019)."""

    steps: int = 300
    batch: int = 16
    """Sequences of `context` tokens in a step."""
    learning_rate: float = 2e-3
    schedule: Schedule = "cosine"
    warmup: int = 20
    """Steps until the learning rate is reached."""
    weight_decay: float = 0.01
    clipping: float = 1.0
    """Largest norm of the gradient."""
    seed: int = 0
    evaluate_every: int = 50
    """Steps between two looks: validation, samples, heads, and a checkpoint."""
    patience: int = 0
    """Looks without a better validation after which it ends; 0 for never."""
    loss_on_repeats: bool = False
    """In the toy world of repeats: only what has been seen before in the sequence counts."""


@dataclass(frozen=True)
class LoraSettings:
    """Low-rank adaptation (Hu et al. 2022, arXiv:2106.09685)."""

    rank: int = 8
    """0 trains all weights instead."""
    alpha: int = 16


@dataclass(frozen=True)
class DistillationSettings:
    """A student learns from a teacher (Hinton et al. 2015, arXiv:1503.02531)."""

    temperature: float = 1.0
    share: float = 0.5
    """Of the soft targets in the loss; the rest is the truth's."""
    alone: bool = True
    """Whether the same student is trained without a teacher too, to compare."""


@dataclass(frozen=True)
class TrainingSettings:
    """A whole training."""

    name: str = "my first GPT"
    kind: Kind = "pretraining"
    base: str = ""
    """What is tuned, teaches, or lends its tokenizer: a name of the catalogue, or `<training>/<step>`."""
    data: DataSettings = field(default_factory=DataSettings)
    tokenizer: TokenizerSettings = field(default_factory=TokenizerSettings)
    architecture: ArchitectureSettings = field(default_factory=ArchitectureSettings)
    optimisation: OptimisationSettings = field(default_factory=OptimisationSettings)
    lora: LoraSettings = field(default_factory=LoraSettings)
    distillation: DistillationSettings = field(default_factory=DistillationSettings)
    prompts: tuple[str, ...] = ("The",)
    """Written on at every look, with the same dice."""
