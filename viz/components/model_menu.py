"""Which model the page has, and which others it may have: a list in the masthead."""

from collections.abc import Sequence
from typing import Any, TypedDict

from viz.components.drawn import Drawn
from viz.words.strings import say


class ModelGroup(TypedDict):
    """Models of one kind."""

    name: str
    choices: list[tuple[str, str]]
    """Key and title of each."""


class ModelMenuValue(TypedDict, total=False):
    """The value of a `ModelMenu`: what the server offers, or what a person asked for."""

    groups: list[ModelGroup]
    now: str
    """Key of the model that the page has, or that is on its way."""
    key: str
    """Of the model that was chosen."""


def menu_value(groups: Sequence[tuple[str, Sequence[tuple[str, str]]]], now: str) -> ModelMenuValue:
    """Return what the menu offers.

    Args:
        groups: names, and keys and titles of their models; empty ones are left out.
        now: key of the model that the page has, or that is on its way.
    """
    offered: list[ModelGroup] = [{"name": name, "choices": list(some)} for name, some in groups if some]
    return {"groups": offered, "now": now}


def chosen_key(value: object) -> str | None:
    """Return the key that a person has chosen; a browser may send anything."""
    key = value.get("key") if isinstance(value, dict) else None
    return key if isinstance(key, str) else None


class ModelMenu(Drawn):
    """A list of models; where there is one alone, nothing.

    `select` fires when another one is chosen there, or by any button of the page with `data-model`, its key;
    `submit` when one with `data-score` wants the text on the page scored; `focus` when the list is reached.
    """

    def __init__(self, *, elem_id: str = "model-menu", **kwargs: Any) -> None:
        super().__init__(
            "model_menu",
            f'<select class="models" aria-label="{say("page.models.label")}" hidden></select>',
            {},
            elem_id=elem_id,
            **kwargs,
        )
