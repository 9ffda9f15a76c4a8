"""Which model this is: its name at the top, and all there is to know of it under that."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from viz.words.strings import say
from viz.words.tokens import display_token

if TYPE_CHECKING:
    from model.network.language_model import ModelInfo


def describe(info: "ModelInfo", ends: Sequence[tuple[int, str]] = ()) -> str:
    """Return the escaped HTML on a model: its name, and what opens under it.

    Args:
        info: of the model.
        ends: ids and names of the tokens that end a text.
    """
    told = say(
        "page.model",
        name=info.name,
        layers=info.layers,
        heads=info.heads,
        parameters=f"{info.parameters / 1e6:,.0f}",
        device=info.device,
        formats=" / ".join(info.formats),
    )
    lines = [told, info.measured, _all_ends(ends), say("page.fingerprint", fingerprint=info.fingerprint)]
    if info.batch_dependent:
        formats = " / ".join(info.batch_dependent)
        lines.insert(1, say("page.batch_dependent_why", formats=formats))
        lines.insert(1, say("page.batch_dependent", formats=formats))
    inside = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
    mark = ' class="batch-dependent"' if info.batch_dependent else ""
    summary = f'<summary{mark}><span class="name">{escape(info.name)}</span></summary>'
    return f'<details>{summary}<div class="details">{inside}</div></details>'


def _all_ends(ends: Sequence[tuple[int, str]]) -> str:
    """Return which tokens end a text, as a sentence."""
    names = ", ".join(f"{display_token(name)} ({token_id})" for token_id, name in ends)
    return say("page.ends", names=names) if ends else say("page.no_ends")


def coming(progress: str) -> str:
    """Return the escaped HTML on a model that is on its way."""
    return f'<span class="loading">{escape(progress)}</span>'


def absent(why: str) -> str:
    """Return the escaped HTML on a model that cannot be had."""
    return f'<span class="problem">{escape(why)}</span>'
