"""A measured contrast set as a table: how likely each continuation is, beside that of the other fillers."""

from collections.abc import Callable
from html import escape

import numpy as np

from model.lab.contrast_sets import Measured, Probe
from viz.words.percent import percent, signed
from viz.words.prose import prose
from viz.words.strings import say
from viz.words.tokens import display_text, display_token, isolated

STEPS = (0.1, 0.5, 1.5)
"""Nats of log-odds from which a cell is tinted, more so, and most."""


def table_html(probe: Probe, reference: int | None, token_of: Callable[[int], str]) -> str:
    """Return the table as escaped HTML; nothing where nothing has been measured.

    Args:
        probe: as far as it is there.
        reference: index of the filler that the others are compared with; None for their mean.
        token_of: the token of an id.
    """
    if not probe.rows:
        return ""
    against, logprobs = probe.against(reference), probe.logprobs
    head = "".join(
        f'<th scope="col" title="{escape(_tokens(one, token_of))}"><bdi>{escape(shown(text))}</bdi></th>'
        for text, one in zip(probe.contrast.continuations, probe.rows[0], strict=True)
    )
    body = "".join(
        f'<tr{_of_reference(index == reference)}><th scope="row"><bdi>{escape(shown(filler))}</bdi></th>'
        + "".join(map(_cell, logprobs[index].tolist(), against[index].tolist()))
        + "</tr>"
        for index, filler in enumerate(probe.fillers)
    )
    name = escape(say("why.probes.table"))
    return (
        f'<div class="probe-box" tabindex="0" role="region" aria-label="{name}"><table>'
        f"<caption>{name}</caption>"
        f'<thead><tr><th scope="col">{escape(say("why.probes.filler"))}</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def findings_html(probe: Probe, reference: int | None) -> str:
    """Return what the table says in words, and what it does not, as escaped HTML."""
    if not probe.rows:
        return ""
    compared = (
        say("why.probes.mean") if reference is None else isolated(shown(probe.contrast.fillers[reference]))
    )
    sentences = [
        _widest(probe),
        say("why.probes.compared", reference=compared),
        say(
            "why.probes.measured",
            fillers=len(probe.rows),
            continuations=len(probe.contrast.continuations),
            precision=probe.precision,
        ),
    ]
    return "".join(f'<p class="say">{prose(one)}</p>' for one in sentences if one)


def shown(text: str) -> str:
    """Return a filler or a continuation as it stands in the table and in the chart."""
    return display_text(text.strip())


def _widest(probe: Probe) -> str:
    """Say for which continuation the fillers lie farthest apart; nothing of a single filler."""
    odds = probe.log_odds
    if len(odds) < 2:
        return ""
    column = int(np.argmax(odds.max(axis=0) - odds.min(axis=0)))
    high, low = int(odds[:, column].argmax()), int(odds[:, column].argmin())
    return say(
        "why.probes.widest",
        continuation=isolated(shown(probe.contrast.continuations[column])),
        high=isolated(shown(probe.contrast.fillers[high])),
        low=isolated(shown(probe.contrast.fillers[low])),
        high_share=percent(float(np.exp(probe.logprobs[high, column]))),
        low_share=percent(float(np.exp(probe.logprobs[low, column]))),
    )


def _cell(logprob: float, against: float) -> str:
    side = "more" if against > 0 else "less"
    step = sum(abs(against) >= one for one in STEPS)
    tint = f' class="{side}{step}"' if step else ""
    return f"<td{tint}><b>{escape(percent(float(np.exp(logprob))))}</b> <span>{_more(against)}</span></td>"


def _more(against: float) -> str:
    return signed(against) if against < 0 else f"+{signed(against)}"


def _of_reference(it_is: bool) -> str:
    return ' class="reference"' if it_is else ""


def _tokens(one: Measured, token_of: Callable[[int], str]) -> str:
    tokens = " · ".join(display_token(token_of(token_id)) for token_id in one.token_ids)
    return say("why.probes.tokens", count=len(one.token_ids), tokens=tokens)
