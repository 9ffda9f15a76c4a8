"""Stop and Cancel can be pressed as soon as something has begun, whatever the network does with the answer.

What is written and computed arrives as a stream, and says itself whether it can be stopped. Where a proxy
holds streams back until they end, that is heard too late. A press of Stop is a request of its own: it passes.
"""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from viz.pages.quiet import QUIET
from viz.pages.visitor import Visitor

PRESSABLE = "() => ({ __type__: 'update', interactive: true })"
"""Said in the browser, at once. What comes from the server says it too, or that there is nothing to stop."""


class Stopping:
    """A button that ends what others begin: from their press on, and no longer than it takes.

    The browser takes the events of one press in turn, and waits for the end of each.
    """

    def __init__(self, button: gr.Button, visitor: gr.State, *works: str) -> None:
        """Take the button and what it ends.

        Args:
            button: Stop or Cancel.
            visitor: of the page.
            works: what it ends, by the names of `Visitor.unwanted`.
        """
        self._button, self._visitor, self._works = button, visitor, works

    def lit_by(self, presses: Sequence[Any]) -> None:
        """Let the button be pressed from the moment of a press on; to be wired before what the presses begin.

        Args:
            presses: events that begin something that takes a while.
        """
        self.forgotten_by(presses)  # before it is lit: a Stop that overtook it would be forgotten as well
        gr.on(presses, None, None, self._button, js=PRESSABLE, **QUIET)

    def forgotten_by(self, presses: Sequence[Any]) -> None:
        """Let presses be wanted, whatever was stopped before them; to be wired before what they begin."""

        def want(visitor: Visitor) -> None:
            visitor.want(*self._works)

        gr.on(presses, want, self._visitor, None, queue=False, **QUIET)

    def unlit_if_refused(self, *begun: Any) -> None:
        """Let the button be as it was where a press comes to nothing before its handler hears of it.

        Args:
            begun: what the presses begin, as it was wired: a value that the server refuses, or too many
                events, ends it at once.
        """

        def as_it_is(visitor: Visitor) -> Any:
            return gr.update(interactive=visitor.busy_with(*self._works))

        for event in begun:
            event.failure(as_it_is, self._visitor, self._button, queue=False, **QUIET)
