"""The next token as a table of bars: what the model thought, and what the sampler left of it."""

from collections.abc import Callable, Container, Sequence
from typing import Any, TypedDict

import numpy as np

from model.sampler.sampling import ShapedDistribution, draw
from viz.components.drawn import Drawn
from viz.components.token_rows import LONGEST_TOKEN, Row, scale_of, token_rows
from viz.words.facts import Fact, token_facts
from viz.words.percent import count, percent
from viz.words.strings import say
from viz.words.tokens import told_token


class Others(TypedDict):
    """All the tokens without a row of their own."""

    count: int
    label: str
    raw: float
    raw_text: str
    shaped: float
    shaped_text: str


class NextTokenValue(TypedDict):
    """The value of a `NextTokenBars`."""

    rows: list[Row]
    leading: int
    """Rows that were asked for; 0 of a search. As long as it stays, the table does not shrink."""
    others: Others | None
    scale: float
    """The probability at which a bar is full."""
    scale_text: str
    facts: list[Fact]
    """On the choice: the chosen token and the draw."""
    said: str
    """The step in one sentence; empty where there is nothing to say."""
    note: str


class NoTableValue(TypedDict):
    """The value of a `NextTokenBars` that has nothing to show."""

    missing: str
    """Why."""


def next_token_value(
    shaped: ShapedDistribution,
    *,
    token_of: Callable[[int], str],
    chosen: int | None,
    u: float | None,
    rows: int,
    forced: bool = False,
    given: bool = False,
    note: str = "",
    begun: bytes = b"",
    banned: Container[int] = (),
) -> NextTokenValue:
    """Return the leading tokens, the chosen one wherever it stands, and all others as one row.

    Args:
        shaped: the distribution of one step.
        token_of: the text of a token id.
        chosen: id of the token that stands in the text; None where none does yet.
        u: the draw; None where there was none.
        rows: number of leading tokens with a row of their own.
        forced: the chosen token was put there by a person, not drawn.
        given: it is forced as part of a text that was given as a whole.
        note: a sentence on the chosen token.
        begun: bytes in the text of a character that is not complete.
        banned: ids of the tokens that a person ruled out.
    """
    dice = draw(shaped, u) if u is not None and not forced else None
    ids = [int(token_id) for token_id in shaped.most_likely(rows)]
    extra = sorted(
        {token_id for token_id in (chosen, dice) if token_id is not None} - set(ids), key=shaped.rank
    )
    table = token_rows(shaped, [*ids, *extra], token_of, chosen, dice, begun, banned)
    scale = scale_of(table)
    return {
        "rows": table,
        "leading": rows,
        "others": _others(shaped, [*ids, *extra]),
        "scale": scale,
        "scale_text": f"{100 * scale:g} %",
        "facts": token_facts(
            shaped,
            chosen,
            u,
            dice,
            lambda token_id: told_token(token_of(token_id), LONGEST_TOKEN),
            ("given" if given else "forced") if forced else None,
        ),
        "said": "" if forced else _said(shaped, chosen, dice),
        "note": note,
    }


def no_table(missing: str) -> NoTableValue:
    """Return what stands in place of the table where it cannot be had.

    Args:
        missing: a sentence that says why.
    """
    return {"missing": missing}


def search_value(
    shaped: ShapedDistribution,
    matches: Sequence[int],
    token_of: Callable[[int], str],
    chosen: int | None = None,
    banned: Container[int] = (),
) -> NextTokenValue:
    """Return the tokens found by a search as rows of the same kind, most likely first."""
    ids = sorted((int(token_id) for token_id in matches), key=shaped.rank)
    table = token_rows(shaped, ids, token_of, chosen, None, b"", banned)
    scale = scale_of(table)
    note = "" if ids else say("components.next.nothing_found")
    return {
        "rows": [{**row, "gap": False} for row in table],
        "leading": 0,
        "others": None,
        "scale": scale,
        "scale_text": f"{100 * scale:g} %",
        "facts": [],
        "said": "",
        "note": note,
    }


def _said(shaped: ShapedDistribution, chosen: int | None, dice: int | None) -> str:
    """Return how many tokens the sampler left, and which of them the dice picked, most likely first."""
    left = count(shaped.kept)
    if shaped.kept == 1:
        return say("components.next.said.one")
    if dice is None:
        return say("components.next.said.next", left=left) if chosen is None else ""
    after = shaped.shaped
    number = 1 + int((after > after[dice]).sum()) + int((after[:dice] == after[dice]).sum())
    return say(
        f"components.next.said.{'drawn' if dice == chosen else 'now'}", left=left, number=count(number)
    )


def _others(shaped: ShapedDistribution, shown: Sequence[int]) -> Others | None:
    left = np.ones(len(shaped.logits), dtype=bool)
    left[list(shown)] = False
    number = int(left.sum())
    if number == 0:
        return None
    raw, after = float(shaped.probabilities[left].sum()), float(shaped.shaped[left].sum())
    return {
        "count": number,
        "label": say(
            "components.next.others" if number > 1 else "components.next.other", count=count(number)
        ),
        "raw": raw,
        "raw_text": percent(raw),
        "shaped": after,
        "shaped_text": percent(after),
    }


def table_words() -> dict[str, str]:
    """Return what the script says that draws the table."""
    keys = [
        *("rank", "token", "model", "sampler", "chosen", "dice", "caption", "completes"),
        *("take", "take_hint", "take_more", "take_title"),
    ]
    actions = [f"{action}{title}" for action in ("branch", "ban", "boost") for title in ("", "_title")]
    actions.append("unban_title")
    return {key: say(f"components.next.words.{key}") for key in keys} | {
        key: say(f"components.next.actions.{key}") for key in actions
    }


class NextTokenBars(Drawn):
    """The table; also used with `search_value` for the tokens that a search found."""

    def __init__(
        self,
        value: NextTokenValue | None = None,
        *,
        invitation: str = "components.next.words.empty",
        elem_id: str = "next-token",
        **kwargs: Any,
    ) -> None:
        """Create the table; `invitation` is the key of the sentence shown without a value."""
        super().__init__(
            "next_token",
            '<div class="next-token"></div>',
            value,
            words=table_words() | {"empty": say(invitation)},
            parts=("next_token_table",),
            elem_id=elem_id,
            **kwargs,
        )
