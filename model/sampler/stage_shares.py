"""The leading tokens through the stages of the sampler: what each stage keeps of them, and what it cuts."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from model.sampler.distribution import Floats, Ids, Stage
from model.sampler.road import probability_after
from model.sampler.sampling import ShapedDistribution


@dataclass(frozen=True, eq=False)
class StageShares:
    """Shares of the probability in every column: the model, each stage, and what the dice are thrown on.

    The column of a stage is not renormalised: its tokens have what they had among those before the cut,
    and what was cut fills it up to 1. The last column is what is left, over the whole.
    """

    names: tuple[str, ...]
    """(S,) the stages; the first is "model", the last "dice"."""
    token_ids: Ids
    """(m,) tokens with a share of their own, by the model's own rank."""
    shares: Floats
    """(S, m) of these tokens, 0 where they are cut."""
    others: Floats
    """(S,) of all other tokens that are left."""
    cut: Floats
    """(S,) of those that the stage cuts."""
    kept: tuple[int, ...]
    """(S,) tokens left."""


def stage_shares(shaped: ShapedDistribution, *, most: int = 8, always: Collection[int] = ()) -> StageShares:
    """Follow the leading tokens through the stages.

    Args:
        shaped: the distribution of one step.
        most: tokens followed; half of them lead at the end, the others at the beginning.
        always: tokens that are followed in any case.
    """
    leading = [*shaped.left.leading((most + 1) // 2), *shaped.most_likely(most)]
    followed = list(dict.fromkeys([*always, *(int(token_id) for token_id in leading)]))
    token_ids = np.array(sorted(followed[: max(most, len(always))], key=shaped.rank), dtype=np.intp)
    columns = [("model", shaped.model, 1.0)]
    columns += [(stage.name, stage, stage.mass) for stage in shaped.stages]
    columns += [("dice", shaped.left, 1.0)]
    shares = np.array([_shares(stage, token_ids) * mass for _, stage, mass in columns])
    masses = np.array([mass for _, _, mass in columns])
    return StageShares(
        names=tuple(name for name, _, _ in columns),
        token_ids=token_ids,
        shares=shares,
        others=np.clip(masses - shares.sum(axis=1), 0.0, 1.0),
        cut=np.clip(1.0 - masses, 0.0, 1.0),
        kept=tuple(stage.kept for _, stage, _ in columns),
    )


def _shares(stage: Stage, token_ids: Ids) -> Floats:
    return np.array([probability_after(stage, int(token_id)) for token_id in token_ids])
