"""The texts of late, which a browser keeps for whoever sits before it: no server does."""

from typing import Any

from model.texts.branch_tree import MOST_NAME
from model.texts.file_format import MOST_BYTES
from viz.components.drawn import Drawn
from viz.components.ticket import PAGE_COPY
from viz.rooms.history.record import FIELDS, RecordValue
from viz.words.strings import say

MOST_ENTRIES = 40
"""Texts that one browser keeps; fewer than a tree holds, so that a file of all can be opened."""


class HistoryList(Drawn):
    """The list. What it shows it reads from the browser's storage; its value is the text on the page.

    That is put into the list, and, with the other texts of the page, into the storage of the tab: where the
    server has forgotten the page (`texts-forgotten` on the document), they are sent back as `branch-action`.
    Opening a text is that as well, so that it is checked as any file is.
    """

    def __init__(self, value: RecordValue | None = None, *, elem_id: str = "history", **kwargs: Any) -> None:
        keys = (
            *("empty", "list", "open", "rename", "delete", "name", "tokens", "foreign", "save"),
            *("clear", "clear_ask", "clear_yes", "clear_no", "deleted", "deleted_all", "undo", "full"),
            *("blocked", "typed", "use", "discard", "not_restored"),
        )
        words = {key: say(f"components.history.{key}") for key in keys} | {
            "fields": " ".join(FIELDS),
            "copy": PAGE_COPY,
            "most_name": str(MOST_NAME),
            "most_entries": str(MOST_ENTRIES),
            "most_bytes": str(MOST_BYTES),
        }
        super().__init__(
            "history_list",
            '<div class="history"></div>',
            value,
            words=words,
            parts=("history_store", "page_copy"),
            elem_id=elem_id,
            **kwargs,
        )
