"""How a page is recognised after it was loaded anew, and what was typed in it by then."""

from typing import Any, TypedDict

from viz.components.drawn import Drawn


class TicketValue(TypedDict, total=False):
    """The value of a `Ticket`, if the browser sends what our scripts do."""

    now: str
    """The ticket of this page, from the server."""
    before: str | None
    """The ticket that the same tab of the browser had before."""
    prompt: str | None
    """What was typed there."""


class Ticket(Drawn):
    """Draws nothing. Keeps a ticket that it is given in its tab; `select` fires if that had one before."""

    def __init__(self, *, elem_id: str = "ticket", prompt_id: str = "prompt", **kwargs: Any) -> None:
        super().__init__(
            "ticket", "<span></span>", None, words={"prompt": prompt_id}, elem_id=elem_id, **kwargs
        )
