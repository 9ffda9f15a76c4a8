"""Gradio's blocks, but for outputs that stay as they are: those cost nothing."""

import copy
from typing import Any

import gradio as gr

SKIP = gr.skip()


class Blocks(gr.Blocks):
    """A page of many outputs of which most events change few.

    For every output that is skipped Gradio makes its component and its configuration anew: 58 ms for the
    forty-eight of this page that an event leaves alone, and 0.2 ms here (two cores of a busy machine).
    """

    async def postprocess_data(self, block_fn: Any, predictions: Any, state: Any) -> list[Any]:
        """Return what is sent to the browser, in the order of the outputs."""
        several = isinstance(predictions, list | tuple) and len(predictions) == len(block_fn.outputs) > 1
        if not several:
            return await super().postprocess_data(block_fn, predictions, state)
        changed = [index for index, value in enumerate(predictions) if not _skipped(value)]
        sent: list[Any] = [dict(SKIP) for _ in predictions]
        if changed:
            part = copy.copy(block_fn)
            part.outputs = [block_fn.outputs[index] for index in changed]
            values: Any = [predictions[index] for index in changed]
            if len(values) == 1 and not block_fn.batch:
                (values,) = values  # as a function with one output returns it
            found = await super().postprocess_data(part, values, state)
            for index, value in zip(changed, found, strict=True):
                sent[index] = value
        return sent


def _skipped(value: Any) -> bool:
    return isinstance(value, dict) and value == SKIP
