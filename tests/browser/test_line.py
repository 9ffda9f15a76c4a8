"""An app with one place: who comes second waits and reads so, and whoever goes away makes room."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from playwright.sync_api import Browser, expect

from tests.browser.server import running_app
from tests.browser.visit import Visit
from tests.patience import EVERY_REQUEST, PATIENCE

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

LONG = 3000
"""New tokens of a text that is stopped, or left, before its end; a greedy one repeats itself for ever."""


@pytest.fixture(scope="module")
def narrow() -> Iterator[str]:
    """The address of an app in which one text is written at a time and one may wait."""
    one_place = ("--places", "1", "--queue-size", "1", "--max-new-tokens", str(LONG))
    with running_app(*one_place, "--precision", "exact") as address:  # nothing is to be measured
        yield address


def arrived(browser: Browser, narrow: str) -> Visit:
    """Open a page of that app, in a window of its own."""
    return Visit(browser.new_context().new_page(), narrow)


@pytest.fixture(scope="module")
def second(browser: Browser, narrow: str) -> Iterator[Visit]:
    """The page of who comes when the place is taken."""
    visit = arrived(browser, narrow)
    yield visit
    visit.assert_well()


def begins(visit: Visit) -> None:
    expect(visit.page.locator("#status")).to_contain_text("writing")


def waits(visit: Visit) -> None:
    expect(visit.page.locator("#status")).to_contain_text("waiting for a place: number 1 in line")
    expect(visit.page.locator("#stop")).to_be_enabled()


def prepared(visit: Visit, prompt: str) -> Visit:
    """Type a prompt and a length: what is left to do then is one press."""
    visit.page.locator("#prompt textarea").fill(prompt)
    visit.set("max-new-tokens", LONG)
    visit.set("temperature", 0)
    return visit


def test_a_page_that_is_closed_lets_the_next_one_in(browser: Browser, narrow: str, second: Visit) -> None:
    first = prepared(arrived(browser, narrow), "Once upon a time")
    prepared(second, "Hello")
    first.generate()
    begins(first)
    second.generate()
    waits(second)
    first.page.context.close()
    assert first.elsewhere == []
    begins(second)
    second.page.locator("#stop").click()
    expect(second.page.locator("#status")).to_contain_text("stopped")


def test_who_waits_may_give_up_and_a_full_line_is_told(second: Visit, narrow: str) -> None:
    before = prepared(second, "Hello").tokens()
    client = Client(narrow, verbose=False, analytics_enabled=False, httpx_kwargs=EVERY_REQUEST)
    first = client.submit("Once upon a time", LONG, 0.0, api_name="/generate")
    next(iter(first))
    second.generate()
    waits(second)
    with pytest.raises(AppError, match=r"the line is full \(1 waiting\)"):
        client.predict("Hello", 2, api_name="/generate")
    second.page.locator("#stop").click()
    expect(second.page.locator("#status")).to_contain_text("0 written")
    expect(second.page.locator("#status")).to_contain_text("stopped")
    first.cancel()
    client.close()
    second.page.locator("#undo").click()
    second.wait_for_tokens(before)


def test_programs_that_hang_up_leave_room_for_others(narrow: str) -> None:
    """More than may write at once begin long texts and go away."""
    client = Client(narrow, verbose=False, analytics_enabled=False, httpx_kwargs=EVERY_REQUEST)
    start = f"{narrow}gradio_api/call/generate"
    for seed in range(4):
        data: list[Any] = ["Once upon a time", LONG, 0.0, 40, 1.0, 0.0, 1.0, seed, "exact"]
        event = httpx.post(start, json={"data": data}, timeout=PATIENCE).json()["event_id"]
        with httpx.stream("GET", f"{start}/{event}", timeout=PATIENCE) as stream:
            next(stream.iter_bytes())
    assert len(served(client)["steps"]) == 2
    client.close()


def test_looks_that_arrive_at_once_are_all_answered_though_only_one_text_may_wait(narrow: str) -> None:
    client = Client(narrow, verbose=False, analytics_enabled=False, httpx_kwargs=EVERY_REQUEST)
    looks = [client.submit(f"Look {number}", api_name="/next_token") for number in range(12)]
    assert all(look.result(timeout=PATIENCE)["tokens"] for look in looks)
    client.close()


def served(client: Client) -> Any:
    """Ask for a text until the server has heard that the others are gone: a full line is told at once."""
    impatient = time.monotonic() + PATIENCE
    while True:
        try:
            return client.predict("Hello", 2, api_name="/generate")
        except AppError as refused:
            assert "the line is full" in str(refused)
            assert time.monotonic() < impatient, "who hung up still holds the place"
            time.sleep(0.2)
