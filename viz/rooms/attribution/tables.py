"""Whether methods agree, and which was right here: one row a method."""

from html import escape
from itertools import combinations

from model.interventions.agreement import agreement, by_size
from model.interventions.curves import Curves
from model.interventions.token_scores import METHODS, Method, TokenScores
from viz.rooms.attribution.state import Measured
from viz.rooms.attribution.words import method_name
from viz.words.percent import signed
from viz.words.strings import say

DASH = "–"


def agreement_html(measured: Measured, chosen: Method) -> str:
    """Return the table, and under it all pairs of methods, as escaped HTML.

    Args:
        measured: the methods that were.
        chosen: the one with which the others are held.
    """
    there = [method for method in METHODS if method in measured.scores]
    head = _row([say(f"why.attribution.table.{key}") for key in ("method", "deletion", "insertion")], "th")
    tau = say("why.attribution.table.agrees", method=method_name(chosen))
    head = head.replace("</tr>", f'<th scope="col">{escape(tau)}</th></tr>')
    rows = []
    for method in there:
        with_chosen = DASH
        if method != chosen and chosen in measured.scores:
            with_chosen = _tau(measured.scores[chosen], measured.scores[method])
        areas = _areas(measured.curves.get(method))
        rows.append(_row([method_name(method), *areas, with_chosen], "td", marked=method == chosen))
    if measured.chance is not None:
        rows.append(_row([say("figures.hiding.chance"), *_areas(measured.chance), DASH], "td"))
    caption = escape(say("why.attribution.table.caption"))
    table = (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{caption}">'
        f"<table><caption>{caption}</caption><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
    return f'<div class="agreement">{table}{_notes(len(there))}{_pairs(measured, there)}</div>'


def _notes(count: int) -> str:
    keys = ["how"] if count > 1 else ["how", "one"]
    return "".join(f'<p class="say">{escape(say(f"why.attribution.table.{key}"))}</p>' for key in keys)


def _pairs(measured: Measured, there: list[Method]) -> str:
    if len(there) < 3:
        return ""
    rows = [
        _row(
            [
                f"{method_name(one)} – {method_name(other)}",
                _tau(measured.scores[one], measured.scores[other]),
            ],
            "td",
        )
        for one, other in combinations(there, 2)
    ]
    summary = escape(say("why.attribution.table.pairs"))
    return f"<details><summary>{summary}</summary><table><tbody>{''.join(rows)}</tbody></table></details>"


def _tau(one: TokenScores, other: TokenScores) -> str:
    found = agreement(one, other)
    if found is None:
        return DASH
    sizes = say("why.attribution.table.sizes") if by_size(one, other) else ""
    interval = say("why.attribution.table.interval", low=signed(found.low), high=signed(found.high))
    return " ".join(part for part in (signed(found.tau), interval, sizes) if part)


def _areas(found: Curves | None) -> list[str]:
    return [DASH, DASH] if found is None else [signed(found.deletion_area), signed(found.insertion_area)]


def _row(cells: list[str], kind: str, *, marked: bool = False) -> str:
    scope = ' scope="col"' if kind == "th" else ""
    inside = [
        f'<th scope="row">{escape(cell)}</th>'
        if kind == "td" and index == 0
        else f"<{kind}{scope}>{escape(cell)}</{kind}>"
        for index, cell in enumerate(cells)
    ]
    return f"<tr{' class=chosen' if marked else ''}>{''.join(inside)}</tr>"
