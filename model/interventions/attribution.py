"""Who mattered: the scores of every token of a context, by any of the methods."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from model.interventions.effect import read_clean
from model.interventions.gradients import gradient_x_input, integrated_gradients
from model.interventions.hiding import Hiding
from model.interventions.limits import MOST_TOKENS
from model.interventions.occlusion import occlusion
from model.interventions.rollout import attention_rollout
from model.interventions.surrogates import SAMPLES, kernel_shap, lime
from model.interventions.target import Target
from model.interventions.token_scores import HIDING, METHODS, Method, Progress, Scoring

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.engine.engine import Engine
    from model.network.language_model import LanguageModel

Result = TypeVar("Result")


class Unscorable(ValueError):
    """A context of which a method has nothing to say; the message says why."""


@dataclass(frozen=True, eq=False)
class Reading:
    """A text, and what is explained of the token that comes after it."""

    engine: "Engine"
    token_ids: tuple[int, ...]
    precision: str
    """Number format of the recorded attention; all else is computed in float32."""
    target: Target
    hiding: Hiding = field(repr=False)

    @classmethod
    def of(
        cls,
        engine: "Engine",
        token_ids: Sequence[int],
        precision: str,
        token_id: int | None = None,
        against: int | None = None,
    ) -> "Reading":
        """Read a text.

        Args:
            engine: whose model reads.
            token_ids: of the text, at least one.
            precision: number format of the recorded attention.
            token_id: the token that comes after it; None for the most likely one.
            against: a token that it is held against, if any.

        Raises:
            Unscorable: the text is too long.
            UnknownPart: nothing can be changed in this model.
        """
        if len(token_ids) > MOST_TOKENS:
            raise Unscorable(f"the text has {len(token_ids)} tokens; at most {MOST_TOKENS} can be scored")
        clean = read_clean(engine.model, token_ids)
        target = Target(int(clean.logits.argmax()) if token_id is None else token_id, against)
        hiding = Hiding(engine.model, clean, target)
        return cls(engine, tuple(token_ids), precision, target, hiding)

    @property
    def worth(self) -> float:
        """What is explained, of the text as it is, nats."""
        return self.hiding.values[frozenset()]

    @cached_property
    def model(self) -> "LanguageModel":
        """The model that reads."""
        return self.engine.model

    def scores(self, method: Method, samples: int = SAMPLES) -> Scoring:
        """Score the tokens of the text.

        Args:
            method: how.
            samples: of the methods that sample.

        Raises:
            Unscorable: nothing can be hidden of a single token.
            ValueError: no such method.
        """
        if method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}")
        if method in HIDING and self.hiding.count == 0:
            raise Unscorable("the text has one token, which the model must read: nothing of it can be hidden")
        if method == "integrated_gradients":
            return integrated_gradients(self.model, self.token_ids, self.target)
        if method == "gradient_x_input":
            return gradient_x_input(self.model, self.token_ids, self.target)
        if method == "occlusion":
            return occlusion(self.hiding)
        if method == "rollout":
            internals = self.engine.read(self.token_ids, self.precision)
            return attention_rollout(internals, len(self.token_ids))
        sampling = {"lime": lime, "kernel_shap": kernel_shap}[method]
        return sampling(self.model, self.hiding, samples)


def finished(working: Generator[Progress, None, Result]) -> Result:
    """Return what something comes to that tells how far it is, for those who wait for it."""
    while True:
        try:
            next(working)
        except StopIteration as end:
            result: Result = end.value
            return result
