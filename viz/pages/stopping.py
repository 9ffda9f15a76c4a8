"""Stop and Cancel can be pressed as soon as something has begun, whatever the network does with the answer.

What is written and computed arrives as a stream, and says itself whether it can be stopped. Where a proxy
holds streams back until they end, that is heard too late. A press of Stop is a request of its own: it passes.
"""

from collections.abc import Sequence
from typing import Any

import gradio as gr

PRESSABLE = "() => ({ __type__: 'update', interactive: true })"
"""Said in the browser, at once. What comes from the server says it too, or that there is nothing to stop."""


def stoppable(presses: Sequence[Any], stop: gr.Button) -> None:
    """Let a button be pressed from the moment of a press on; to be wired before what the presses begin.

    The browser takes the events of one press in turn, and waits for the end of each.

    Args:
        presses: events that begin something that takes a while.
        stop: the button that ends it.
    """
    gr.on(presses, None, None, stop, js=PRESSABLE, show_progress="hidden", api_visibility="private")
