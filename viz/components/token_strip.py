"""The text as a strip of tokens: each one a button that can be asked why."""

import codecs
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Literal, TypedDict, get_args

import orjson

from model.given import given_steps
from model.run import Run, Step
from model.text import Piece
from viz.components.drawn import Drawn
from viz.components.percent import count, percent
from viz.strings import say
from viz.tokens import display_token

ColourBy = Literal["probability", "rank", "surprisal", "entropy"]
COLOUR_BY: tuple[ColourBy, ...] = get_args(ColourBy)

MOST_BITS = 12.0
"""Surprisal and entropy are tinted on a scale from 0 to this."""
MOST_RANK = 1000
"""Ranks are tinted on a logarithmic scale from 1 to this."""
LONGEST_WORD = 24
"""Tokens without a space between them stay on one line up to this many characters."""

BYTE = re.compile(r"(<0x[0-9A-F]{2}>)")
"""How a byte reads that is no whole character by itself."""
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
    joined: bool
    """Belongs to the word before it: no line break between the two."""
    forced: bool
    """Put there by a person in place of the dice."""
    weight: float
    """Strength of its tint, in [0, 1]."""
    title: str


class Legend(TypedDict):
    """What the tint means."""

    low: str
    high: str
    ticks: list[str]
    """Labels at equal distances along the tint."""
    quiet: str


class StripValue(TypedDict):
    """The value of a `TokenStrip`."""

    tokens: list[Token]
    selected: int | None
    writing: bool
    next: bool
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
    tokens: list[Token] = []
    before, length = "", 0
    given_count = given_steps(run)
    given = len(run.prompt_token_ids) + given_count
    for position, piece in enumerate(pieces):
        joined = position > 0 and _joined(before, piece) and length + len(piece.text) <= LONGEST_WORD
        length = length + len(piece.text) if joined else len(piece.text)
        before = piece.text if piece.kind != "special" else " "
        step = run.step_at(position)
        # Where a whole text was given there is no use in saying so of every token.
        forced = step is not None and step.forced and position >= given
        part = bool(given_count) and position < given
        tokens.append(_token(position, piece, step, colour_by, joined, forced, part))
    return {
        "tokens": tokens,
        "selected": selected,
        "writing": writing,
        "next": next_token,
        "legend": legend(colour_by, given=given_count > 0),
    }


def weight_of(step: Step, colour_by: ColourBy) -> float:
    """Return how strongly a token is tinted, in [0, 1]: 1 for the least expected."""
    if colour_by == "probability":
        weight = 1.0 - math.exp(step.logprob)
    elif colour_by == "rank":
        weight = math.log(step.rank) / math.log(MOST_RANK)
    elif colour_by == "surprisal":
        weight = step.surprisal_bits / MOST_BITS
    else:
        weight = step.entropy_bits / MOST_BITS
    return min(1.0, max(0.0, weight))


def legend(colour_by: ColourBy, *, given: bool = False) -> Legend:
    """Return what the tint means, and grey: of a given text only the first token is.

    The tick labels stand at equal distances of `weight_of`.
    """
    bits = [f"{MOST_BITS * third / 3:.0f}" for third in range(4)]
    ticks = {
        "probability": [percent(1.0), percent(0.5), percent(0.0)],
        "rank": ["1", "10", "100", f"{count(MOST_RANK)}+"],
    }.get(colour_by, [*bits[:-1], say("components.strip.bits", most=f"{bits[-1]}+")])
    return {
        "low": say(f"components.strip.legend.{colour_by}.low"),
        "high": say(f"components.strip.legend.{colour_by}.high"),
        "ticks": ticks,
        "quiet": say("components.strip.quiet_given" if given else "components.strip.quiet"),
    }


def shown_text(piece: Piece) -> str:
    """Return what a button reads: running text keeps its spaces, what cannot be seen gets a glyph."""
    if piece.kind == "special" or not piece.text:
        return display_token(piece.token)
    if not piece.text.strip(" "):
        return display_token(piece.text) + begun_character(piece)
    return " ".join(display_token(part) for part in piece.text.split(" ")) + begun_character(piece)


