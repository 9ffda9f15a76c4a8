"""What Prometheus is told is what was done."""

import socket

import httpx
import pytest
from gradio_client import Client
from prometheus_client.parser import text_string_to_metric_families

from model.sampler.settings import SamplerSettings
from tests.pages.conftest import service_of
from tests.patience import PATIENCE
from viz.server.metrics import Numbers, serve_metrics
from viz.server.service import Trouble


@pytest.fixture
def scrape():
    """Serve numbers and read them, by name and labels."""
    servers = []

    def scraped(app, pages: int = 0) -> dict[str, float]:
        if not servers:
            servers.append(serve_metrics(Numbers(app, lambda: pages), ("127.0.0.1", 0)))
        text = httpx.get(f"http://127.0.0.1:{servers[0].server_port}/metrics", timeout=PATIENCE).text
        return {
            sample.name.removeprefix("gpt_inside_out_")
            + "".join(f" {v}" for v in sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    yield scraped
    for server in servers:
        server.shutdown()
        server.server_close()


def test_texts_tokens_and_waits_are_those_that_were_written(open_app, tiny, scrape, brake):
    app = open_app(tiny)
    service = service_of(app)
    before = scrape(app, pages=3)
    assert (before["ready"], before["pages_open"], before["tokens_total"]) == (1, 3, 0)
    run = service.new_run("the other", SamplerSettings(), 1, "fast")
    brake.pull()
    begun = [service.write(run, 5, SamplerSettings(), seed, owner=seed) for seed in range(3)]  # two places
    brake.wait()
    meanwhile = scrape(app)
    assert meanwhile["texts_writing"] + meanwhile["texts_waiting"] == 3
    assert meanwhile["texts_writing"] >= 1 and meanwhile["texts_waiting"] >= 1, "TINY_LIMITS has two places"
    brake.release()
    assert all(one.wait(PATIENCE) for one in begun)
    after = scrape(app)
    assert (after["tokens_total"], after["texts_total length"]) == (15, 3)
    assert after["first_token_seconds_count"] == 3
    assert (after["texts_writing"], after["texts_waiting"]) == (0, 0)
    assert after["recordings_bytes"] == service.engine.store.nbytes > before["recordings_bytes"]


def test_refusals_are_counted_by_their_reason(open_app, tiny, scrape):
    app = open_app(tiny)
    service = service_of(app)
    for prompt in ("a" * 5000, "one two three " * 20):
        with pytest.raises(Trouble):
            service.encode(prompt)
    service.shared.draining = True
    with pytest.raises(Trouble, match="about to be restarted"):
        service.require_room_in_line()
    found = scrape(app)
    assert found["refusals_total prompt_too_long"] == 2 and found["refusals_total draining"] == 1
    assert found["ready"] == 0


def test_events_are_counted_by_name(app, served, scrape):
    before = scrape(app).get("event_step_seconds_count tokenize", 0)
    client = Client(served, verbose=False)
    for _ in range(3):
        client.predict("the other", api_name="/tokenize")
    assert scrape(app)["event_step_seconds_count tokenize"] == before + 3


def test_before_the_model_is_there_only_what_is_known_is_told(open_app, scrape):
    from tests.pages.conftest import AbsentModel  # noqa: PLC0415

    found = scrape(open_app(AbsentModel()))
    assert found["ready"] == 0 and "tokens_total" not in found


def test_an_address_that_is_taken_is_an_error_and_no_other_is_taken(app):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError):
            serve_metrics(Numbers(app, lambda: 0), taken.getsockname())
