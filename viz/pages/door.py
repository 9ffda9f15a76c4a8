"""Who comes and goes: a page that is loaded anew has its texts again, a closed one frees its place."""

import secrets
from collections.abc import Mapping
from typing import Any
from weakref import WeakValueDictionary

import gradio as gr

from model.texts.given import given_text
from viz.components.ticket import TicketValue
from viz.pages.controls import Controls
from viz.pages.layout import Layout
from viz.pages.quiet import QUIET
from viz.pages.screen import Screen
from viz.pages.showing import Showing
from viz.pages.visitor import Visitor
from viz.server.limits import LOOKING
from viz.words.strings import say

Back = tuple[Controls, Screen]
"""Where the controls stood, and the screen."""


class Door(Showing):
    """Handlers of arriving, coming back and leaving. Visitors are held by their pages, not here."""

    def __init__(self, *showing: Any) -> None:
        super().__init__(*showing)
        self._by_page: WeakValueDictionary[str, Visitor] = WeakValueDictionary()
        self._by_ticket: WeakValueDictionary[str, Visitor] = WeakValueDictionary()

    def arrive(self, visitor: Visitor, request: gr.Request) -> TicketValue:
        """Return the ticket with which the texts of this page can be had again."""
        ticket = secrets.token_urlsafe(24)
        self._by_page[str(request.session_hash)] = self._by_ticket[ticket] = visitor
        return {"now": ticket}

    def back(self, visitor: Visitor, ticket: TicketValue | None, prompt: str, controls: Controls) -> Back:
        """Return controls and screen as before the page was loaded anew; its address has the room."""
        try:
            return self._back(visitor, ticket, prompt, controls)
        finally:
            visitor.came_back.set()

    def _back(self, visitor: Visitor, ticket: TicketValue | None, prompt: str, controls: Controls) -> Back:
        told = ticket if isinstance(ticket, dict) else {}
        before = self._before(visitor, told)
        typed = self._typed(visitor, told.get("prompt"), prompt)
        if before is None:
            if typed is not None and told.get("texts") is not True:  # else these come, and say so
                _tell("page.forgotten")
            screen = self.redraw(visitor, controls) if _selects(visitor, told.get("at")) else Screen()
            return controls, screen._replace(prompt=gr.skip() if typed is None else typed)
        visitor.resume(before)
        _selects(visitor, told.get("at"))
        now = controls if visitor.controls is None else visitor.controls.again(controls)
        screen = self.redraw(visitor, now)
        if visitor.run is not self.example.run:
            _tell("page.back")
        shown = given_text(visitor.run) if typed is None else typed
        return now, screen._replace(prompt=shown)

    def forgot(self, visitor: Visitor, ticket: TicketValue | None) -> bool:
        """Return whether the texts of the page before are no longer here."""
        return self._before(visitor, ticket if isinstance(ticket, dict) else {}) is None

    def _before(self, visitor: Visitor, told: Mapping[str, object]) -> Visitor | None:
        """Return who was at this tab before: a page that was left before it had its texts again has none."""
        pages = (self._by_ticket.get(str(told.get(name))) for name in ("before", "older"))
        known = [one for one in pages if one is not None and one is not visitor]
        return next((one for one in known if one.has_text), known[0] if known else None)

    def leave(self, request: gr.Request) -> None:
        """Stop what is written for a closed page, at once and not when Gradio next has news for it.

        A page whose network comes back was not closed, and may be closed later.
        """
        gone = self._by_page.get(str(request.session_hash))
        if gone is not None:
            gone.stop()

    def _typed(self, visitor: Visitor, prompt: object, shown: str) -> str | None:
        """Return what stood in the field of the prompt, if it is not what stands there."""
        longest = visitor.service.limits.max_prompt_characters
        if not isinstance(prompt, str) or len(prompt) > longest or prompt == shown:
            return None
        return prompt


def wire_door(app: gr.Blocks, page: Layout, visitor: gr.State, door: Door) -> Any:
    """Tell who comes and goes; return the event after which a page has its texts again."""
    app.load(door.arrive, visitor, page.ticket, queue=False, **QUIET)

    def back(visitor: Visitor, ticket: TicketValue | None, prompt: str, controls: Controls) -> list[Any]:
        forgot = door.forgot(visitor, ticket)
        before, screen = door.back(visitor, ticket, prompt, controls)
        # A control that is set, if only to what it is, may tell that it has changed.
        pairs = zip(page.order.values(before), page.order.values(controls), strict=True)
        moved = [gr.skip() if then == now else then for then, now in pairs]
        told = {**ticket, "forgotten": True} if forgot and isinstance(ticket, dict) else gr.skip()
        return [told, *moved, *page.values(screen)]

    again = page.ticket.select(
        page.taking(back),
        [visitor, page.ticket, page.prompt, *page.inputs],
        [page.ticket, *page.inputs, *page.outputs],
        **QUIET,
        **LOOKING,
    )
    app.unload(door.leave)
    return again


def _selects(visitor: Visitor, at: object) -> bool:
    """Select the token that an address asks for, if there is such a one; return whether there is."""
    if not isinstance(at, int) or isinstance(at, bool) or not 0 < at <= len(visitor.pieces):
        return False
    visitor.selected, visitor.following = at, False
    return True


def _tell(key: str) -> None:
    """Say something in passing, and not in the line under the buttons: sliders that are set write that."""
    gr.Info(say(key), duration=5)
