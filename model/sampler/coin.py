"""A step before the coin of XTC is thrown: what the dice fall on either way, and on the whole."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from model.sampler.distribution import Floats, Ids, descending, entropy_bits
from model.sampler.sampling import ShapedDistribution


@dataclass(frozen=True, eq=False)
class Side:
    """What the dice of a step fall on for a part of all coins."""

    chance: float
    """Share of the coins, above 0."""
    shaped: ShapedDistribution


@dataclass(frozen=True, eq=False)
class Sides:
    """What the sampler leaves of one step, over all coins: a mixture, of one part where no coin matters.

    Whoever throws other dice at a step throws another coin too: that is what their shares come near.
    """

    parts: tuple[Side, ...]
    """The coins that let XTC act first, then the others; the chances sum to 1."""

    def under(self, coin: float) -> ShapedDistribution:
        """Return what the dice fall on when the coin shows this number in [0, 1)."""
        part = self.parts[0] if coin < self.parts[0].chance else self.parts[-1]
        return replace(part.shaped, at=replace(part.shaped.at, coin=coin))

    @cached_property
    def shaped(self) -> Floats:
        """(V,) probability of every token over all coins; 0 where it is cut whatever the coin shows."""
        if len(self.parts) == 1:
            return self.parts[0].shaped.shaped
        mixture: Floats = np.sum([part.chance * part.shaped.shaped for part in self.parts], axis=0)
        return mixture

    @cached_property
    def token_ids(self) -> Ids:
        """(kept,) the tokens that some coin leaves, most likely first over all coins."""
        if len(self.parts) == 1:
            return self.parts[0].shaped.token_ids
        left = np.unique(np.concatenate([part.shaped.token_ids for part in self.parts]))
        return left[descending(self.shaped[left])]

    @property
    def probabilities(self) -> Floats:
        """(kept,) theirs; they sum to 1."""
        if len(self.parts) == 1:
            return self.parts[0].shaped.kept_probabilities
        return self.shaped[self.token_ids]

    @property
    def kept(self) -> int:
        """Number of tokens that some coin leaves."""
        return len(self.token_ids)

    @property
    def kept_mass(self) -> float:
        """The model's own probability of these tokens, together."""
        if len(self.parts) == 1:
            return self.parts[0].shaped.kept_mass
        return min(1.0, float(self.parts[0].shaped.probabilities[self.token_ids].sum()))

    @property
    def entropy_bits(self) -> float:
        """Entropy of the mixture."""
        if len(self.parts) == 1:
            return self.parts[0].shaped.shaped_entropy_bits
        return entropy_bits(self.probabilities)

    def probability(self, token_id: int) -> float:
        """Return the probability of a token over all coins."""
        return sum(part.chance * part.shaped.probability(token_id) for part in self.parts)

    def cut_by(self, token_id: int) -> str | None:
        """Return the stage that removes a token whatever the coin shows; None if some coin leaves it."""
        cuts = [part.shaped.cut_by(token_id) for part in self.parts]
        return None if None in cuts else cuts[-1]


def sides(shaped: ShapedDistribution) -> Sides:
    """Return a step as it is before its coin is thrown, whatever coin it has."""
    chance = shaped.settings.xtc_probability
    if not shaped.settings.throws_coin:
        return Sides((Side(1.0, shaped),))
    acting = shaped.with_coin(0.0)
    if chance >= 1.0 or acting.excluded == 0:
        return Sides((Side(1.0, acting),))
    return Sides((Side(chance, acting), Side(1.0 - chance, shaped.with_coin(chance))))
