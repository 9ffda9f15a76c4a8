"""Who has a page open: heard by short words, and known to Gradio as by its own stream."""

import time
from collections.abc import Callable

import httpx

from tests.patience import PATIENCE
from viz.server.presence import presence


def wait_until(true: Callable[[], bool]) -> None:
    impatient = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < impatient
        time.sleep(0.01)


def say(served: str, name: str, more: str = "") -> int:
    return httpx.post(f"{served}gradio_api/presence/{name}{more}", timeout=PATIENCE).status_code


def test_a_page_that_says_it_goes_is_closed_for_gradio_and_open_again_when_it_comes_back(served: str, app):
    (undo,) = [number for number, function in app.fns.items() if function.api_name == "undo"]
    body = {"fn_index": undo, "data": [None] * len(app.fns[undo].inputs), "session_hash": "goer"}
    assert say(served, "goer") == 204
    httpx.post(f"{served}gradio_api/queue/join", json=body, timeout=PATIENCE).raise_for_status()
    known = app.app.state_holder.session_data
    wait_until(lambda: "goer" in known)
    assert not known["goer"].is_closed
    assert say(served, "goer", "/gone") == 204
    wait_until(lambda: known["goer"].is_closed)
    assert say(served, "goer") == 204 and not known["goer"].is_closed
    say(served, "goer", "/gone")


def test_a_word_of_a_page_that_is_not_known_does_nothing(served: str):
    assert say(served, "nobody", "/gone") == 204
    assert httpx.get(f"{served}gradio_api/presence/nobody", timeout=PATIENCE).status_code == 405


def test_the_page_says_it_before_gradios_scripts_ask_for_a_stream(served: str):
    page = httpx.get(served, timeout=PATIENCE).text
    assert 0 < page.index(presence()) < page.index("</head>")
