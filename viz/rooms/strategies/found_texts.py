"""What a search has found: sequences of tokens, best first, each of which can be put on the page."""

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from model.lab.beams import Hypothesis
from viz.components.drawn import Drawn
from viz.components.spelling import as_pieces, shown_piece
from viz.words.percent import signed
from viz.words.strings import say
from viz.words.tokens import CARRIER


class FoundText(TypedDict):
    """One sequence. `_text` is how a number reads."""

    tokens: list[str]
    score_text: str
    logprob_sum: float
    logprob_sum_text: str
    length: int
    end: str


class FoundTextsValue(TypedDict):
    """The value of a `FoundTexts`."""

    rows: list[FoundText]
    note: str


def found_texts_value(
    hypotheses: Sequence[Hypothesis],
    *,
    token_of: Callable[[int], str],
    growing: bool,
    groups: int = 1,
    note: str = "",
) -> FoundTextsValue:
    """Return sequences of beam search as a table.

    Args:
        hypotheses: best first.
        token_of: the text of a token id.
        growing: whether the search goes on.
        groups: that it was divided into.
        note: a sentence above the table.
    """
    rows = []
    for one in hypotheses:
        row = found_text(one.token_ids, one.logprob_sum, token_of=token_of, end=_end(one.finished, growing))
        row["score_text"] = signed(one.score, 3)
        if groups > 1:
            row["end"] = say("components.found.group", end=row["end"], group=one.group + 1)
        rows.append(row)
    return {"rows": rows, "note": note}


def found_text(
    token_ids: Sequence[int], logprob_sum: float, *, token_of: Callable[[int], str], end: str
) -> FoundText:
    """Return one sequence, without a score."""
    return {
        "tokens": [shown_piece(piece) for piece in as_pieces(map(token_of, token_ids))],
        "score_text": "–",
        "logprob_sum": logprob_sum,
        "logprob_sum_text": signed(logprob_sum),
        "length": len(token_ids),
        "end": end,
    }


def _end(finished: bool, growing: bool) -> str:
    return say(f"components.found.{'finished' if finished else 'growing' if growing else 'cut'}")


class FoundTexts(Drawn):
    """The table. A press on “open” is told as `Selection` hears it."""

    def __init__(
        self, value: FoundTextsValue | None = None, *, elem_id: str = "found-texts", **kwargs: Any
    ) -> None:
        keys = (
            *("caption", "text", "score", "score_title", "sum", "length", "end"),
            *("open", "open_title", "turns"),
        )
        words = {key: say(f"components.found.words.{key}") for key in keys} | {
            "here": elem_id,
            "carrier": CARRIER,
        }
        super().__init__(
            "found_texts", '<div class="found-texts"></div>', value, words=words, elem_id=elem_id, **kwargs
        )
