"""What it takes to write a run again, and the tokens that tell whether it came out the same."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from model.numbers import MAX_SEED, within
from model.sampler.sampling import COIN, uniform
from model.sampler.settings import SamplerSettings
from model.texts.run import FinishReason, Run


@dataclass(frozen=True)
class RecipeStep:
    """A step without what the model thought of it, which follows when it is computed again."""

    token_id: int
    u: float
    """The draw, uniform in [0, 1)."""
    forced: bool = False
    settings: SamplerSettings | None = None
    """Where they differ from the run's."""
    coin: float | None = None
    """Of XTC, where it is not the one that the seed gives."""
    typed: str | None = None


@dataclass(frozen=True)
class Recipe:
    """A run for somebody who has the model, or another one to compare it with."""

    model: str
    """Name and weights fingerprint, `name@fingerprint`."""
    precision: str
    prompt: str
    prompt_tokens: int
    """How many: the draws follow from the seed and the position."""
    text: str
    """The continuation, for whoever has another vocabulary."""
    prompt_token_ids: tuple[int, ...] | None = None
    """None where they are what the tokenizer makes of the prompt."""
    settings: SamplerSettings = field(default_factory=SamplerSettings)
    seed: int = 42
    steps: tuple[RecipeStep, ...] = ()
    finish_reason: FinishReason | None = None
    computed_with: str = ""
    """The library that computed it, and its version."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", int(within("seed", self.seed, 0, MAX_SEED, whole=True)))

    @classmethod
    def of(cls, run: Run, *, prompt_follows: bool, computed_with: str = "") -> "Recipe":
        """Return the recipe of a run.

        Args:
            run: written or given.
            prompt_follows: whether the tokenizer makes `prompt_token_ids` of the prompt, so that they need
                not be told.
            computed_with: the library that computed it.
        """
        return cls(
            model=run.model,
            precision=run.precision,
            prompt=run.prompt,
            prompt_tokens=len(run.prompt_token_ids),
            text=run.text,
            prompt_token_ids=None if prompt_follows else run.prompt_token_ids,
            settings=run.settings,
            seed=run.seed,
            steps=tuple(
                RecipeStep(
                    token_id=step.token_id,
                    u=step.u,
                    forced=step.forced,
                    settings=step.settings,
                    coin=None if step.coin in (None, uniform(run.seed, step.position, COIN)) else step.coin,
                    typed=step.typed,
                )
                for step in run.steps
            ),
            finish_reason=run.finish_reason,
            computed_with=computed_with,
        )

    @property
    def token_ids(self) -> tuple[int, ...]:
        """Of the continuation."""
        return tuple(step.token_id for step in self.steps)

    def settings_at(self, index: int) -> SamplerSettings:
        """Return the settings under which a step was chosen."""
        return self.steps[index].settings or self.settings

    def begun(self, model: str, prompt_token_ids: Sequence[int], precision: str) -> Run:
        """Return the run with no steps yet, for a model that is here."""
        return Run(model, self.prompt, tuple(prompt_token_ids), self.settings, self.seed, precision=precision)
