"""A number field that sends what was typed: what is wrong with it is said where every other refusal is."""

from typing import Any

import gradio as gr


class Seed(gr.Number):
    """Gradio's number field, but a number out of its range is no error of the field.

    Gradio would refuse the whole press, in words of its own. A seed has no nearest one that is meant, as a
    slider has: whoever uses it says which there are.
    """

    def preprocess(self, payload: Any) -> Any:
        """Return the number, also one out of the range."""
        try:
            return super().preprocess(payload)
        except gr.Error:
            return payload

    def get_block_name(self) -> str:
        """Return whose script draws it."""
        return "number"
