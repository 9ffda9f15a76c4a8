import sys
import threading
import types

import pytest

from model.weights.background import BackgroundModel
from model.weights.catalog import ModelError
from tests.patience import PATIENCE


@pytest.fixture
def loader(monkeypatch):
    """Stands in for `model.loading`; a test decides what `load_model` does."""
    stand_in = types.ModuleType("model.weights.loading")
    monkeypatch.setitem(sys.modules, "model.weights.loading", stand_in)
    return stand_in


def test_the_model_arrives_with_the_progress_on_the_way(loader):
    may_finish, lines = threading.Event(), []

    def load_model(spec, *, device, precision, report, **_):
        report("Reading the weights.")
        assert may_finish.wait(PATIENCE)
        return (spec, device, precision)

    loader.load_model = load_model
    model = BackgroundModel("gpt2", device="cpu", precision="fast", report=lines.append)
    assert (model.ready, model.report_line) == (False, "Starting.")
    model.start()
    with pytest.raises(ModelError, match="still loading"):
        model.wait(timeout=0.05)
    may_finish.set()
    assert model.wait(timeout=PATIENCE) == ("gpt2", "cpu", "fast")
    assert model.ready
    assert (model.report_line, lines, model.error) == ("Reading the weights.", ["Reading the weights."], None)


def test_a_model_runs_in_the_fast_format_and_in_float32_unless_something_else_is_asked_for(loader):
    loader.load_model = lambda *_, precision, **__: precision
    model = BackgroundModel("x", report=lambda line: None)
    model.start()
    assert model.wait(PATIENCE) == "auto"


def test_a_model_error_reaches_everyone_who_waits(loader):
    def load_model(*_, **__):
        raise ModelError("No such model. Choose another.")

    loader.load_model = load_model
    model = BackgroundModel("x", report=lambda line: None)
    model.start()
    for _ in range(2):
        with pytest.raises(ModelError, match="No such model"):
            model.wait(timeout=PATIENCE)
    assert not model.ready
    assert "No such model" in str(model.error)


def test_an_unexpected_failure_becomes_a_model_error_with_its_trace_in_the_log(loader, caplog):
    def load_model(*_, **__):
        raise ZeroDivisionError("by nought")

    loader.load_model = load_model
    model = BackgroundModel("x", report=lambda line: None)
    model.start()
    with pytest.raises(ModelError, match=r"unexpectedly \(ZeroDivisionError: by nought\)"):
        model.wait(timeout=PATIENCE)
    (entry,) = caplog.records
    assert entry.levelname == "ERROR" and entry.exc_info[0] is ZeroDivisionError


def test_loading_starts_only_once(loader):
    loader.load_model = lambda *_, **__: "model"
    model = BackgroundModel("x", report=lambda line: None)
    model.start()
    with pytest.raises(RuntimeError):
        model.start()
    assert model.wait(PATIENCE) == "model"


def test_a_report_that_fails_does_not_leave_anyone_waiting(loader):
    def load_model(*_, report, **__):
        report("line")

    def broken(line):
        raise OSError("console closed")

    loader.load_model = load_model
    model = BackgroundModel("x", report=broken)
    model.start()
    with pytest.raises(ModelError, match="console closed"):
        model.wait(timeout=PATIENCE)
