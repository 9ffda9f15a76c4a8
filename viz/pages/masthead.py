"""The line at the top that says which model this is."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from model.weights.background import BackgroundModel
from viz.words.strings import say
from viz.words.tokens import display_token

if TYPE_CHECKING:
    from model.network.language_model import ModelInfo


MOST_ENDS = 2
"""Tokens that end a text which the line names; the others are told on pointing at it."""
LONGEST_END = 20


def describe(
    info: "ModelInfo | None", background: BackgroundModel, ends: Sequence[tuple[int, str]] = ()
) -> str:
    """Return the escaped HTML on the model: its `ModelInfo`, or how far its loading has got.

    Args:
        info: of the model; None while it loads.
        background: the loading.
        ends: ids and names of the tokens that end a text.
    """
    if info is not None:
        text = say(
            "page.model",
            name=info.name,
            layers=info.layers,
            heads=info.heads,
            parameters=f"{info.parameters / 1e6:,.0f}",
            device=info.device,
            formats=" / ".join(info.formats),
        )
        if ends:
            text = f"{text} · {_ended_by(ends)}"
        lines = [say("page.fingerprint", fingerprint=info.fingerprint), info.measured, _all_ends(ends)]
        title = "\n".join(line for line in lines if line)
        told = f'<span title="{escape(title)}">{escape(text)}</span>'
        if not info.batch_dependent:
            return told
        formats = " / ".join(info.batch_dependent)
        why = escape(say("page.batch_dependent_why", formats=formats))
        note = escape(say("page.batch_dependent", formats=formats))
        return f'{told} <span class="batch-dependent" title="{why}">{note}</span>'
    if background.error is not None:
        return f'<span class="problem">{escape(str(background.error))}</span>'
    return f'<span class="loading">{escape(say("page.loading", progress=background.report_line))}</span>'


def _ended_by(ends: Sequence[tuple[int, str]]) -> str:
    names = " ".join(display_token(name, LONGEST_END) for _, name in ends[:MOST_ENDS])
    more = len(ends) - MOST_ENDS
    return (
        say("page.ended_by_more", names=names, more=more) if more > 0 else say("page.ended_by", names=names)
    )


def _all_ends(ends: Sequence[tuple[int, str]]) -> str:
    """Return which tokens end a text, as a sentence."""
    names = ", ".join(f"{display_token(name)} ({token_id})" for token_id, name in ends)
    return say("page.ends", names=names) if ends else say("page.no_ends")
