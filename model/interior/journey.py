"""The way of one token through the model, in numbers: those of the step, each of them once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from model.interior.explain import Explanation
from model.interior.lens import LensLayer


@dataclass(frozen=True)
class Look:
    """Where attention looked most, standing at the query."""

    token: str
    """Raw text of the token that was looked at."""
    weight: float
    """Share of the row, 0 to 1."""
    layer: int
    head: int | None
    """None for the mean over the layer's heads."""


@dataclass(frozen=True)
class StepNumbers:
    """One step: what was read, what could have followed, and what did. Tokens are raw texts."""

    read: tuple[str, ...]
    """The tokens up to the query, T of them."""
    leading: str
    """What the model finds most likely next."""
    leading_probability: float
    """By the model itself, as is the entropy."""
    entropy_bits: float
    kept: int
    """Tokens that the sampler leaves."""
    kept_mass: float
    """What the model gave these together."""
    u: float | None
    """The draw; None where nobody threw."""
    chosen: str | None
    """What stands there; None past the end."""
    rank: int | None
    """Of the chosen one, 1 the most likely."""
    probability: float | None
    """Of the chosen one, by the model itself."""
    shaped_probability: float | None
    """Of the chosen one, after the sampler."""
    forced: bool
    """Put there by a person."""
    look: Look | None = None
    """None where attention was not read."""
    settled: int | None = None
    """First layer, from 0, from which on the lens says what the model says in the end; -1 for the embedding.
    None where the lens was not read."""


def step_numbers(
    why: Explanation,
    read: Sequence[str],
    token_of: Callable[[int], str],
    *,
    look: Look | None = None,
    layers: Sequence[LensLayer] = (),
) -> StepNumbers:
    """Return the numbers of a step.

    Args:
        why: the choice.
        read: raw texts of the tokens up to the query.
        token_of: the raw text of a token id.
        look: where attention looked most, if that is known.
        layers: (L + 1,) what the model would have said after each layer, if that is known.
    """
    shaped, chosen = why.shaped, why.token_id
    first = int(shaped.most_likely(1)[0])
    return StepNumbers(
        read=tuple(read),
        leading=token_of(first),
        leading_probability=float(shaped.probabilities[first]),
        entropy_bits=shaped.entropy_bits,
        kept=shaped.kept,
        kept_mass=shaped.kept_mass,
        u=why.u,
        chosen=None if chosen is None else token_of(chosen),
        rank=None if chosen is None else shaped.rank(chosen),
        probability=None if chosen is None else float(shaped.probabilities[chosen]),
        shaped_probability=None if chosen is None else float(shaped.shaped[chosen]),
        forced=why.forced,
        look=look,
        settled=settled(layers),
    )


def settled(layers: Sequence[LensLayer]) -> int | None:
    """Return the first layer from which on the leading token stays that of the output.

    Args:
        layers: (L + 1,) from the embedding to the output.

    Returns:
        the layer from 0, -1 for the embedding; None for no layers.
    """
    if not layers:
        return None
    last = layers[-1].token_ids[0]
    alike = sum(1 for _ in takewhile(lambda one: one.token_ids[0] == last, reversed(layers)))
    return len(layers) - alike - 1
