"""Why a token stands where it stands: the recorded distribution of its step, seen through a sampler."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.sampler.distribution import Softmax
from model.sampler.landmarks import Landmarks
from model.sampler.sampling import ShapedDistribution, draw, shaped
from model.sampler.settings import SamplerSettings
from model.texts.run import Run

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.engine.engine import Engine


@dataclass(frozen=True, eq=False)
class Explanation:
    """The choice of the token at one position."""

    position: int
    """Position p in the whole text, at least 1; it was chosen by the query at p - 1."""
    shaped: ShapedDistribution
    """What could have stood there, under the settings asked for."""
    token_id: int | None
    """What stands there; None one past the end of the text."""
    u: float | None
    """The draw that chose it; None for the prompt and past the end."""
    forced: bool
    """Put there by a person: the prompt, or a token chosen by hand."""

    @property
    def token_id_by_same_dice(self) -> int | None:
        """The token that the recorded draw picks under the settings asked for; None without a draw."""
        return None if self.u is None else draw(self.shaped, self.u)


def explain(engine: "Engine", run: Run, position: int, settings: SamplerSettings) -> Explanation:
    """Explain the token at a position of a run.

    Args:
        engine: holds the internals, or computes them again.
        run: the text.
        position: from 1 to the length of the text, where it means the token that would come next.
        settings: the sampler to look through; the run's own show what happened.

    Raises:
        IndexError: nothing was predicted at this position.
    """
    token_ids = run.token_ids
    if not 1 <= position <= len(token_ids):
        raise IndexError(f"position must be between 1 and {len(token_ids)}, not {position}")
    softmax = engine.read(token_ids[:position], run.precision).softmax(position - 1)
    return explained(run, position, softmax, settings, engine.model.landmarks)


def explained(
    run: Run, position: int, softmax: Softmax, settings: SamplerSettings, landmarks: Landmarks
) -> Explanation:
    """Explain the token at a position whose distribution is at hand; arguments as of `explain`.

    Args:
        run: the text.
        position: likewise.
        softmax: the model's own distribution of the token there.
        settings: likewise.
        landmarks: of the model's vocabulary.
    """
    token_ids, step = run.token_ids, run.step_at(position)
    # Where no dice were thrown there is no coin either: XTC is shown at work.
    coin = None if step is None or step.forced else run.coin_at(position)
    return Explanation(
        position=position,
        shaped=shaped(softmax, settings, token_ids[:position], coin=coin, landmarks=landmarks),
        token_id=token_ids[position] if position < len(token_ids) else None,
        u=None if step is None or step.forced else step.u,
        forced=position < len(token_ids) and (step is None or step.forced),
    )
