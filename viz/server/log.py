"""The log: sentences for whoever started the app, or one line of JSON each for what collects them.

Nothing in it says who a visitor is. What visitors type, and what is written for them, stands in it only where
that was asked for.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

NAME = "gpt_inside_out"
LOG = logging.getLogger(NAME)
TEXTS = logging.getLogger(f"{NAME}.texts")
"""What was typed and written; silent unless it was asked for."""
SILENT = logging.CRITICAL + 1
"""A level that no entry has. The server, which sets up logging of its own, leaves levels alone; whatever was
`disabled` it would let speak."""
TEXTS.setLevel(SILENT)
ANNOUNCED = ("uvicorn", "uvicorn.error", "uvicorn.asgi")
"""Loggers of the server, which would write lines of their own."""


class Sentences(logging.Formatter):
    """What happened as a sentence, and behind an error its trace."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of one entry."""
        told = record.getMessage()
        facts = getattr(record, "texts", None)
        more = "".join(f"\n  {name}: {text!r}" for name, text in facts.items()) if facts else ""
        return told + more + ("\n" + _trace(record) if record.exc_info else "")


class Json(logging.Formatter):
    """One JSON object in one line, with the same keys every time."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of one entry."""
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
            **getattr(record, "texts", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            entry["error"] = type(record.exc_info[1]).__name__
            entry["trace"] = _trace(record)
        return json.dumps(entry, ensure_ascii=False)


class _Console(logging.StreamHandler[Any]):
    """Sentences go where those of the console go, as it is at that moment; warnings and errors to stderr."""

    def __init__(self, *, together: bool) -> None:
        """Take whether all goes to stdout, in one stream."""
        super().__init__(sys.stdout)
        self._together = together

    def emit(self, record: logging.LogRecord) -> None:
        """Write one entry at once."""
        trouble = record.levelno >= logging.WARNING and not self._together
        self.stream = sys.stderr if trouble else sys.stdout
        super().emit(record)


def begin_log(form: str = "plain", *, texts: bool = False) -> None:
    """Write the log from now on.

    Args:
        form: plain or json.
        texts: whether what is typed and written stands in it.
    """
    handler = _Console(together=form == "json")
    handler.setFormatter(Json() if form == "json" else Sentences())
    for logger, level in ((logging.getLogger(), logging.WARNING), (LOG, logging.INFO)):
        logger.setLevel(level)
    logging.getLogger().handlers = [handler]
    logging.captureWarnings(form == "json")
    TEXTS.setLevel(logging.INFO if texts else SILENT)


def take_over_server_log() -> None:
    """Let what the server logs stand in this log too, once it runs: it sets up its own when it begins."""
    for name in ANNOUNCED:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True


def _trace(record: logging.LogRecord) -> str:
    assert record.exc_info
    return "".join(traceback.format_exception(*record.exc_info)).rstrip()
