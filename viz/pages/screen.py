"""What one event changes on the page."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import gradio as gr

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Screen(NamedTuple):
    """What one event changes, by component; what it leaves alone is skipped."""

    strip: Any = gr.skip()
    timeline: Any = gr.skip()
    bars: Any = gr.skip()
    found: Any = gr.skip()
    notice: Any = gr.skip()
    status: Any = gr.skip()
    preset: Any = gr.skip()
    biases: Any = gr.skip()
    prompt: Any = gr.skip()
    seed: Any = gr.skip()
    stop: Any = gr.skip()
    undo: Any = gr.skip()
    redo: Any = gr.skip()
    texts: Any = gr.skip()
    map: Any = gr.skip()
    journey: Any = gr.skip()
    rooms: Mapping[str, Any] = NOTHING
    """What changes under the text, by the names of the rooms' panels."""


FRAME = tuple(name for name in Screen._fields if name != "rooms")
"""What belongs to the page itself, whichever room is open."""
