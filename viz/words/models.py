"""What models are called, and what is offered where a text is of another one."""

from html import escape

from viz.words.strings import say

LONGEST = 60
"""Characters of the name of a model that a text or a link tells of."""


def model_name(identity: str) -> str:
    """Return the name of a model, without its fingerprint."""
    return identity.rpartition("@")[0][:LONGEST] or identity[:LONGEST]


def switch_html(key: str, name: str) -> str:
    """Return a button that gives the page another model, as escaped HTML."""
    return _button("data-model", key, say("page.models.switch", name=name))


def score_html(name: str) -> str:
    """Return a button that has the text on the page scored by the model that the page has."""
    return _button("data-score", "", say("page.models.score", name=name))


def _button(attribute: str, value: str, label: str) -> str:
    return f'<button type="button" class="undo" {attribute}="{escape(value)}">{escape(label)}</button>'
