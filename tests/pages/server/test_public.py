"""A public server, as its visitors meet it: so much a minute for each, passwords, and no secret anywhere."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.pages.conftest import TINY_LIMITS, LoadedModel, close, service_of
from tests.patience import PATIENCE
from viz.explore import build_app
from viz.launch import launch_arguments
from viz.server import allowance
from viz.server.allowance import VISITOR
from viz.server.passwords import PasswordFile, line_of
from viz.server.rates import Rate

Serve = Callable[..., str]


@pytest.fixture
def serve(tiny: Any) -> Iterator[Serve]:
    """Serve apps of one test, public and behind one proxy."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    apps = []

    def served(**how: Any) -> str:
        app = build_app(LoadedModel(tiny), TINY_LIMITS)
        apps.append(app)
        arguments = launch_arguments(public=True, trusted_proxies=1)
        app.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **how, **arguments)
        return str(app.local_url)

    yield served
    for app in apps:
        app.close(verbose=False)
        close(service_of(app))


def ask(served: str, address: str, session: str | None, name: str = "generate") -> httpx.Response:
    """Call an endpoint from an address and fetch what it says."""
    settings = [1, 0.8, 40, 0.95, 0.0, 1.0, 42, "fast", None] if name == "generate" else []
    body: dict[str, Any] = {"data": ["in the", *settings]}
    body |= {"session_hash": session} if session else {}
    heard = {"X-Forwarded-For": f"198.51.100.1, {address}"}
    answer = httpx.post(f"{served}gradio_api/call/{name}", json=body, headers=heard, timeout=PATIENCE)
    if answer.is_success:
        httpx.get(f"{served}gradio_api/call/{name}/{answer.json()['event_id']}", timeout=PATIENCE)
    return answer


def test_texts_are_granted_by_visitor_and_address_and_a_refusal_says_when_to_come_back(serve: Serve) -> None:
    served = serve()
    burst = VISITOR["work"].burst
    answers = [ask(served, "203.0.113.7", "one") for _ in range(burst + 3)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused and not any(answer.status_code == 429 for answer in answers[:burst])
    assert 1 <= int(refused[0].headers["Retry-After"]) <= VISITOR["work"].interval
    assert "more than one visitor may ask for in a minute" in refused[0].json()["detail"]
    assert ask(served, "203.0.113.7", "another").is_success, "a neighbour in the same room goes on"
    assert ask(served, "203.0.113.8", "one").is_success
    assert ask(served, "203.0.113.7", "one", "tokenize").is_success, "looking goes on"


def test_events_of_the_page_are_counted_like_calls(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VISITOR, "event", Rate(3, 1000))
    served = serve()
    told = httpx.get(served + "config", timeout=PATIENCE).json()
    (undo,) = [one for one in told["dependencies"] if one["api_name"] == "undo"]
    body = {"fn_index": undo["id"], "data": [None] * len(undo["inputs"]), "session_hash": "page"}

    def press(address: str, session: str) -> int:
        heard, sent = {"X-Forwarded-For": address}, body | {"session_hash": session}
        join = f"{served}gradio_api/queue/join"
        return httpx.post(join, json=sent, headers=heard, timeout=PATIENCE).status_code

    assert [press("2001:db8:1:2::7", "page") for _ in range(4)] == [200] * 3 + [429]
    assert press("2001:db8:1:2:ffff::8", "page") == 429, "the same network is the same address"
    assert press("2001:db8:1:3::7", "page") == 200


def test_wrong_passwords_are_slowed_down_and_no_page_and_no_line_tells_a_secret(
    serve: Serve, tmp_path: Any, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "GUESSES", Rate(3, 1000))
    secret = "correct-horse-battery"
    (tmp_path / "users").write_text(line_of("ann", secret))
    digest = (tmp_path / "users").read_text().rpartition("$")[2]
    served = serve(auth=PasswordFile(tmp_path / "users", print).lets_in)

    def log_in(password: str, address: str) -> httpx.Response:
        heard = {"X-Forwarded-For": address}
        told = {"username": "ann", "password": password}
        return httpx.post(f"{served}login", data=told, headers=heard, timeout=PATIENCE)

    assert httpx.get(f"{served}gradio_api/info", timeout=PATIENCE).status_code == 401
    answers = [log_in("wrong", "203.0.113.7") for _ in range(4)]
    assert {answer.status_code for answer in answers[:3]} == {400}
    assert answers[-1].status_code == 429 and int(answers[-1].headers["Retry-After"]) >= 1
    assert log_in(secret, "203.0.113.7").status_code == 429, "the right one too: guessing tells nothing"
    inside = log_in(secret, "203.0.113.8")
    assert inside.status_code == 200
    cookies = dict(inside.cookies.items())
    for path in ("", "config", "gradio_api/info", "gradio_api/openapi.json", "gradio_api/startup-events"):
        for who in ({}, cookies):
            page = httpx.get(served + path, cookies=who, timeout=PATIENCE).text
            assert secret not in page and digest not in page
    said = "".join(capfd.readouterr())
    assert secret not in said and digest not in said
