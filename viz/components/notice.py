"""The line that answers: what was done, how things stand, or what could not be done."""

from typing import Any

from viz.components.drawn import Drawn


class Notice(Drawn):
    """A sentence, as the escaped HTML of `viz.words.lines`.

    What could not be done, and what was found out, stays until the person who asked does something else.
    Answers to what was asked for before, such as a slider that was moved on the way to a button, may come
    later, and have nothing to say.
    """

    def __init__(self, value: str = "", *, elem_id: str = "notice", **kwargs: Any) -> None:
        super().__init__("notice", '<div class="told"></div>', value, elem_id=elem_id, **kwargs)
