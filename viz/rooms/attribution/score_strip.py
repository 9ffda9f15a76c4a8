"""The context as a strip whose colour is the score of each token: one for it, another against."""

import math
from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np
import orjson

from model.interventions.token_scores import UNSIGNED, TokenScores
from model.texts.run import Run
from model.tokenizer.pieces import Piece
from viz.components.drawn import Drawn
from viz.components.token_strip import strip_value, strip_words
from viz.rooms.attribution.words import score_text
from viz.words.bidi import Direction
from viz.words.strings import say
from viz.words.tokens import told_token


class ScoreStripValue(TypedDict):
    """The value of a `ScoreStrip`."""

    tokens: list[str]
    """Tokens as `token_strip.Token` has them, as JSON each: the page compares every part of a value."""
    dir: Direction
    low: str
    """The score at the end of the scale that speaks against; empty where there is none."""
    high: str
    """At the other end."""


def score_strip_value(pieces: Sequence[Piece], run: Run, scores: TokenScores) -> ScoreStripValue:
    """Return the strip of a context.

    Args:
        pieces: its tokens.
        run: the text that begins with it.
        scores: of the tokens.
    """
    shown = strip_value(pieces, run, selected=None, colour_by="surprisal")
    most = float(np.nanmax(np.abs(scores.values), initial=0.0)) or 1.0
    tokens = []
    for position, (token, value) in enumerate(zip(shown["tokens"], scores.values.tolist(), strict=True)):
        scored = not math.isnan(value)
        kind = "unscored" if not scored else "against" if value < 0 else "for"
        title = say(
            "why.attribution.token" if scored else "why.attribution.token_unscored",
            token=told_token(pieces[position].token, 40),
            position=position,
            score=score_text(value, scores.method) if scored else "",
        )
        weight = round(abs(value) / most, 3) if scored else 0.0
        tokens.append(orjson.dumps({**token, "kind": kind, "weight": weight, "title": title}).decode())
    low = "" if scores.method in UNSIGNED else score_text(-most, scores.method)
    return {"tokens": tokens, "dir": shown["dir"], "low": low, "high": score_text(most, scores.method)}


class ScoreStrip(Drawn):
    """The strip. Each token tells its number when it is pointed at or has the focus; arrows go along it."""

    def __init__(self, *, elem_id: str = "attribution-strip", **kwargs: Any) -> None:
        words = strip_words(elem_id) | {
            "group": say("why.attribution.strip"),
            "hint": say("why.attribution.hint"),
            "against": say("why.attribution.speaks_against"),
            "for": say("why.attribution.speaks_for"),
            "least": say("why.attribution.least"),
            "most": say("why.attribution.most"),
        }
        super().__init__(
            "score_strip",
            '<div class="scored"><div class="strip" role="group" translate="no"></div>'
            '<p class="score-told" aria-live="polite"></p><div class="score-scale"></div></div>',
            None,
            words=words,
            parts=("token_cells",),
            elem_id=elem_id,
            **kwargs,
        )
