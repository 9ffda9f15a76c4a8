"""A run: everything needed to write a text again. A few kB of plain values, JSON both ways."""

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, Self, TypeVar, get_args

from model.numbers import LN2, MAX_SEED, whole_number, within
from model.sampler.sampling import COIN, uniform
from model.sampler.settings import SamplerSettings
from model.texts.file_format import SCHEMA, require_schema

FinishReason = Literal["length", "eos", "stop", "context"]
Built = TypeVar("Built")
OPTIONAL = ("typed", "coin", "mixed_probability")
"""Fields of a step that most steps leave out."""


@dataclass(frozen=True)
class Step:
    """The choice of one token: which, by which draw, and what the model thought of it.

    Every number speaks of the distribution at `position - 1`, the query that chose this token.
    """

    position: int
    """Index of the chosen token in the whole text, prompt included."""
    token_id: int
    token: str
    """The token by itself; bytes that are no whole character read `<0xF0>`."""
    text: str
    """What the text gained: empty while a multi-byte character is still incomplete."""
    u: float
    """The draw, uniform in [0, 1)."""
    logprob: float
    """Natural log of the model's own probability, over the whole vocabulary."""
    probability: float
    """Probability after the sampler, given the coin."""
    rank: int
    """Rank among the model's own logits, 1 the most likely."""
    entropy_bits: float
    """Entropy of the model's own distribution."""
    kept: int
    """Number of tokens the sampler left to choose from."""
    forced: bool = False
    """Put there by a person instead of drawn."""
    settings: SamplerSettings | None = None
    """The settings of this step where they differ from the run's."""
    typed: str | None = None
    """What a person typed for it where `text` does not say so: the name of a special token, or letters that
    the tokenizer writes in another way."""
    coin: float | None = None
    """The draw, uniform in [0, 1), that says whether XTC acts here; None where the sampler throws none."""
    mixed_probability: float | None = None
    """Probability after the sampler over all coins, where one was thrown: how often fair dice give it."""

    @property
    def surprisal_bits(self) -> float:
        """-log2 of the model's own probability of the token."""
        return -self.logprob / LN2

    def to_json(self) -> dict[str, Any]:
        """Return plain values; those that may be None only where they say something."""
        named = [name.name for name in fields(self) if name.name not in ("settings", *OPTIONAL)]
        data = {name: getattr(self, name) for name in named}
        data["surprisal_bits"] = self.surprisal_bits
        data |= {name: getattr(self, name) for name in OPTIONAL if getattr(self, name) is not None}
        if self.settings is not None:
            data["settings"] = self.settings.to_json()
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild a step.

        Raises:
            ValueError: a field is missing or unknown.
        """
        given = {key: value for key, value in data.items() if key != "surprisal_bits"}
        if given.get("settings") is not None:
            given["settings"] = SamplerSettings.from_json(given["settings"])
        return _built(cls, given)


@dataclass(frozen=True)
class Run:
    """A text being written, or written. The model's internals follow from it and are kept elsewhere."""

    model: str
    """Name and weights fingerprint, `name@fingerprint`."""
    prompt: str
    prompt_token_ids: tuple[int, ...]
    settings: SamplerSettings = field(default_factory=SamplerSettings)
    seed: int = 42
    steps: tuple[Step, ...] = ()
    finish_reason: FinishReason | None = None
    """Why it ended; None while it is being written."""
    precision: str = "float32"
    """The number format that computed it, and computes it again when it is replayed."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", within("seed", self.seed, 0, MAX_SEED, whole=True))
        if self.finish_reason is not None and self.finish_reason not in get_args(FinishReason):
            raise ValueError(
                f"finish_reason must be one of {get_args(FinishReason)}, not {self.finish_reason!r}"
            )

    @property
    def text(self) -> str:
        """The continuation, without the end-of-text token."""
        return "".join(step.text for step in self.steps)

    @property
    def token_ids(self) -> tuple[int, ...]:
        """Prompt and continuation."""
        return self.prompt_token_ids + tuple(step.token_id for step in self.steps)

    def step_at(self, position: int) -> Step | None:
        """Return the step that chose the token at `position`; None for the prompt and beyond the end."""
        index = position - len(self.prompt_token_ids)
        return self.steps[index] if 0 <= index < len(self.steps) else None

    def settings_at(self, position: int) -> SamplerSettings:
        """Return the settings under which the token at `position` was, or would be, chosen."""
        step = self.step_at(position)
        return step.settings if step is not None and step.settings is not None else self.settings

    def coin_at(self, position: int) -> float:
        """Return what the coin of XTC shows at a position: what its step recorded, else that of the seed."""
        step = self.step_at(position)
        return uniform(self.seed, position, COIN) if step is None or step.coin is None else step.coin

    def with_step(self, step: Step) -> Self:
        """Return the run with one more token, unfinished."""
        return replace(self, steps=(*self.steps, step), finish_reason=None)

    def finished(self, reason: FinishReason) -> Self:
        """Return the run, ended."""
        return replace(self, finish_reason=reason)

    def cut_at(self, position: int) -> Self:
        """Return the run without the token at `position` and all after it; the prompt always stays."""
        keep = max(0, position - len(self.prompt_token_ids))
        if keep >= len(self.steps):
            return self
        return replace(self, steps=self.steps[:keep], finish_reason="stop")

    def to_json(self) -> dict[str, Any]:
        """Return plain values that `json.dumps` takes."""
        return {**self.to_json_head(), "steps": [step.to_json() for step in self.steps]}

    def to_json_head(self) -> dict[str, Any]:
        """Return the same without the steps."""
        return {
            "schema": SCHEMA,
            "model": self.model,
            "prompt": self.prompt,
            "prompt_token_ids": list(self.prompt_token_ids),
            "settings": self.settings.to_json(),
            "seed": self.seed,
            "precision": self.precision,
            "text": self.text,
            "finish_reason": self.finish_reason,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild a run; `text` follows from the steps and is not read.

        Raises:
            ValueError: a field is missing, unknown or out of range, or the prompt is no list of token ids.
        """
        try:
            require_schema(data, "run")
            given = {key: value for key, value in data.items() if key not in ("schema", "text")}
            given["prompt_token_ids"] = _token_ids(given["prompt_token_ids"])
            given["settings"] = SamplerSettings.from_json(given["settings"])
            given["steps"] = tuple(Step.from_json(step) for step in given["steps"])
        except KeyError as missing:
            raise ValueError(f"not a run: it has no {missing}") from missing
        except (AttributeError, TypeError) as problem:
            raise ValueError("not a run: a part of it is missing, unknown or of another kind") from problem
        return _built(cls, given)


def _token_ids(value: object) -> tuple[int, ...]:
    """Return token ids that are given as a list."""
    if not isinstance(value, list | tuple):
        raise ValueError(f"prompt_token_ids must be a list of whole numbers, not {reprlib.repr(value)}")
    return tuple(whole_number(token_id, "each of the prompt_token_ids") for token_id in value)


def _built(kind: type[Built], given: dict[str, Any]) -> Built:
    try:
        return kind(**given)
    except TypeError as problem:
        raise ValueError(f"not a {kind.__name__}: {problem}") from problem
