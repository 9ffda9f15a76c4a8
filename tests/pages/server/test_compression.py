"""What goes over the network: the page compressed, streams as they come."""

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import brotli
import gradio as gr
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.patience import PATIENCE
from viz.launch import launch_arguments
from viz.server.compression import KEPT, LEAST, Compression
from viz.server.streams import Streams

READ: dict[str, Callable[[bytes], bytes]] = {"br": brotli.decompress, "gzip": gzip.decompress}


def call(served: str, prompt: str, length: int) -> str:
    """Call `/generate`; give the address of the stream of its answer."""
    info = httpx.get(f"{served}gradio_api/info", timeout=PATIENCE).json()["named_endpoints"]["/generate"][
        "parameters"
    ]
    data = [prompt, length, *(one["parameter_default"] for one in info[2:])]
    called = httpx.post(f"{served}gradio_api/call/generate", json={"data": data}, timeout=PATIENCE)
    return f"{served}gradio_api/call/generate/{called.json()['event_id']}"


def raw(address: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """Get an address; give the body as it went over the network."""
    with httpx.stream(
        "GET", address, headers={"accept-encoding": "identity", **headers}, timeout=PATIENCE
    ) as answer:
        return answer, b"".join(answer.iter_raw())


@pytest.mark.parametrize("path", ["", "config", "gradio_api/info"])
@pytest.mark.parametrize("encoding", READ)
def test_the_page_is_sent_compressed_and_is_the_same_page(served: str, path: str, encoding: str):
    plain_answer, plain = raw(served + path)
    answer, body = raw(served + path, **{"accept-encoding": f"deflate, {encoding};q=0.9"})
    assert "content-encoding" not in plain_answer.headers
    assert answer.headers["content-encoding"] == encoding
    assert int(answer.headers["content-length"]) == len(body) < len(plain) / 4
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert READ[encoding](body) == plain


def test_scripts_with_a_digest_in_their_names_are_asked_for_once_and_nothing_else_is_kept(served: str):
    page = httpx.get(served, timeout=PATIENCE)
    script, *_ = re.findall(r'src="\./(assets/index-[^"]+\.js)"', page.text)
    kept = httpx.get(served + script, timeout=PATIENCE)
    assert kept.is_success and kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    missing = httpx.get(f"{served}assets/missing-12345678.js", timeout=PATIENCE)
    others = [
        page,
        missing,
        *(httpx.get(served + path, timeout=PATIENCE) for path in ("config", "theme.css")),
    ]
    assert [one for one in others if "immutable" in one.headers.get("cache-control", "")] == []


def test_brotli_is_taken_before_gzip_and_nothing_where_nothing_is_taken(served: str):
    def encoding(accepted: str) -> str | None:
        return raw(served, **{"accept-encoding": accepted})[0].headers.get("content-encoding")

    assert encoding("gzip, deflate, br, zstd") == "br"
    assert encoding("br;q=0, gzip") == "gzip"
    assert encoding("identity") is None
    assert encoding("") is None


def test_a_stream_is_neither_gathered_nor_kept_nor_compressed_on_its_way(served: str):
    """Of the API, of the page's events, and of the page's life."""
    streams = (
        call(served, "a b", 4),
        f"{served}gradio_api/queue/data?session_hash=nobody",
        f"{served}gradio_api/heartbeat/somebody",
    )
    for address in streams:
        headers = {"accept-encoding": "br, gzip"}
        with httpx.stream("GET", address, headers=headers, timeout=PATIENCE) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["x-accel-buffering"] == "no"
            assert answer.headers["cache-control"] == "no-cache, no-transform"
            assert "content-encoding" not in answer.headers


def test_the_tokens_of_a_call_come_one_by_one_through_the_middleware(open_app: Any, tiny: Any, brake: Any):
    """The engine is held before its fourth token: what was written until then is there already."""
    app: gr.Blocks = open_app(tiny)
    app.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **launch_arguments())
    try:
        brake.pull()
        brake.let(3)
        address = call(app.local_url, "a b", 6)
        with httpx.stream("GET", address, headers={"accept-encoding": "br"}, timeout=PATIENCE) as answer:
            lines = (line for line in answer.iter_lines() if line.startswith("data:"))
            runs = (json.loads(line.removeprefix("data:"))[0] for line in lines)
            assert any(len(run["steps"]) == 3 for run in runs), "three of six were there"
            brake.release()
            assert len(list(runs)[-1]["steps"]) == 6
    finally:
        app.close(verbose=False)


def answered(response: Response, **headers: str) -> httpx.Response:
    """Ask a small app for a response through both middlewares."""

    async def endpoint(_: Any) -> Response:
        return response

    app = Streams(Compression(Starlette(routes=[Route("/", endpoint, methods=["GET", "HEAD"])])))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://test", headers=headers
        ) as client:
            return await client.get("/")

    return asyncio.run(ask())


@given(body=st.binary(max_size=3 * LEAST), accepted=st.sampled_from(["br", "gzip", "br, gzip", "*", ""]))
def test_whatever_is_sent_is_what_is_read(body: bytes, accepted: str):
    answer = answered(Response(body, media_type="text/html"), **{"accept-encoding": accepted})
    assert answer.content == body


@pytest.mark.parametrize(
    "response",
    [
        PlainTextResponse("a" * 9000),
        Response(b"a" * (LEAST - 1), media_type="text/html"),
        Response(b"a" * 9000, media_type="image/png"),
        Response(b"a" * 9000, media_type="text/html", status_code=206),
        Response(b"a" * 9000, media_type="text/html", headers={"content-encoding": "zstd"}),
    ],
)
def test_what_is_small_or_a_part_or_of_another_kind_is_left_as_it_is(response: Response):
    answer = answered(response, **{"accept-encoding": "br"})
    assert answer.headers.get("content-encoding") in (None, "zstd")
    assert answer.headers["content-length"] == str(len(response.body))


def test_only_the_last_pages_are_kept():
    compression = Compression(PlainTextResponse("not asked"))
    for number in range(KEPT + 2):
        page = b"%d" % number * 2000
        made = asyncio.run(compression.compressed(page, "br", keep=True))
        assert made is asyncio.run(compression.compressed(page, "br", keep=True))
        assert brotli.decompress(made) == page
    assert len(compression._kept) == KEPT


def test_a_stream_of_html_is_passed_on_piece_by_piece():
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"a" * 2000

    answer = answered(StreamingResponse(pieces(), media_type="text/html"), **{"accept-encoding": "br"})
    assert "content-encoding" not in answer.headers and len(answer.content) == 6000
