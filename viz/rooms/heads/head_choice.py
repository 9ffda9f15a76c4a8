"""What a person does with the heads: a value that goes along with the events of their room."""

from typing import Any, TypedDict

from viz.components.drawn import NOTHING, Drawn


class HeadChoiceValue(TypedDict, total=False):
    """The value of a `HeadChoice`, if the browser sends what our scripts do."""

    layer: int
    head: int
    """Opened last."""
    key: int
    """Position of the key that the quantity of a chosen key asks about."""


class HeadChoice(Drawn):
    """Draws nothing. Its value follows `head-action`: `select` fires for a head, `submit` for a key."""

    def __init__(self, *, elem_id: str = "head-choice", **kwargs: Any) -> None:
        super().__init__("head_choice", NOTHING, {}, elem_id=elem_id, **kwargs)


def chosen_key(value: object) -> int | None:
    """Return the position of the chosen key; None without one, or where the browser sent something else."""
    key = value.get("key") if isinstance(value, dict) else None
    return key if isinstance(key, int) and not isinstance(key, bool) else None
