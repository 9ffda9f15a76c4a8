"""Tokens as the rows of a table: how each reads, what became of it, and how long its bars are."""

import math
from collections.abc import Callable, Container, Sequence
from typing import TypedDict

import numpy as np

from model.sampler.sampling import ShapedDistribution
from viz.components.spelling import completed
from viz.words.percent import count, percent, signed
from viz.words.stages import stage_name
from viz.words.strings import say
from viz.words.tokens import display_token, told_token

LONGEST_TOKEN = 22
SCALES = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
"""Where the bars' common scale may end, times a power of ten."""
MOVING = ("logit_bias", "repetition_penalty", "presence_penalty", "frequency_penalty", "dry_multiplier")
"""Stages that move the logits of some tokens, and so their ranks."""


class Row(TypedDict):
    """One token. Numbers are probabilities; `_text` is how they read."""

    token: str
    own: str
    """The token as it is, for whoever saves the table."""
    completes: str
    """The character that would be whole with it, where its first bytes are in the text already."""
    token_id: int
    rank: int
    rank_text: str
    raw: float
    raw_text: str
    shaped: float
    shaped_text: str
    cut: str | None
    """The stage that removed it; None for the survivors."""
    chosen: bool
    dice: bool
    """The draw falls on this token."""
    gap: bool
    """Tokens were left out before it."""
    banned: bool
    """Ruled out by a person, for the sampler of this moment."""
    title: str


def token_rows(
    shaped: ShapedDistribution,
    ids: Sequence[int],
    token_of: Callable[[int], str],
    chosen: int | None,
    dice: int | None,
    begun: bytes,
    banned: Container[int],
) -> list[Row]:
    """Return a row for each of these tokens.

    Args:
        shaped: the distribution of one step.
        ids: of the tokens, in the order of the rows.
        token_of: the text of a token id.
        chosen: id of the token that stands in the text.
        dice: id of the token on which the draw falls.
        begun: bytes in the text of a character that is not complete.
        banned: ids of the tokens that a person ruled out.
    """
    rows: list[Row] = []
    before = 0
    for token_id in ids:
        rank, cut = shaped.rank(token_id), shaped.cut_by(token_id)
        raw, after = float(shaped.probabilities[token_id]), float(shaped.shaped[token_id])
        text = token_of(token_id)
        rows.append(
            {
                "token": display_token(text, LONGEST_TOKEN),
                "own": text,
                "completes": display_token(completed(begun, text)),
                "token_id": token_id,
                "rank": rank,
                "rank_text": count(rank),
                "raw": raw,
                "raw_text": percent(raw),
                "shaped": after,
                "shaped_text": percent(after)
                if cut is None
                else say("components.next.cut", stage=stage_name(cut)),
                "cut": cut,
                "chosen": token_id == chosen,
                "dice": token_id == dice,
                "gap": rank > before + 1,
                "banned": token_id in banned,
                "title": say(
                    "components.next.title",
                    token=told_token(text),
                    id=token_id,
                    rank=count(rank),
                    logit=f"{float(shaped.logits[token_id]):.3f}",
                )
                + _moved(shaped, token_id, cut),
            }
        )
        before = rank
    return rows


def scale_of(rows: Sequence[Row]) -> float:
    """Return a round probability at or above every bar."""
    most = max((max(row["raw"], row["shaped"]) for row in rows), default=1.0)
    if not most > 0.0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(most))
    return float(min(1.0, next(step * power for step in SCALES if step * power >= most * (1 - 1e-12))))


def _moved(shaped: ShapedDistribution, token_id: int, cut: str | None) -> str:
    """Return a line on what moved the logit of a token before the sampler cut or kept it."""
    moves: list[tuple[float, float]] = []
    told: list[str] = []
    for stage in shaped.stages:
        if stage.name == cut:
            break
        if stage.name not in MOVING or stage.before is None:
            continue
        met = stage.before.softmax
        was, now = float(met.scores[token_id]) / met.temperature, float(stage.softmax.scores[token_id])
        if not math.isclose(was, now, rel_tol=1e-6, abs_tol=1e-6):
            moves.append((was, now))
            told.append(f"{stage_name(stage.name)} {signed(was)} → {signed(now)}")
    if not moves:
        return ""
    lowered = moves[-1][1] < moves[0][0]
    key = "components.next.lowered" if lowered else "components.next.raised"
    return "\n" + say(key, changes=", ".join(told))
