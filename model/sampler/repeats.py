"""Which tokens would lengthen a repetition of the text, and how long it is already."""

from collections.abc import Sequence

import numpy as np

from model.sampler.distribution import Ids

LONGEST = 50
"""Tokens of a repetition that are counted: a longer one is as good as ruled out. It bounds the work, too."""


def repeats(text: Sequence[int], breakers: Ids) -> tuple[Ids, Ids]:
    """Return the tokens that would lengthen a repetition, and the tokens that it has already.

    The end of the text is compared with all of it before, token by token backwards, at most `LONGEST` times:
    the work grows with the length of the text, never with its square, however it repeats itself.

    Args:
        text: the text so far.
        breakers: ids of tokens that no repetition holds, and that never lengthen one.

    Returns:
        (n,) ids, each once, and (n,) the longest repetition that each would lengthen, from 1 to `LONGEST`.
    """
    tokens = np.asarray(text, dtype=np.intp)
    breaks = np.isin(tokens, breakers)
    behind = len(tokens) - 1 - np.flatnonzero(breaks).max(initial=-1)
    places = np.flatnonzero(~breaks[1:])  # where a repetition may end: what follows would lengthen it
    lengths = np.zeros(len(tokens), dtype=np.intp)
    for length in range(1, min(LONGEST, behind) + 1):
        places = continued(tokens, places, length)
        if len(places) == 0:
            break
        lengths[places] = length
    found = np.flatnonzero(lengths)
    token_ids, which = np.unique(tokens[found + 1], return_inverse=True)
    longest = np.zeros(len(token_ids), dtype=np.intp)
    np.maximum.at(longest, which, lengths[found])
    return token_ids, longest


def continued(tokens: Ids, places: Ids, length: int) -> Ids:
    """Return those of the places at which a repetition of the end of the text is still one, so far back.

    Args:
        tokens: the text.
        places: indices of tokens where a repetition of `length - 1` tokens ends.
        length: how many tokens back from the end to look.
    """
    places = places[places >= length - 1]
    same: Ids = places[tokens[places - (length - 1)] == tokens[-length]]
    return same
