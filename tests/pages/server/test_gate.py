"""Which addresses of the server answer, and what one page may ask for."""

import httpx
import pytest

from tests.patience import PATIENCE
from viz.server import gate
from viz.server.limits import EVENTS_PER_VISITOR


@pytest.mark.parametrize(
    "path",
    [
        "gradio_api/upload", "gradio_api/process_recording", "gradio_api/deep_link?session_hash=a",
        "gradio_api/run-history/buckets", "gradio_api/runs", "monitoring", "monitoring/summary",
        "pwa_icon/99",
    ],
)  # fmt: skip
def test_what_no_page_uses_is_closed(served: str, path: str):
    for asked in ({"method": "GET"}, {"method": "POST", "files": {"files": b"text"}}):
        answer = httpx.request(url=served + path, timeout=PATIENCE, **asked)
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


def join(served: str, app, session_hash: str) -> httpx.Response:
    """Press Undo as a page would, and do not listen."""
    (undo,) = [number for number, function in app.fns.items() if function.api_name == "undo"]
    data = [None] * len(app.fns[undo].inputs)
    body = {"fn_index": undo, "data": data, "session_hash": session_hash}
    return httpx.post(f"{served}gradio_api/queue/join", json=body, timeout=PATIENCE)


def test_a_page_that_does_not_listen_is_refused_after_some_events_and_others_are_not(served: str, app):
    answers = [join(served, app, "deaf") for _ in range(EVENTS_PER_VISITOR + 2)]
    codes = [answer.status_code for answer in answers]
    assert codes == [200] * EVENTS_PER_VISITOR + [429] * 2
    assert "has not caught up with this page" in answers[-1].json()["detail"]
    assert join(served, app, "another").status_code == 200


def test_an_event_is_no_larger_than_a_file_of_branches(served: str):
    body = b'{"data": ["' + b"a" * gate.MOST_BYTES + b'"]}'
    answer = httpx.post(f"{served}gradio_api/queue/join", content=body, timeout=PATIENCE)
    assert answer.status_code == 413 and "more than a page may send" in answer.json()["detail"]


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'{"session_hash": 5}'])
def test_what_is_no_event_is_refused_by_gradio_as_ever(served: str, body: bytes):
    assert httpx.post(f"{served}gradio_api/queue/join", content=body, timeout=PATIENCE).status_code in (
        400,
        422,
    )
