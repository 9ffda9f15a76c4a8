"""The log: sentences or JSON, each error once with its trace, and no texts unless they were asked for."""

import json
import logging
import logging.config

import pytest
from uvicorn.config import LOGGING_CONFIG

from viz.server.log import LOG, TEXTS, begin_log, take_over_server_log


@pytest.fixture(autouse=True)
def as_before():
    """Put the log back."""
    root = logging.getLogger()
    handlers, level, silence = root.handlers, root.level, TEXTS.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    TEXTS.setLevel(silence)
    logging.captureWarnings(False)


def broken() -> None:
    try:
        raise RuntimeError("the disk\nis gone")
    except RuntimeError:
        LOG.exception("Saving failed.", extra={"facts": {"event": "save"}})


def test_as_json_every_entry_is_one_line_and_an_error_has_its_trace_once(capsys):
    begin_log("json")
    LOG.info("A text has ended.", extra={"facts": {"tokens": 5}})
    broken()
    said = capsys.readouterr()
    first, second = (json.loads(line) for line in said.out.splitlines())
    assert (first["level"], first["message"], first["tokens"]) == ("info", "A text has ended.", 5)
    assert (second["level"], second["event"], second["error"]) == ("error", "save", "RuntimeError")
    assert second["trace"].count("Traceback") == 1 and said.err == ""


def test_as_sentences_errors_go_to_stderr_with_their_trace(capsys):
    begin_log("plain")
    LOG.info("Ready.")
    broken()
    said = capsys.readouterr()
    assert said.out == "Ready.\n"
    assert said.err.startswith("Saving failed.\nTraceback") and said.err.count("Traceback") == 1


@pytest.mark.parametrize("form", ["plain", "json"])
@pytest.mark.parametrize("asked", [False, True])
def test_texts_are_written_only_where_that_was_asked_for_also_once_the_server_runs(form, asked, capsys):
    begin_log(form, texts=asked)
    logging.config.dictConfig(LOGGING_CONFIG)  # as the server does when it begins
    take_over_server_log()
    TEXTS.info("It says:", extra={"texts": {"prompt": "a secret"}})
    assert ("a secret" in capsys.readouterr().out) is asked


def test_what_the_server_logs_has_the_same_form(capsys):
    begin_log("json")
    logging.config.dictConfig(LOGGING_CONFIG)
    take_over_server_log()
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["message"] == "Invalid HTTP request received."
