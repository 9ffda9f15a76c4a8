"""What two models made of a text, as a strip and as tables."""

from collections.abc import Sequence
from html import escape

import numpy as np

from model.interior.two_models import NextTokenRow, Stretch, TwoReadings
from model.texts.run import Run
from model.tokenizer.pieces import Piece
from viz.components.score_strip import ScoreStripValue, furthest, score_strip_value
from viz.words.percent import percent, signed
from viz.words.strings import say
from viz.words.tokens import display_token, told_token

Names = tuple[str, str]


def strip_of(readings: TwoReadings, names: Names) -> ScoreStripValue:
    """Return the text coloured by which model foresaw it better: the second is for, the first against."""
    pieces = [
        Piece(token_id=number, token=one.text, text=one.text, kind="text")
        for number, one in enumerate(readings.stretches)
    ]
    differences = np.array(
        [np.nan if one.difference is None else one.difference for one in readings.stretches]
    )
    most = f"{furthest(differences):.1f}"
    ends = [say("train.comparison.bits", bits=most)] * 2
    titles = [_title(one, names) for one in readings.stretches]
    return score_strip_value(pieces, differences, titles, *ends)


def totals_html(keys: Names, names: Names, tokens: tuple[int, int], readings: TwoReadings) -> str:
    """Return a row for each model: its tokens, its bits, and a button that opens it."""
    columns = ("model", "tokens", "bits", "bits_per_byte", "open")
    head = "".join(f"<th scope='col'>{escape(say(f'train.comparison.column.{one}'))}</th>" for one in columns)
    per_byte = readings.bits_per_byte
    rows = []
    for place, name in enumerate(names):
        key, label = (
            escape(one, quote=True) for one in (keys[place], say("train.comparison.open_named", name=name))
        )
        button = (
            f'<button type="button" data-model="{key}" data-then="explore" aria-label="{label}">'
            f"{escape(say('train.comparison.open'))}</button>"
        )
        each = "–" if per_byte is None else f"{per_byte[place]:.3f}"
        rows.append(
            f"<tr><th scope='row'>{escape(name)}</th><td class='n'>{tokens[place]:,}</td>"
            f"<td class='n'>{readings.total_bits[place]:,.1f}</td><td class='n'>{each}</td>"
            f"<td class='of-checkpoint'>{button}</td></tr>"
        )
    return f"<table class='sizes'><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def next_html(rows: Sequence[NextTokenRow], names: Names) -> str:
    """Return what either model may write next, by text, with a bar and a rank for each model."""
    head = "".join(f"<th scope='col' colspan='2'>{escape(name)}</th>" for name in names)
    body = "".join(
        f"<tr><th scope='row'><code translate='no' dir='auto'>{escape(display_token(row.text))}</code></th>"
        + "".join(_chance(*one) for one in zip(row.probabilities, row.ranks, strict=True))
        + "</tr>"
        for row in rows
    )
    first = f"<th scope='col'>{escape(say('train.comparison.token'))}</th>"
    return f"<table class='guesses two'><thead><tr>{first}{head}</tr></thead><tbody>{body}</tbody></table>"


def texts_html(names: Names, runs: tuple[Run, Run]) -> str:
    """Return how either model goes on, side by side; what was given is bold."""
    cells = "".join(
        f"<div><h4>{escape(name)}</h4><p dir='auto' translate='no'><b>{escape(run.prompt)}</b>"
        f"{escape(run.text)}</p></div>"
        for name, run in zip(names, runs, strict=True)
    )
    return f"<div class='two-texts'>{cells}</div>"


def _chance(probability: float | None, rank: int | None) -> str:
    if probability is None or rank is None:
        no_token = escape(say("train.comparison.no_token"), quote=True)
        return f"<td class='bar'></td><td class='n' title=\"{no_token}\">–</td>"
    place = escape(say("train.comparison.rank", rank=f"{rank:,}"), quote=True)
    return (
        f"<td class='bar'><i style='--share: {probability:.4f}'></i></td>"
        f"<td class='n' title=\"{place}\">{percent(probability)}</td>"
    )


def _title(one: Stretch, names: Names) -> str:
    token = told_token(one.text, 40)
    if one.bits is None or one.difference is None:
        return say("train.comparison.unscored", token=token)
    first, second = one.bits
    return say(
        "train.comparison.title",
        token=token,
        first=names[0],
        first_bits=f"{first:.2f}",
        second=names[1],
        second_bits=f"{second:.2f}",
        difference=("+" if one.difference > 0 else "") + signed(one.difference),
    )
