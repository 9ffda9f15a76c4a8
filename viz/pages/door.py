"""Who comes and goes: a page that is loaded anew has its texts again, a closed one frees its place."""

import secrets
from typing import Any
from weakref import WeakValueDictionary

import gradio as gr

from model.texts.given import given_text
from viz.components.ticket import TicketValue
from viz.pages.controls import NAMES, Controls
from viz.pages.layout import Layout
from viz.pages.screen import Screen
from viz.pages.showing import Showing
from viz.pages.visitor import Visitor
from viz.server.limits import LOOKING
from viz.words.strings import say

Back = tuple[list[Any], Screen]
"""The controls in their order, and the screen."""
OF_THE_MOMENT = ("appearance", "picked", "head_choice")
"""Inputs that follow the browser, and are not given back."""


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

    def back(self, visitor: Visitor, ticket: TicketValue | None, prompt: str, *values: object) -> Back:
        """Return controls and screen as before the page was loaded anew; its address has the room."""
        told = ticket if isinstance(ticket, dict) else {}
        before = self._by_ticket.get(str(told.get("before")))
        typed = self._typed(told.get("prompt"), prompt)
        if before is None or before is visitor:
            if typed is not None:
                _tell("page.forgotten")
            screen = Screen(prompt=gr.skip() if typed is None else typed)
            return [gr.skip() for _ in NAMES], screen
        visitor.resume(before)
        here = Controls(*values)  # type: ignore[arg-type]
        kept = visitor.controls or here
        moved = {name: getattr(kept, name) for name in NAMES if name not in OF_THE_MOMENT}
        now = Controls(**{name: getattr(here, name) for name in OF_THE_MOMENT} | moved)
        screen = self.redraw(visitor, *(getattr(now, name) for name in NAMES))
        if visitor.run is not self.example.run:
            _tell("page.back")
        shown = given_text(visitor.run) if typed is None else typed
        # A control that is set, if only to what it is, may tell that it has changed.
        changed = {name: value for name, value in moved.items() if value != getattr(here, name)}
        return [changed.get(name, gr.skip()) for name in NAMES], screen._replace(prompt=shown)

    def leave(self, request: gr.Request) -> None:
        """Stop what is written for a closed page, at once and not when Gradio next has news for it.

        A page whose network comes back was not closed, and may be closed later.
        """
        gone = self._by_page.get(str(request.session_hash))
        if gone is not None:
            gone.stop()

    def _typed(self, prompt: object, shown: str) -> str | None:
        """Return what stood in the field of the prompt, if it is not what stands there."""
        longest = self.service.limits.max_prompt_characters
        if not isinstance(prompt, str) or len(prompt) > longest or prompt == shown:
            return None
        return prompt


def wire_door(app: gr.Blocks, page: Layout, visitor: gr.State, door: Door) -> None:
    """Tell who comes and goes."""
    quietly: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    app.load(door.arrive, visitor, page.ticket, queue=False, **quietly)

    def back(visitor: Visitor, ticket: TicketValue | None, prompt: str, *values: object) -> list[Any]:
        controls, screen = door.back(visitor, ticket, prompt, *values)
        return [*controls, *page.values(screen)]

    page.ticket.select(
        back,
        [visitor, page.ticket, page.prompt, *page.inputs],
        [*page.inputs, *page.outputs],
        **quietly,
        **LOOKING,
    )
    app.unload(door.leave)


def _tell(key: str) -> None:
    """Say something in passing, and not in the line under the buttons: sliders that are set write that."""
    gr.Info(say(key), duration=5)
