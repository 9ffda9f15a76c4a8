"""Diverse beam search: beams in groups, each of which keeps away from what the groups before it chose.

The hypotheses of plain beam search differ in a word or two. Vijayakumar et al. 2018 (arXiv:1610.02424) let
groups of beams take their steps one after another, and lower the logprob of a token by a penalty for every
beam of an earlier group that has just chosen it (Hamming diversity). The lowered sums go on into the next
steps (their Algorithm 1), as they did in Transformers' group beam search while it had one.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from model.lab.beam_search import (
    MOST_BEAMS,
    BeamSearch,
    Reader,
    checked_length_penalty,
    room_for,
    searched,
)
from model.lab.beams import Beams
from model.numbers import OutOfRange, within

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.engine.engine import Engine

MOST_DIVERSITY = 20.0
"""Largest penalty, in nats: half as much already forbids all but the surest tokens."""


def diverse_beam_search(
    engine: "Engine",
    token_ids: Sequence[int],
    beams: int,
    groups: int,
    max_new_tokens: int,
    diversity_penalty: float = 0.5,
    length_penalty: float = 1.0,
    *,
    precision: str | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[BeamSearch]:
    """Search for likely continuations that differ; yields after every step, at last with a `finish_reason`.

    Args:
        engine: computes.
        token_ids: the prompt, at least one token.
        beams: hypotheses side by side in all groups together, 1 to `MOST_BEAMS`.
        groups: of equal size; one alone is beam search.
        max_new_tokens: most tokens to add; times `beams` at most `MOST_SEARCHED`.
        diversity_penalty: in nats, 0 to `MOST_DIVERSITY`.
        length_penalty: exponent of the length that sums of logprobs are divided by.
        precision: the number format; the model's usual one by default.
        stop: asked before every step whether to end.

    Raises:
        OutOfRange: an argument outside its range, or groups that would not be of equal size.
        ValueError: there is no token to go on from.
        UnknownPrecision: the model was not loaded in this number format.
    """
    beams = int(within("beams", beams, 1, MOST_BEAMS, whole=True))
    groups = int(within("groups", groups, 1, beams, whole=True))
    if beams % groups:
        raise OutOfRange("groups", groups, 1, beams, f", and divide the {beams} beams")
    diversity_penalty = within("diversity_penalty", diversity_penalty, 0.0, MOST_DIVERSITY)
    checked = checked_length_penalty(length_penalty)
    ends = engine.model.eos_token_ids
    return searched(
        [Beams(beams // groups, ends, checked, number) for number in range(groups)],
        Reader(engine, token_ids, precision),
        room_for(engine, token_ids, beams, max_new_tokens),
        diversity_penalty=diversity_penalty,
        stop=stop,
    )
