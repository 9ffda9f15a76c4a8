"""The tokens of a text as the rows of a spreadsheet: one for each, with everything that its step recorded."""

import json
import math
from collections.abc import Sequence

from model.texts.run import Run, Step
from model.tokenizer.pieces import Piece
from viz.components.spelling import raw_bytes

Cell = str | int | float | None
"""None is an empty cell."""
NAMES = (
    *("position", "token", "text", "token_id", "bytes"),
    *("u", "probability", "shaped_probability", "logprob", "surprisal_bits"),
    *("rank", "entropy_bits", "kept", "forced", "settings"),
)


def step_rows(run: Run, pieces: Sequence[Piece]) -> list[list[Cell]]:
    """Return the names of the columns, then a row for each token of prompt and continuation.

    A token of the prompt was not predicted: what its step would say is empty.

    Args:
        run: the text.
        pieces: its tokens, at least as many as it has.
    """
    rows = zip(range(len(run.token_ids)), pieces, strict=False)
    return [list(NAMES), *([*_piece(at, piece), *_step(run, run.step_at(at))] for at, piece in rows)]


def _piece(position: int, piece: Piece) -> list[Cell]:
    written = b"" if piece.kind == "special" else _bytes(piece)
    return [position, piece.token, piece.text, piece.token_id, written.hex(" ").upper()]


def _bytes(piece: Piece) -> bytes:
    return piece.token.encode() if piece.token == piece.text else raw_bytes(piece.token)


def _step(run: Run, step: Step | None) -> list[Cell]:
    if step is None:
        return [None] * (len(NAMES) - NAMES.index("u"))
    settings = json.dumps(run.settings_at(step.position).to_json(), ensure_ascii=False)
    return [
        step.u,
        math.exp(step.logprob),
        step.probability,
        step.logprob,
        step.surprisal_bits,
        step.rank,
        step.entropy_bits,
        step.kept,
        "true" if step.forced else "false",
        settings,
    ]
