"""Which tokens of the vocabulary a search shows at a step: those that are the word, then the most likely."""

from dataclasses import dataclass

import numpy as np

from model.interior.explain import Explanation
from model.sampler.distribution import descending
from model.tokenizer.pieces import Matches

MOST_MATCHES = 12
"""Rows of a search; all matches of a letter are thousands."""


@dataclass(frozen=True)
class Found:
    """What a search shows."""

    token_ids: list[int]
    count: int
    """How many tokens match."""


def found_tokens(matches: Matches, why: Explanation) -> Found:
    """Return what is shown of the matches, by the model's own probability at a step.

    Whatever is the text that was searched for, but for case and spaces, is among them however unlikely.
    """
    others = np.array(matches.containing, dtype=np.int64)
    room = max(0, MOST_MATCHES - len(matches.equal))
    likely = others[descending(why.shaped.logits[others])[:room]]
    token_ids = [*matches.equal[:MOST_MATCHES], *(int(token_id) for token_id in likely)]
    return Found(token_ids, len(matches.equal) + len(others))
