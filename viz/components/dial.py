"""A slider whose number field may say anything: the nearest number in its range is meant."""

from typing import Any

import gradio as gr


class Dial(gr.Slider):
    """Gradio's slider, but a number out of its range is no error."""

    def preprocess(self, payload: Any) -> float:
        """Return the number in the range that is nearest to what was typed; the first value for none."""
        number = isinstance(payload, int | float) and payload == payload
        value = min(max(payload, self.minimum), self.maximum) if number else self.value
        nearest: float = super().preprocess(value)
        return nearest

    def get_block_name(self) -> str:
        """Return whose script draws it."""
        return "slider"
