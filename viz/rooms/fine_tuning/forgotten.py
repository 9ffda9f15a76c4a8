"""What a fine-tuned model has forgotten: its perplexity on a text from before, and on the new one."""

from collections.abc import Iterator
from html import escape
from itertools import takewhile
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple

import gradio as gr

from viz.pages.visitor import Visitor
from viz.pages.work import watched
from viz.server.failing import or_why_not
from viz.server.service import Trouble
from viz.training.desk import Desk, understood
from viz.training.held_out import held_out_text
from viz.training.interval_html import interval_html
from viz.words.lines import problem, status_line
from viz.words.strings import say

if TYPE_CHECKING:  # written with Transformers, which the page does not wait for
    from model.training.evaluation import ScoredBlocks

WORK = "forgotten"
OLD = (
    "The sun rises in the east and sets in the west. Water boils at one hundred degrees Celsius at sea "
    "level. The capital of France is Paris, and the capital of Italy is Rome. A week has seven days, "
    "and a year has twelve months. When it rains, people open their umbrellas and walk a little faster. "
    "The heart pumps blood through the body. Plants need light, water and air to grow. Children go to "
    "school in the morning and come home in the afternoon. In winter the days are short and the nights "
    "are long. Bread is made from flour, water, salt and yeast. The moon goes around the earth, and the "
    "earth goes around the sun. Many birds fly south before the winter and return in spring. To cross a "
    "river one needs a bridge or a boat."
)
"""Plain English that any model of it knows: what may be forgotten."""
LENGTH = 128
"""Tokens that are read at once."""


class ForgottenScreen(NamedTuple):
    """What an event changes."""

    line: Any = gr.skip()
    cancel: Any = gr.skip()
    table: Any = gr.skip()


class Forgetting:
    """Handlers, for every visitor."""

    def __init__(self, desk: Desk, room: str) -> None:
        self.desk, self.room = desk, room

    def measure(self, visitor: Visitor) -> Iterator[ForgottenScreen]:
        """Let the model read both texts as it was and as it is."""

        def explained(why: str) -> ForgottenScreen:
            return ForgottenScreen(line=problem(why), cancel=gr.update(interactive=WORK in visitor.working))

        yield from or_why_not(self._measure(visitor), explained)

    def _measure(self, visitor: Visitor) -> Iterator[ForgottenScreen]:
        name = self.desk.require(visitor, self.room)
        checkpoints = self.desk.checkpoints(name)
        if len(checkpoints) < 2:
            raise Trouble(say("train.forgotten.too_early"))
        stopped = Event()
        rows: list[str] = []

        def measured() -> Iterator[str]:
            for row in self._rows(name, checkpoints, stopped):
                rows.append(row)
                yield row

        for row in watched(visitor, WORK, measured(), stopped.set):
            if row is None:
                line = status_line(say("train.forgotten.measuring"))
                yield ForgottenScreen(line=line, cancel=gr.update(interactive=True))
            else:
                yield ForgottenScreen(table=_table(rows))
        told = say("train.forgotten.measured") if len(rows) == 2 else say("lab.stopped")
        yield ForgottenScreen(line=status_line(told), table=_table(rows), cancel=gr.update(interactive=False))

    def _rows(self, name: str, checkpoints: Any, stopped: Event) -> Iterator[str]:
        """Yield the rows of the table: the old text, and the kept part of the new one."""
        # Written with Transformers, which the page does not wait for.
        from model.training.base import base_model, base_tokenizer  # noqa: PLC0415
        from model.training.evaluation import evaluating  # noqa: PLC0415
        from model.training.fine_tuning import forgetting  # noqa: PLC0415
        from model.training.material import text_material  # noqa: PLC0415

        first, last = checkpoints[0][1], checkpoints[-1][1]
        tokenizer = base_tokenizer(first)
        kept = understood(lambda: held_out_text(self.desk.line, name))
        models = [base_model(first), base_model(last)]
        for title, text in ((say("train.forgotten.old"), OLD), (say("train.forgotten.new"), kept)):
            scored = []
            for model in models:
                read = list(_until(stopped, evaluating(model, text_material(text, tokenizer), LENGTH)))
                if stopped.is_set():
                    return
                scored.append(read[-1])
            found = forgetting(*scored)
            yield _row(title, found)


def _until(stopped: Event, steps: "Iterator[ScoredBlocks]") -> "Iterator[ScoredBlocks]":
    return takewhile(lambda _: not stopped.is_set(), steps)


def _row(title: str, found: Any) -> str:
    values = (found.before, found.after, found.ratio)
    cells = "".join(f"<td class='n'>{interval_html(one, 2)}</td>" for one in values)
    return f"<tr><th scope='row'>{escape(title)}</th>{cells}</tr>"


def _table(rows: list[str]) -> str:
    head = "".join(
        f"<th scope='col'>{escape(say(f'train.forgotten.column.{one}'))}</th>"
        for one in ("text", "before", "after", "ratio")
    )
    return f"<table class='sizes'><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
