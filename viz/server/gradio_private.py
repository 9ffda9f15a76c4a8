"""Every private part of Gradio that this app leans on: what for, and what happens where it is another.

Only this file imports them. `requirements.txt` pins Gradio; whoever raises the pin is told by a test which
part has changed, reads it, and what leans on it here, and records its new digest. What Gradio's page and
its scripts look like from outside is no matter of this file: it is tested in the browser.
"""

import inspect
from collections.abc import Collection, Mapping
from hashlib import sha256
from pathlib import Path
from pydoc import locate
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple

import gradio as gr
from gradio.route_utils import CustomCORSMiddleware, get_root_url
from gradio.state_holder import SessionState, StateHolder

__all__ = [
    "PARTS",
    "LeanSession",
    "Part",
    "SessionState",
    "StateHolder",
    "asks_for",
    "get_root_url",
    "is_let_in",
    "is_under_way",
    "let_us_answer_other_sites",
    "open_pages",
    "preload",
    "remember_with",
    "reopen",
    "unheard",
    "unheard_events",
]


class Part(NamedTuple):
    """A private part of Gradio."""

    name: str
    """Where it is."""
    why: str
    """What leans on it, and what for."""
    without: str
    """What happens if nothing does."""
    digest: str
    """Of its source, as it was when that was written."""
    mentioned: str = ""
    """A name, if only the lines with it matter."""

    def found(self) -> str:
        """Return the digest of its source in the Gradio that is installed; empty if it is not there."""
        part: Any = locate(self.name)
        if part is None:
            return ""
        lines = [line.strip() for line in inspect.getsource(part).splitlines() if self.mentioned in line]
        return sha256("\n".join(lines).encode()).hexdigest()[:12]


PARTS = (
    Part(
        "gradio.state_holder.SessionState",
        "A session of ours (sessions.py) keeps no copy of the configuration, which only deep links read.",
        "Half a megabyte and 23 ms for each page and each call of a program.",
        "3529a9614e3c",
    ),
    Part(
        "gradio.state_holder.StateHolder",
        "Ours (sessions.py) forgets first who has no text, and a closed page after an hour.",
        "Ten thousand sessions are kept, and a text is forgotten only with them.",
        "17a55a5104dc",
    ),
    Part(
        "gradio.routes.App",
        "Takes our holder of sessions when the server begins (sessions.py).",
        "As without StateHolder.",
        "994f5ed29baa",
        "state_holder",
    ),
    Part(
        "gradio.blocks.Blocks.postprocess_data",
        "Ours (blocks.py) gives it only the outputs that change.",
        "58 ms an event, for making anew the forty-eight outputs that it leaves alone.",
        "10231dd205d3",
    ),
    Part(
        "gradio.blocks.Blocks.process_api",
        "Ours (blocks.py) measures it, and puts what fails into the log.",
        "An event that fails is printed by Gradio, in no format, and no event is counted.",
        "c9105ea72d4b",
    ),
    Part(
        "gradio.queueing.Queue",
        "Says how many events wait or are not fetched: the gate (gate.py) lets few in, and an app "
        "that ends (drain.py) waits for them.",
        "One page can fill the queue of all.",
        "35a4e53caadf",
        "pending_event_ids_session",
    ),
    Part(
        "gradio.queueing.Queue",
        "Says whether an event waits or is computed, of which the gate lets few in on a public server.",
        "What one visitor has under way would count until ten minutes have passed.",
        "5d6441eb4b18",
        "event_ids_to_events",
    ),
    Part(
        "gradio.route_utils.get_root_url",
        "Says what the address of the page is behind a proxy, for what a link to it shows (front.py).",
        "The picture of a link would be looked for at an address that only the proxy knows.",
        "44d1901ece15",
    ),
    Part(
        "gradio.route_utils.CustomCORSMiddleware",
        "Is taken out: ours (origins.py) says what pages of other sites may read, nothing by cookie.",
        "Any site could read what the app answers a visitor who has given the password.",
        "fe0ed7647733",
    ),
    Part(
        "gradio.routes.App",
        "Knows by their cookies who has given the password (closed.py).",
        "Before it is given, all but the form would be open that Gradio itself leaves open.",
        "bab3fd01e09e",
        "access-token-",
    ),
    Part(
        "gradio.routes.App",
        "A stream that an open page holds ends with it; here the server holds it (presence.py).",
        "A closed page would be written for until its text has ended.",
        "ec84abce323a",
        "/heartbeat/{session_hash}",
    ),
    Part(
        "gradio.blocks.Block.get_block_name",
        "Says that Gradio's own script draws our slider and number field (components/dial.py, seed.py).",
        "The browser looks for a script of their names, and shows neither.",
        "6eaf8d51ebf4",
    ),
)


