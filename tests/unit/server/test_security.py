"""What the headers say, and to whom: the policy, other sites, and the form for the password."""

from base64 import b64encode
from hashlib import sha256

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from viz.server.closed import OPEN, undescribed
from viz.server.malformed import Malformed, status_of
from viz.server.origins import Origins
from viz.server.security import Security, policy

PAGE = "<head><script>let a = 1;</script><script src='./x.js'></script></head>"


def client(*middleware: Middleware, host: str = "gpt.school.example") -> TestClient:
    def fails(_request):
        raise ValueError

    routes = [
        Route("/", lambda _: HTMLResponse(PAGE)),
        Route("/config", lambda _: JSONResponse({"a": 1})),
        Route("/fails", fails),
    ]
    return TestClient(Starlette(routes=routes, middleware=list(middleware)), base_url=f"http://{host}")


def test_a_policy_knows_the_scripts_of_the_page_and_those_put_in_later_and_no_other():
    told = policy(PAGE.encode(), inserted=b"<script>later()</script>")
    for script in (b"let a = 1;", b"later()"):
        assert f"'sha256-{b64encode(sha256(script).digest()).decode()}'" in told
    assert told.count("sha256-") == 2 and "script-src 'self' 'unsafe-eval' 'sha256-" in told
    assert told.startswith("default-src 'none'; ") and "frame-ancestors 'self' https://huggingface.co" in told


def test_a_page_made_for_a_public_link_may_fetch_gradios_scripts_from_their_host():
    told = policy(b'<script type="module" crossorigin src="https://gradio.example/6/gradio.js"></script>')
    assert "script-src 'self' 'unsafe-eval' https://gradio.example;" in told


def test_pages_have_a_policy_and_numbers_are_for_this_origin():
    asking = client(Middleware(Security, ancestors="*"))
    page, numbers = asking.get("/"), asking.get("/config")
    assert page.headers["content-security-policy"].endswith("frame-ancestors *")
    assert "cross-origin-resource-policy" not in page.headers
    assert numbers.headers["cross-origin-resource-policy"] == "same-origin"
    assert {page.headers["x-content-type-options"], numbers.headers["x-content-type-options"]} == {"nosniff"}


@pytest.mark.parametrize(
    ("host", "origin", "framed", "may_read"),
    [
        ("gpt.school.example", "https://other.example", False, True),
        ("gpt.school.example", "null", False, True),
        ("localhost:7860", "https://other.example", True, False),
        ("localhost:7860", "null", False, False),
        ("localhost:7860", "null", True, True),
        ("127.0.0.1:7860", "http://localhost:3000", False, True),
        ("[::1]:7860", "https://other.example", False, False),
    ],
)
def test_other_sites_read_what_is_public_and_nothing_by_cookie(host, origin, framed, may_read):
    answer = client(Middleware(Origins, framed=framed)).get(
        "/config", headers={"origin": origin, "host": host}
    )
    assert ("access-control-allow-origin" in answer.headers) == may_read
    assert "access-control-allow-credentials" not in answer.headers


def test_an_error_of_a_route_is_answered():
    assert client(Middleware(Malformed)).get("/fails").status_code == 400
    assert [status_of(error) for error in (OSError(36, "x"), OSError(5, "x"), RuntimeError())] == [
        404,
        500,
        500,
    ]


@pytest.mark.parametrize("path", ["/", "/login", "/assets/a.js", "/static/fonts/x", "/gradio_api/app_id"])
def test_the_form_and_what_it_is_made_of_are_open(path):
    assert OPEN.fullmatch(path)


@pytest.mark.parametrize(
    "path",
    ["/config", "/gradio_api/info", "/gradio_api/heartbeat/x", "/gradio_api/cancel", "/first-answers.json",
     "/gradio_api/queue/join", "/gradio_api/openapi.json", "/login/x", "/openapi.json"],
)  # fmt: skip
def test_nothing_else_is(path):
    assert not OPEN.fullmatch(path)


def test_the_form_does_not_describe_the_api():
    form = b'<script>window.gradio_api_info = {"named_endpoints":{"/generate":{}}};</script>'
    assert undescribed(form) == b"<script>window.gradio_api_info = {};</script>"