def begun_character(piece: Piece) -> str:
    """Return the bytes behind the text of a token with which a character begins, such as `<0xF0><0x9F>`."""
    if piece.token == piece.text:
        return ""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")
    for part in BYTE.split(piece.token):
        byte = BYTE.fullmatch(part)
        decoder.decode(bytes.fromhex(part[3:5]) if byte else part.encode())
    return "".join(f"<0x{byte:02X}>" for byte in decoder.getstate()[0])


@lru_cache(maxsize=REMEMBERED)
def _token(
    position: int,
    piece: Piece,
    step: Step | None,
    colour_by: ColourBy,
    joined: bool,
    forced: bool,
    given: bool,
) -> Token:
    """Return one button. Remembered: while a text grows, all of it is sent again with every update."""
    head, tail = _at_last_break(piece)
    return {
        "text": shown_text(head),
        "tail": tail + begun_character(piece) if tail else "",
        "kind": "prompt" if step is None else "generated",
        "mark": _mark(piece),
        "breaks": min(2, piece.text.count("\n")) if piece.kind != "special" else 0,
        "joined": joined,
        "forced": forced,
        "weight": 0.0 if step is None else round(weight_of(step, colour_by), 3),
        "title": _title(position, piece, step, forced, given),
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
    if not piece.text or begun_character(piece):
        return "bytes"
    return "" if piece.text.strip() else "blank"


def _joined(before: str, piece: Piece) -> bool:
    """Tell whether running text would allow no line break here."""
    if not before or not piece.text or piece.kind == "special":
        return False
    left, right = before[-1], piece.text[0]
    return not left.isspace() and not right.isspace() and left < "\u2e80" and right < "\u2e80"


def _title(position: int, piece: Piece, step: Step | None, forced: bool, given: bool) -> str:
    lines = [_told(position, piece, step, given), *_on_bytes(piece)]
    if forced:
        lines.append(say("components.strip.forced"))
    elif given and step is not None:
        lines.append(say("components.strip.given"))
    return "\n".join(lines)


def _on_bytes(piece: Piece) -> list[str]:
    """Return what is to be said of a token that is not made of whole characters."""
    if piece.kind == "special" or not BYTE.search(piece.token) or piece.text == piece.token:
        return []
    lines = []
    if piece.text and BYTE.match(piece.token):
        character, name = display_token(piece.text[0]), display_token(piece.token, 40)
        lines.append(say("components.strip.last_bytes", character=character, token=name))
    if not piece.text or begun_character(piece):
        lines.append(say("components.strip.some_bytes"))
    return lines


def _told(position: int, piece: Piece, step: Step | None, given: bool) -> str:
    name = display_token(piece.token, 40)
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


class TokenStrip(Drawn):
    """The strip.

    Fires `select` with `{"index": position, "value": text}`; see `Selection` for what to listen to. ←/→ work
    anywhere on the page, Home and End within the strip, and Space presses the button `generate_id`.
    """

    def __init__(
        self,
        value: StripValue | None = None,
        *,
        elem_id: str = "tokens",
        generate_id: str = "generate",
        **kwargs: Any,
    ) -> None:
        keys = ("group", "empty", "next", "next_title")
        words = {key: say(f"components.strip.{key}") for key in keys} | {
            "generate": generate_id,
            "strip": elem_id,
        }
        super().__init__(
            "token_strip",
            '<div class="strip" role="group"></div><p class="strip-empty"></p><div class="legend"></div>',
            value,
            words=words,
            elem_id=elem_id,
            **kwargs,
        )

    def postprocess(self, value: StripValue | None) -> dict[str, Any] | None:
        """Send each token as a string: the page copies and compares every part of what has parts."""
        if value is None:
            return None
        return {**value, "tokens": [orjson.dumps(token).decode() for token in value["tokens"]]}