class LeanSession(SessionState):
    """What Gradio remembers of one page or program, without a copy of the configuration."""

    def __init__(self, blocks: gr.Blocks) -> None:
        """Begin to remember for the blocks of an app."""
        # The copy is made of those blocks of the configuration that the page has: here, none.
        super().__init__(SimpleNamespace(default_config=blocks.default_config, blocks={}))  # type: ignore[arg-type]

    def __setitem__(self, key: int, value: Any) -> None:
        """Take the value of a state, or a component that has changed."""
        super().__setitem__(key, value)
        self.config_values.clear()

    def _update_config(self, key: int) -> None:
        """Keep no configuration."""

    def _update_value_in_config(self, key: int, value: Any) -> None:
        """Keep no value: what the page shows can be drawn again."""


def remember_with(app: Any, holder: type[StateHolder]) -> None:
    """Let Gradio's server, before it answers anybody, remember in a holder of this type."""
    app.state_holder = holder(app.get_blocks())  # type: ignore[call-arg]


def reopen(app: Any, session: str) -> None:
    """Note that a page which was thought to be closed is open."""
    if session in app.state_holder.session_data:
        app.state_holder.session_data[session].is_closed = False


def let_us_answer_other_sites(app: Any) -> None:
    """Let Gradio's server, before it answers anybody, say nothing of its own about pages of other sites."""
    app.user_middleware = [one for one in app.user_middleware if one.cls is not CustomCORSMiddleware]
    app.middleware_stack = app.build_middleware_stack()


def is_let_in(app: Any, cookies: Mapping[str, str]) -> bool:
    """Return whether a request may see the app: no password is asked for, or it was given."""
    if app.auth is None:
        return True
    names = (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}")
    return any(cookies.get(name) in app.tokens for name in names)


def unheard_events(app: Any, session: str) -> int:
    """Return how many events of a page wait, are under way, or have answers that it has not fetched."""
    return len(app.get_blocks()._queue.pending_event_ids_session.get(session, ()))


def open_pages(app: Any) -> int:
    """Return how many pages are open, as our `Sessions` count them."""
    count: int = app.state_holder.open_pages
    return count


def unheard(blocks: gr.Blocks) -> int:
    """Return how many events of all pages and programs are under way, or have answers not yet fetched."""
    return sum(len(events) for events in blocks._queue.pending_event_ids_session.values())


def is_under_way(app: Any, event: str) -> bool:
    """Return whether an event waits or is computed."""
    return event in app.get_blocks()._queue.event_ids_to_events


def asks_for(app: Any, wanted: object, work: Collection[str]) -> Literal["event", "work"]:
    """Return what kind of thing is asked for.

    Args:
        app: of Gradio.
        wanted: number of an event of the page, or name of an endpoint.
        work: what events that are work are computed with, by the name of their queue.
    """
    known = app.get_blocks().fns
    if isinstance(wanted, str):
        function = next((one for one in known.values() if one.api_name == wanted), None)
    else:
        function = known.get(wanted) if isinstance(wanted, int) else None
    return "work" if function is not None and function.concurrency_id in work else "event"


def preload() -> str:
    """Return HTML that has a browser fetch the script of the figures at once, for the head of the page.

    Gradio's page asks for it, 4.6 MB, when the first figure is put there: by then a first page is half a
    second old. Where Gradio names it otherwise nothing is fetched early.
    """
    assets = Path(gr.__file__).parent / "templates" / "frontend" / "assets"
    return "".join(
        f'<link rel="modulepreload" href="./assets/{script.name}">'
        for script in assets.glob("PlotlyPlot-*.js")
    )
