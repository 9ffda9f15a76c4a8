"""A text as a strip whose colour is the score of each token: one for something, another against it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import numpy as np
import orjson
from numpy.typing import NDArray

from model.tokenizer.pieces import Piece
from viz.components.drawn import Drawn
from viz.components.token_strip import plain_tokens, strip_words
from viz.words.bidi import Direction


class ScoreStripValue(TypedDict):
    """The value of a `ScoreStrip`."""

    tokens: list[str]
    """Tokens as `token_strip.Token` has them, as JSON each: the page compares every part of a value."""
    dir: Direction
    low: str
    """The score at the end of the scale that speaks against; empty where there is none."""
    high: str
    """At the other end."""


def score_strip_value(
    pieces: Sequence[Piece], scores: NDArray[np.float64], titles: Sequence[str], low: str, high: str
) -> ScoreStripValue:
    """Return the strip of a text.

    Args:
        pieces: its tokens.
        scores: of the tokens, below 0 against; NaN where there is none.
        titles: what is told of each.
        low: how the lowest score reads that the colours can show; empty where none is below 0.
        high: the highest; both are as far from 0 as the score that is furthest.
    """
    most = furthest(scores)
    shown, direction = plain_tokens(pieces)
    tokens = []
    for token, value, title in zip(shown, scores.tolist(), titles, strict=True):
        kind = "unscored" if math.isnan(value) else "against" if value < 0 else "for"
        weight = 0.0 if math.isnan(value) else round(abs(value) / most, 3)
        tokens.append(orjson.dumps({**token, "kind": kind, "weight": weight, "title": title}).decode())
    return {"tokens": tokens, "dir": direction, "low": low, "high": high}


def furthest(scores: NDArray[np.float64]) -> float:
    """Return the largest distance of a score from 0; 1 where all are 0 or there is none."""
    return float(np.nanmax(np.abs(scores), initial=0.0)) or 1.0


class ScoreStrip(Drawn):
    """The strip. Each token tells its number when it is pointed at or has the focus; arrows go along it."""

    def __init__(self, words: Mapping[str, str], *, elem_id: str, **kwargs: Any) -> None:
        """Create a strip.

        Args:
            words: `group`, what it is; `hint`, how to read it; `against` and `for`, and `least` and `most`
                where no score is below 0: what stands at the ends of the scale.
            elem_id: of the element.
            kwargs: of the component.
        """
        super().__init__(
            "score_strip",
            '<div class="scored"><div class="strip" role="group" translate="no"></div>'
            '<p class="score-told" aria-live="polite"></p><div class="score-scale"></div></div>',
            None,
            words=strip_words(elem_id) | dict(words),
            parts=("token_cells",),
            elem_id=elem_id,
            **kwargs,
        )
