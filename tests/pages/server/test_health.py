"""What watches over the app learns whether it lives and can be used, without secrets."""

import asyncio
import threading
from typing import Any

import httpx
import pytest

from model.weights.catalog import ModelError
from tests.pages.conftest import AbsentModel, LoadingModel
from tests.patience import PATIENCE
from viz.server import health
from viz.server.health import Health, state_of
from viz.server.limits import Limits
from viz.server.service import Service


def test_the_app_says_that_it_lives_and_is_ready(served):
    for path in ("healthz", "readyz"):
        answer = httpx.get(served + path, timeout=PATIENCE)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert answer.headers["cache-control"] == "no-store"


def test_a_model_that_loads_or_failed_is_told_without_what_it_says():
    service = Service(AbsentModel(), Limits())
    assert state_of(service)["status"] == "loading"
    failing = LoadingModel(None, 0, ModelError("/a/secret/folder is broken"))
    failing.error = failing.failure
    told = state_of(Service(failing, Limits()))
    assert told["status"] == "failed" and "secret" not in told["reason"]


def test_an_app_that_is_about_to_end_is_not_ready(service):
    assert state_of(service) == {"status": "ok"}
    service.shared.draining = True
    assert state_of(service)["status"] == "draining"


def test_an_engine_that_hangs_is_told(service, pass_brake, monkeypatch):
    monkeypatch.setattr(health, "PATIENCE", 0.05)
    assert state_of(service) == {"status": "ok"}
    pass_brake.pull()
    reader = threading.Thread(target=lambda: service.engine.read([1, 2, 3]))
    reader.start()
    pass_brake.wait()
    assert state_of(service)["status"] == "stuck"
    pass_brake.release()
    reader.join(PATIENCE)
    monkeypatch.setattr(health, "PATIENCE", PATIENCE)
    assert state_of(service) == {"status": "ok"}


class _Blocks:
    def __init__(self, service: Service) -> None:
        self.service = service

    def get_blocks(self) -> "_Blocks":
        return self


@pytest.mark.parametrize(("prefix", "path"), [("", "/readyz"), ("/gpt", "/gpt/readyz"), ("/gpt", "/readyz")])
def test_it_stands_under_a_prefix_in_front_of_everything_else(service, prefix, path):
    async def never(*_: Any) -> None:
        raise AssertionError

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "root_path": prefix, "app": _Blocks(service)}
    asyncio.run(Health(never)(scope, never, send))
    assert sent[0]["status"] == 200
