"""The text as a strip of tokens: each one a button that can be asked why."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Literal, TypedDict

import orjson

from model.texts.given import given_steps
from model.texts.run import Run, Step
from model.tokenizer.pieces import Piece
from viz.components.drawn import Drawn
from viz.components.spelling import Part, begun, begun_character, explained, spelled
from viz.components.tint import ColourBy, Legend, legend, weight_of
from viz.components.token_flow import Flow, flows
from viz.words.bidi import Direction
from viz.words.percent import count, percent
from viz.words.strings import say
from viz.words.tokens import MARK, display_text, display_token, told_token

LONGEST_WORD = 24
"""Tokens without a space between them stay on one line up to this many characters."""

BYTES_WIDE = 4
"""Characters as wide as the bytes of one that is not complete."""
REMEMBERED = 16_384
"""Buttons that need not be made again."""


class Token(TypedDict):
    """One button of the strip."""

    text: str
    """What it reads; leading spaces are the real ones, everything else invisible has its glyph."""
    kind: Literal["prompt", "generated"]
    mark: Literal["", "blank", "bytes", "special"]
    """Tokens shown as something else than running text."""
    breaks: int
    """Lines broken after `text`."""
    tail: str
    """What of the token stands on the line after the break, such as an indentation."""
    level: int
    """Of its box: boxes of even levels go on to the right, of odd ones to the left."""
    tail_level: int
    after: Direction
    """Direction of the paragraph after the break."""
    joins: Literal["", "before", "after", "before after"]
    """Letters of neighbouring tokens that join, as those of Arabic do."""
    part: bool
    """Holds a part of a character only."""
    joined: bool
    """Belongs to the word before it: no line break between the two."""
    forced: bool
    """Put there by a person in place of the dice."""
    weight: float
    """Strength of its tint, in [0, 1]."""
    chance: str
    """The probability that the model gave it; empty for what was not predicted."""
    title: str


class StripValue(TypedDict):
    """The value of a `TokenStrip`."""

    tokens: list[Token]
    selected: int | None
    writing: bool
    next: bool
    dir: Direction
    """Of the first paragraph."""
    legend: Legend


def strip_value(
    pieces: Sequence[Piece],
    run: Run,
    *,
    selected: int | None,
    colour_by: ColourBy,
    writing: bool = False,
    next_token: bool = False,
) -> StripValue:
    """Return the strip of a whole text.

    Args:
        pieces: the tokens of prompt and continuation.
        run: says where the prompt ends, and what the model thought of each token after it.
        selected: position that is selected, `len(pieces)` for the token that would come next.
        colour_by: what the tint stands for.
        writing: the text is growing: show a caret and follow the end.
        next_token: offer a last button for the token that would come next.
    """
    given_count = given_steps(run)
    given = len(run.prompt_token_ids) + given_count
    tokens: list[Token] = []
    direction, boxes = _boxes(pieces)
    for position, (piece, (joined, flow, parts)) in enumerate(zip(pieces, boxes, strict=True)):
        step = run.step_at(position)
        # Where a whole text was given there is no use in saying so of every token.
        forced = step is not None and step.forced and position >= given
        part = bool(given_count) and position < given
        tokens.append(_token(position, piece, step, colour_by, joined, forced, part, flow, parts))
    return {
        "tokens": tokens,
        "selected": selected,
        "writing": writing,
        "next": next_token,
        "dir": direction,
        "legend": legend(colour_by, given=given_count > 0),
    }


def plain_tokens(pieces: Sequence[Piece]) -> tuple[list[Token], Direction]:
    """Return the buttons of tokens of which nothing is said, and the direction of their first paragraph."""
    direction, boxes = _boxes(pieces)
    tokens = [
        _token(position, piece, None, "surprisal", joined, False, False, flow, parts)
        for position, (piece, (joined, flow, parts)) in enumerate(zip(pieces, boxes, strict=True))
    ]
    return tokens, direction


def _boxes(pieces: Sequence[Piece]) -> tuple[Direction, list[tuple[bool, Flow, tuple[Part, ...]]]]:
    """Return the direction of the first paragraph, and how each token stands in its line.

    That is whether it stays beside the one before it, which way it runs, and its parts of characters.
    """
    found = []
    before, length = "", 0
    direction, flow = flows(pieces)
    parts = spelled(pieces)
    for position, piece in enumerate(pieces):
        own = parts.get(position, ())
        width = len(piece.text) or BYTES_WIDE
        joined = position > 0 and _joined(before, piece, own) and length + width <= LONGEST_WORD
        length = length + width if joined else width
        before = " " if piece.kind == "special" else piece.text or before
        found.append((joined, flow[position], own))
    return direction, found


def shown_text(piece: Piece) -> str:
    """Return what a button reads: running text keeps its spaces, what cannot be seen gets a glyph."""
    if piece.kind == "special" or not piece.text:
        return display_token(piece.token)
    if not piece.text.strip(" "):
        return begun(display_token(piece.text), piece)
    return begun(display_text(piece.text), piece)


@lru_cache(maxsize=REMEMBERED)
def _token(
    position: int,
    piece: Piece,
    step: Step | None,
    colour_by: ColourBy,
    joined: bool,
    forced: bool,
    given: bool,
    flow: Flow,
    parts: tuple[Part, ...],
) -> Token:
    """Return one button. Remembered: while a text grows, all of it is sent again with every update."""
    head, tail = _at_last_break(piece)
    return {
        "text": shown_text(head),
        "tail": begun(tail, piece) if tail else "",
        "level": flow.level,
        "tail_level": flow.tail_level,
        "after": flow.after,
        "joins": _joins(flow),
        "part": bool(parts),
        "kind": "prompt" if step is None else "generated",
        "mark": _mark(piece),
        "breaks": min(2, piece.text.count("\n")) if piece.kind != "special" else 0,
        "joined": joined,
        "forced": forced,
        "weight": 0.0 if step is None else round(weight_of(step, colour_by), 3),
        "chance": "" if step is None else percent(math.exp(step.logprob)),
        "title": _title(position, piece, step, forced, given, parts),
    }


def _at_last_break(piece: Piece) -> tuple[Piece, str]:
    """Return the token up to its last line break, and the rest, which is running text again."""
    cut = piece.text.rfind("\n") + 1 if piece.kind == "text" else 0
    if cut in (0, len(piece.text)):
        return piece, ""
    return replace(piece, text=piece.text[:cut], token=piece.text[:cut]), piece.text[cut:]


def _mark(piece: Piece) -> Literal["", "blank", "bytes", "special"]:
    if piece.kind == "special":
        return "special"
    if piece.kind == "bytes" or begun_character(piece):
        return "bytes"
    return "" if piece.text.strip() else "blank"


def _joined(before: str, piece: Piece, parts: Sequence[Part]) -> bool:
    """Tell whether running text would allow no line break here: within a word, or within a character."""
    if parts and parts[0].first > 1:
        return True
    text = piece.text or "".join(part.character for part in parts)
    if not before or not text or piece.kind == "special":
        return False
    left, right = before[-1], text[0]
    return not left.isspace() and not right.isspace() and left < "\u2e80" and right < "\u2e80"


def _joins(flow: Flow) -> Literal["", "before", "after", "before after"]:
    if flow.joins_before:
        return "before after" if flow.joins_after else "before"
    return "after" if flow.joins_after else ""


def _title(
    position: int, piece: Piece, step: Step | None, forced: bool, given: bool, parts: Sequence[Part]
) -> str:
    lines = [_told(position, piece, step, given), *explained(parts)]
    if forced:
        lines.append(say("components.strip.forced"))
    elif given and step is not None:
        lines.append(say("components.strip.given"))
    return "\n".join(lines)


def _told(position: int, piece: Piece, step: Step | None, given: bool) -> str:
    name = told_token(piece.token, 40)
    if step is None:
        key = "components.strip.title_first" if given else "components.strip.title_prompt"
        return say(key, token=name, id=piece.token_id, position=position)
    return say(
        "components.strip.title",
        token=name,
        id=step.token_id,
        position=position,
        raw=percent(math.exp(step.logprob)),
        shaped=percent(step.probability),
        rank=count(step.rank),
        surprisal=f"{step.surprisal_bits:.2f}",
        entropy=f"{step.entropy_bits:.2f}",
    )


def strip_words(elem_id: str) -> dict[str, str]:
    """Return what the scripts say that draw the strip of this id."""
    keys = ("group", "empty", "next", "next_title")
    return {key: say(f"components.strip.{key}") for key in keys} | {"strip": elem_id, "mark": MARK}


class TokenStrip(Drawn):
    """The strip.

    Fires `select` with `{"index": position, "value": text}`; see `Selection` for what to listen to. ← and →
    work anywhere on the page and go the way one reads, Home and End within the strip.
    """

    def __init__(
        self,
        value: StripValue | None = None,
        *,
        elem_id: str = "tokens",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            "token_strip",
            '<div class="strip" role="group" translate="no"></div>'
            '<p class="strip-empty"></p><div class="legend"></div>',
            value,
            words=strip_words(elem_id),
            parts=("token_cells",),
            elem_id=elem_id,
            **kwargs,
        )

    def postprocess(self, value: Any) -> Any:
        """Send a `StripValue`, each token as a string: the page copies and compares every part of it."""
        if value is None:
            return None
        return {**value, "tokens": [orjson.dumps(token).decode() for token in value["tokens"]]}
