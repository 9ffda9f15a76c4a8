"""What a person does with the branches of a page: a value that goes along with the event of it."""

from typing import Any, TypedDict

from viz.components.drawn import NOTHING, Drawn


class BranchChoiceValue(TypedDict, total=False):
    """The value of a `BranchChoice`, if the browser sends what our scripts do."""

    action: str
    """branch, walk, name, delete, compare, open, restore or save."""
    token_id: int
    """To go on from, at the selected position."""
    key: int | None
    """Of a branch."""
    name: str
    text: str
    """Of a file."""
    what: str
    """To save: branches, text or steps."""


class BranchChoice(Drawn):
    """Draws nothing. Its value follows `token-action` and `branch-action` on the document.

    `submit` fires for a token to go on from, `download` for something to save, `select` for all else.
    """

    def __init__(self, *, elem_id: str = "branch-choice", **kwargs: Any) -> None:
        super().__init__("branch_choice", NOTHING, {}, elem_id=elem_id, **kwargs)
