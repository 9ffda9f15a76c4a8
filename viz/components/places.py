"""Links to the pages, and an address for every room, so that Back works and links lead there."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, TypedDict

from viz.components.drawn import Drawn
from viz.components.ticket import TICKET
from viz.words.strings import say


class PlacesValue(TypedDict):
    """What is open."""

    page: str
    room: str
    """Empty where a page has no rooms among which one chooses here."""


class Places(Drawn):
    """The links. Pages and rooms are tabs of Gradio whose own lists are hidden; this presses their buttons.

    Its value follows what is open. It listens to `place-wanted` with `{"page": name, "room": name}`, of which
    the room may be missing, and tells `room-opened` with the same. `?page=lab.replay&at=41` opens the room
    `replay` of the page `lab` at token 41.
    """

    def __init__(
        self,
        rooms_of: Mapping[str, Sequence[tuple[str, str]]],
        *,
        elem_id: str = "places",
        strip_id: str = "tokens",
        **kwargs: Any,
    ) -> None:
        """Make the links.

        Args:
            rooms_of: by the page, in order: id and name of each of its rooms; their tabs are `page-<page>`
                and `room-<room>`.
            elem_id: id of the element.
            strip_id: id of the strip whose selected token stands in the address.
            **kwargs: for `Drawn`.
        """
        names = {page: say(f"page.pages.{page}") for page in rooms_of}
        links = "".join(
            f'<a href="?page={escape(page)}" data-page="{escape(page)}">{escape(name)}</a>'
            for page, name in names.items()
        )
        words = {
            "title": say("page.title"),
            "rooms": json.dumps({page: dict(some) for page, some in rooms_of.items()}),
            "strip": strip_id,
            "ticket": TICKET,
        }
        label = escape(say("page.pages.label"))
        super().__init__(
            "places",
            f'<nav class="pages" aria-label="{label}">{links}</nav>',
            words=words,
            elem_id=elem_id,
            **kwargs,
        )
