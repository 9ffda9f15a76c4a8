"""Texts from the same prompt, one under the other: equal positions in one column, what differs tinted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from model.texts.comparison import Comparison, WrittenToken, written_tokens
from model.texts.run import Run
from viz.components.drawn import Drawn
from viz.components.spelling import as_pieces, explained, shown_piece, spelled
from viz.words.bidi import Direction, direction
from viz.words.percent import percent, signed
from viz.words.strings import say
from viz.words.tokens import told_token

LONGEST_TOKEN = 14
Kind = Literal["same", "parted", "other", "again"]
"""As in the original, up to the first difference; that one; another; the original's once more."""


class Row(TypedDict):
    """One text."""

    name: str
    cells: list[tuple[str, str, Kind]]
    """What it reads, its title, and how it compares with the original."""
    facts: str
    reason: str
    """Why it parted from the original."""
    growing: bool


class AlignedTextsValue(TypedDict):
    """The value of an `AlignedTexts`. The first row is the original."""

    first: int
    """Position of the first column."""
    dir: Direction
    """Which way the columns go on."""
    rows: list[Row]


@dataclass(frozen=True)
class AlignedText:
    """A text to be compared with the original."""

    name: str
    comparison: Comparison
    reason: str
    growing: bool


def aligned_texts_value(original: Run, texts: Sequence[AlignedText]) -> AlignedTextsValue:
    """Return the original and other texts from its prompt, row by row."""
    itself = Comparison(original, written_tokens(original))
    first = len(original.prompt_token_ids)
    top: Row = {
        "name": say("components.aligned.original"),
        "cells": _cells(itself, first),
        "facts": say("components.aligned.facts_original", tokens=len(itself.tokens), mean=_mean(itself)),
        "reason": "",
        "growing": False,
    }
    return {
        "first": first,
        "dir": direction("".join(step.text for step in original.steps))
        or direction(original.prompt)
        or "ltr",
        "rows": [top, *(_row(text, first) for text in texts)],
    }


def _row(text: AlignedText, first: int) -> Row:
    comparison = text.comparison
    return {
        "name": text.name,
        "cells": _cells(comparison, first),
        "facts": "" if text.growing else _facts(comparison, first),
        "reason": text.reason,
        "growing": text.growing,
    }


def _cells(comparison: Comparison, first: int) -> list[tuple[str, str, Kind]]:
    kinds = _kinds(comparison)
    positions = range(first, first + len(comparison.tokens))
    pieces = as_pieces(one.token for one in comparison.tokens)
    parts = spelled(pieces)
    return [
        (
            shown_piece(piece, LONGEST_TOKEN),
            "\n".join([_title(one, position), *explained(parts.get(at, ()))]),
            kind,
        )
        for at, (one, piece, position, kind) in enumerate(
            zip(comparison.tokens, pieces, positions, kinds, strict=True)
        )
    ]


def _title(token: WrittenToken, position: int) -> str:
    probability = percent(math.exp(token.logprob))
    return say(
        "components.aligned.title",
        token=told_token(token.token),
        position=position,
        probability=probability,
    )


def _kinds(comparison: Comparison) -> list[Kind]:
    parted = comparison.first_difference
    steps = comparison.original.steps
    kinds: list[Kind] = []
    for index, token in enumerate(comparison.tokens):
        equal = index < len(steps) and steps[index].token_id == token.token_id
        if parted is None or index < parted:
            kinds.append("same")
        else:
            kinds.append("parted" if index == parted else "again" if equal else "other")
    return kinds


def _facts(comparison: Comparison, first: int) -> str:
    parted = comparison.first_difference
    equal, mean = percent(comparison.agreement), _mean(comparison)
    if parted is None:
        return say("components.aligned.facts_equal", equal=equal, mean=mean)
    return say("components.aligned.facts", equal=equal, mean=mean, position=first + parted)


def _mean(comparison: Comparison) -> str:
    mean = comparison.mean_logprob
    return "–" if mean is None else signed(mean)


class AlignedTexts(Drawn):
    """The texts. “Open” is told as `Selection` hears it; a press on the original is one in the strip."""

    def __init__(
        self, value: AlignedTextsValue | None = None, *, elem_id: str = "replays", **kwargs: Any
    ) -> None:
        keys = ("position", "group", "open", "open_title", "name_title", "growing")
        words = {key: say(f"components.aligned.words.{key}") for key in keys}
        super().__init__(
            "aligned_texts",
            '<div class="aligned"></div>',
            value,
            words=words | {"here": elem_id, "strip": "tokens"},
            elem_id=elem_id,
            **kwargs,
        )
