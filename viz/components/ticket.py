"""How a page is recognised after it was loaded anew, and what was typed in it by then."""

from typing import Any, TypedDict

from viz.components.drawn import NOTHING, Drawn

TICKET = "gpt-inside-out-ticket"
"""Under which a tab of the browser keeps it."""
PAGE_COPY = "gpt-inside-out-page"
"""Under which it keeps which texts stand on its page."""


class TicketValue(TypedDict, total=False):
    """The value of a `Ticket`, if the browser sends what our scripts do."""

    now: str
    """The ticket of this page, from the server."""
    before: str | None
    """The ticket that the same tab of the browser had before."""
    older: str | None
    """The one before that: of use where the page between them had gone before it was given its texts."""
    prompt: str | None
    """What was typed there."""
    at: int | None
    """The token that the address asks for, if the page was opened by it and not loaded anew."""
    texts: bool
    """Whether the tab has kept texts of the page."""
    forgotten: bool
    """Said by the server: it no longer has the texts of the page before."""


class Ticket(Drawn):
    """Draws nothing. Keeps a ticket that it is given in its tab; `select` fires if that had one before.

    Dispatches `texts-forgotten` on the document where the server no longer knows it.
    """

    def __init__(self, *, elem_id: str = "ticket", prompt_id: str = "prompt", **kwargs: Any) -> None:
        super().__init__(
            "ticket",
            NOTHING,
            None,
            words={"prompt": prompt_id, "ticket": TICKET, "copy": PAGE_COPY},
            elem_id=elem_id,
            **kwargs,
        )
