"""The line at the top that says which model this is."""

from html import escape
from typing import TYPE_CHECKING

from model.background import BackgroundModel
from viz.strings import say

if TYPE_CHECKING:
    from model.language_model import ModelInfo


def describe(info: "ModelInfo | None", background: BackgroundModel) -> str:
    """Return the escaped HTML on the model: its `ModelInfo`, or how far its loading has got."""
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
        title = f"{say('page.fingerprint', fingerprint=info.fingerprint)}\n{info.measured}".strip()
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
