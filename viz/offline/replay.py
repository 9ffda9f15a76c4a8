"""A run as finished numbers: all that a saved page shows, computed step by step from what is recorded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from model.interior.explain import explained
from model.texts.given import given_steps
from model.texts.run import Run
from model.tokenizer.pieces import Piece
from viz.components.next_token import NextTokenValue, next_token_value
from viz.components.spelling import begun_before, noted, shown_piece, spelled
from viz.components.token_strip import StripValue, strip_value
from viz.offline.attention import HeadWeights, head_weights, heads_held

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.engine.engine import Engine

MOST_TOKENS = 2048
"""Of a text that is saved as a page."""
ROWS, FEWER_ROWS = 10, 4
"""Leading tokens of a step, of a text up to `LONG` tokens and of a longer one."""
LONG = 384
ENDS = ("eos", "context")
"""Reasons to end after which no token could come next."""


@dataclass(frozen=True, eq=False)
class Replay:
    """A run and what the model computed of it."""

    run: Run
    strip: StripValue
    names: tuple[str, ...]
    """How each token reads beside others."""
    tables: tuple[NextTokenValue | None, ...]
    """What could have stood at each position, under the settings of its step; None at the first.

    One more than there are tokens where another one could come next.
    """
    heads: tuple[HeadWeights, ...]
    selected: int
    """Position that is selected at first."""
    opened: int
    """Index of the head that is open at first."""


class Recorded(NamedTuple):
    """How far it is."""

    done: int
    """Steps and heads that are there."""
    whole: int
    """Of all."""
    replay: Replay | None = None
    """Once all are."""


def rows_of(length: int) -> int:
    """Return how many leading tokens the steps of a text have."""
    return ROWS if length <= LONG else FEWER_ROWS


def recorded(
    engine: "Engine", run: Run, pieces: Sequence[Piece], *, layer: int, head: int, selected: int
) -> Iterator[Recorded]:
    """Yield how far it is after each step and head, and the replay at last.

    Args:
        engine: holds what is recorded of the text, or computes it again.
        run: the text.
        pieces: its tokens.
        layer: that is open, counted from 0.
        head: that is open, or MEAN_HEAD.
        selected: position that is selected.
    """
    length, info = len(run.token_ids), engine.model.info
    wished = heads_held(info.layers, info.heads, length, layer, head)
    goes_on = run.finish_reason not in ENDS
    last = length if goes_on else length - 1
    count = last + len(wished)
    yield Recorded(0, count)
    internals = engine.read(run.token_ids, run.precision)
    parts, given = spelled(pieces), len(run.prompt_token_ids) + given_steps(run)
    tables: list[NextTokenValue | None] = [None]
    for softmax in internals.softmaxes(range(last)):
        position = len(tables)
        why = explained(run, position, softmax, run.settings_at(position), engine.model.landmarks)
        tables.append(
            next_token_value(
                why.shaped,
                token_of=engine.model.text.token,
                chosen=why.token_id,
                u=why.u,
                rows=rows_of(length),
                forced=why.forced,
                given=position < given,
                note=noted(parts.get(position, ())),
                begun=begun_before(pieces, position),
            )
        )
        yield Recorded(len(tables) - 1, count)
    heads: list[HeadWeights] = []
    for one in wished:
        heads.append(head_weights(*one, internals.attention(*one, length)))
        yield Recorded(last + len(heads), count)
    here = min(max(selected, 0), len(tables) - 1)
    strip = strip_value(pieces, run, selected=here, colour_by="surprisal", next_token=goes_on)
    names = tuple(shown_piece(piece) for piece in pieces)
    opened = wished.index((layer, head))
    yield Recorded(count, count, Replay(run, strip, names, tuple(tables), tuple(heads), here, opened))
