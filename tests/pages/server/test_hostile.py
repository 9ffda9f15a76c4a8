"""Hostile visitors over HTTP, five hundred and some made up: each is told, and nobody else notices."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.pages import hostile
from tests.pages.hostile import LETTERS, MARKUP, VALUES, as_json
from tests.patience import PATIENCE
from viz.words.strings import say

JSON = {"content-type": "application/json"}
USUAL: dict[str, list[Any]] = {
    "generate": ["in the", 4, 1, 40, 1, 0, 1, 1, "fast", None],
    "next_token": ["in the", 1, 40, 0.9, 0, 1, 2, "fast", None],
    "attention": ["in the", 0, 0, "fast"],
    "tokenize": ["in the"],
}
"""Arguments that are in order."""
ENDPOINTS = (*USUAL, "stages", "replay", "branch", "rollouts", "beam_search", "lens", "heads", "score")
ANYTHING = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
SECRETS = ("root:", "Traceback", "site-packages")


@pytest.fixture(scope="module")
def client(served: str) -> Iterator[httpx.Client]:
    """Asks the served app."""
    with httpx.Client(base_url=served, timeout=PATIENCE) as client:
        yield client


@pytest.fixture(autouse=True)
def _others_are_well(client: httpx.Client) -> Iterator[None]:
    """Whatever a test sends, the next visitor has a text written."""
    yield
    written = said(client, "generate", body_of(USUAL["generate"]))
    assert '"finish_reason": "length"' in written.rpartition("event: complete")[2]


def body_of(data: list[Any]) -> bytes:
    return json.dumps({"data": data}).encode()


def said(client: httpx.Client, name: str, body: bytes) -> str:
    """Call an endpoint and return what it streams, or the refusal."""
    posted = client.post(f"gradio_api/call/{name}", content=body, headers=JSON)
    if posted.status_code != 200:
        assert 400 <= posted.status_code < 500, (name, body[:100])
        return posted.text
    return client.get(f"gradio_api/call/{name}/{posted.json()['event_id']}").text


def harmless(answer: str) -> bool:
    return not any(secret in answer for secret in SECRETS)


def test_there_are_five_hundred_of_them():
    assert hostile.everything() >= 500


def test_requests_that_make_no_sense_are_refused_and_never_fail(client: httpx.Client):
    for place, body, kind in hostile.requests():
        headers = {"content-type": kind.encode("latin-1")} if kind else {}
        answer = client.post(place, content=body, headers=headers)
        assert answer.status_code < 500 and harmless(answer.text), (place, body[:60], kind)


def test_no_address_fails_or_tells_of_the_machine(client: httpx.Client):
    for path in hostile.paths():
        answer = client.get("/" + path)
        assert answer.status_code < 500 and harmless(answer.text), path[:100]


def test_every_text_is_read_token_by_token(client: httpx.Client):
    for text in (*MARKUP, *LETTERS):
        answer = said(client, "tokenize", as_json(text))
        if "at most 48 fit" in answer or "At most 48 tokens fit" in answer:
            continue
        assert answer.startswith("event: complete"), (text, answer)
        (tokens,) = json.loads(answer.partition("data: ")[2])
        assert [one["position"] for one in tokens] == list(range(len(tokens)))


@pytest.mark.parametrize("name", USUAL)
def test_whatever_stands_in_the_place_of_an_argument_is_answered_in_a_sentence(
    client: httpx.Client, name: str
):
    for place in range(len(USUAL[name])):
        for value in VALUES[place % 3 :: 3]:
            data = [*USUAL[name][:place], value, *USUAL[name][place + 1 :]]
            answer = said(client, name, body_of(data))
            answered = "event: " in answer or say("page.no_files") in answer
            assert harmless(answer) and answered, (name, place, value)
            assert "event: complete" in answer or len(answer) < 1000, "not sent back whole"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=some.sampled_from(ENDPOINTS), data=some.lists(ANYTHING, max_size=9))
def test_whatever_a_program_sends_it_is_answered(client: httpx.Client, name: str, data: list[Any]):
    answer = said(client, name, body_of(data))
    assert harmless(answer) and ("event: " in answer or "detail" in answer)


def test_events_of_the_page_take_nonsense_and_end(client: httpx.Client, app: Any):
    for number, function in list(app.fns.items())[::2]:  # each takes a tenth of a second
        junk = [VALUES[(number + place) % len(VALUES)] for place in range(len(function.inputs))]
        session = f"nonsense{number}"
        body = {"fn_index": number, "data": junk, "session_hash": session}
        joined = client.post("gradio_api/queue/join", json=body)
        assert joined.status_code < 500, function.api_name
        if joined.status_code != 200:
            continue
        with client.stream("GET", "gradio_api/queue/data", params={"session_hash": session}) as answers:
            told = "".join(answers.iter_text())
        assert "process_completed" in told or "close_stream" in told, function.api_name


def test_a_name_of_a_page_is_a_short_word(client: httpx.Client):
    for name in ("a" * 65, "a b", "..", "%00", "a/b", ""):
        assert client.post(f"gradio_api/presence/{name}").status_code in (404, 405)
