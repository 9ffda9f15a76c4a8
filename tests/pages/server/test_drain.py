"""An app that is told to end lets texts end, cuts what takes too long, and begins nothing new."""

import threading

import pytest

from model.sampler.settings import SamplerSettings
from tests.pages.conftest import service_of
from tests.pages.desk import Desk, told
from tests.patience import PATIENCE
from viz.server import drain as draining
from viz.server.drain import drain
from viz.server.service import Trouble


def test_what_is_being_written_ends_and_nothing_new_begins(open_app, tiny, brake):
    app = open_app(tiny)
    service = service_of(app)
    run = service.new_run("the other", SamplerSettings(), 1, "fast")
    brake.pull()
    begun = [service.write(run, 6, SamplerSettings(), seed, owner=seed) for seed in range(3)]
    brake.wait()
    counted: list[tuple[int, int]] = []
    ending = threading.Thread(target=lambda: counted.append(drain(app, PATIENCE)))
    ending.start()
    brake.release()
    ending.join(PATIENCE)
    assert counted == [(3, 0)]
    assert [one.latest().finish_reason for one in begun] == ["length"] * 3
    with pytest.raises(Trouble, match="about to be restarted"):
        service.write(run, 6, SamplerSettings(), 9, owner=9)
    assert service.engine.read(run.token_ids), "what is there can be looked at until the end"


def test_what_takes_too_long_is_cut_and_keeps_what_it_has(open_app, tiny, brake):
    app = open_app(tiny)
    service = service_of(app)
    run = service.new_run("the other", SamplerSettings(), 1, "fast")
    brake.pull()
    begun = [service.write(run, 60, SamplerSettings(), seed, owner=seed) for seed in range(3)]
    brake.let(2)
    brake.wait()
    stopped = service.engine.stop_all
    service.engine.stop_all = lambda: (stopped(), brake.release())  # type: ignore[method-assign]
    assert drain(app, 0) == (0, 3)
    assert [one.latest().finish_reason for one in begun] == ["stop"] * 3
    assert all(len(one.latest().steps) < 60 for one in begun) and begun[0].latest().steps


def test_a_page_reads_why_its_text_ended(open_app, tiny, newcomer):
    desk = Desk(open_app(tiny), newcomer())
    desk.service.wait(PATIENCE)
    screens = desk.writing("generate")
    next(screens)
    desk.service.shared.draining = True
    *_, last = screens
    assert "What is written up to here stays on this page" in told(last)
    assert "begins nothing new" in told(desk.write("generate")[-1])


def test_an_app_whose_model_has_not_come_ends_at_once(open_app):
    from tests.pages.conftest import AbsentModel  # noqa: PLC0415

    assert drain(open_app(AbsentModel()), PATIENCE) == (0, 0)
    assert draining.HEARD < PATIENCE
