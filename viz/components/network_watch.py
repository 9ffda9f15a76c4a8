"""Says when the server cannot be reached, and when it can again, without being asked."""

from typing import Any

from viz.components.drawn import Drawn
from viz.words.strings import say


class NetworkWatch(Drawn):
    """A line over the page while the connection is gone.

    A stream that stalls is no error to a browser, and Gradio tells of a lost connection only once one is. So
    while something is written or computed the script asks every few seconds whether the server answers, and
    when the browser believes to be offline.
    """

    def __init__(self, *, elem_id: str = "network", **kwargs: Any) -> None:
        super().__init__(
            "network_watch",
            '<p class="network" role="status"></p>',
            None,
            words={key: say(f"components.network_watch.{key}") for key in ("gone", "back")},
            elem_id=elem_id,
            **kwargs,
        )
