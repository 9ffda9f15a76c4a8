"""Gradio's blocks, but for outputs that stay as they are: those cost nothing."""

import copy
import time
from typing import Any

import gradio as gr

from model.engine.tally import Waits
from model.training.line import TrainingLine
from viz.server.log import LOG
from viz.server.service import Service
from viz.words.strings import say

SKIP = gr.skip()
STEP_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the classes into which steps of events fall."""


class Blocks(gr.Blocks):
    """A page of many outputs of which most events change few.

    For every output that is skipped Gradio makes its component and its configuration anew: 58 ms for the
    forty-eight of this page that an event leaves alone, and 0.2 ms here (two cores of a busy machine).
    """

    service: Service | None = None
    """What all its visitors share."""
    trainings: TrainingLine | None = None
    """Of its visitors; None where this server trains nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.steps: dict[str, Waits] = {}
        """What the steps of events have taken, by the event's name."""

    async def process_api(self, block_fn: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Take one step of an event; what fails unforeseen stands in the log once, with its trace."""
        event = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
        name = str(event.api_name or event.name)
        start = time.monotonic()
        try:
            return await super().process_api(block_fn, *args, **kwargs)
        except gr.Error:
            raise
        except Exception as error:
            LOG.exception("The event %s failed.", name, extra={"facts": {"event": name}})
            raise gr.Error(say("page.event_failed"), print_exception=False) from error
        finally:
            # In the one thread of the server's loop.
            self.steps.setdefault(name, Waits(STEP_SECONDS)).add(time.monotonic() - start)

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
