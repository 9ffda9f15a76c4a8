"""The endpoints as tools of the Model Context Protocol, asked by its own client."""

import ast
import asyncio
import os
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.pages.conftest import TINY_LIMITS, LoadedModel, close, service_of
from tests.patience import PATIENCE
from viz.explore import build_app
from viz.launch import launch_arguments

TOOLS = {
    *("generate", "next_token", "attention", "tokenize", "model", "stages", "branch", "replay", "rollouts"),
    *("beam_search", "lens", "heads", "score", "ablate", "attribute", "patch"),
}


@pytest.fixture(scope="module")
def tools_at(tiny_gpt2: Any) -> Iterator[str]:
    """The address of a public app that offers tools."""
    pytest.importorskip("mcp", reason="requirements-mcp.txt is not installed: it moves pydantic")
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    app = build_app(LoadedModel(tiny_gpt2), TINY_LIMITS)
    app.launch(
        server_name="127.0.0.1",
        prevent_thread_lock=True,
        quiet=True,
        mcp_server=True,
        **launch_arguments(public=True, trusted_proxies=1),
    )
    yield f"{app.local_url}gradio_api/mcp/"
    app.close(verbose=False)
    close(service_of(app))


def asked(address: str, ask: Callable[[Any], Any], **headers: str) -> Any:
    """Return what a client hears that connects, asks and leaves."""
    from mcp import ClientSession  # noqa: PLC0415 - may not be installed
    from mcp.client.streamable_http import streamable_http_client  # noqa: PLC0415

    async def talk() -> Any:
        http = httpx.AsyncClient(headers=headers, timeout=PATIENCE, follow_redirects=True)
        connected = streamable_http_client(address, http_client=http)
        async with http, connected as (read, write, _), ClientSession(read, write) as client:
            await client.initialize()
            return await ask(client)

    return asyncio.run(asyncio.wait_for(talk(), PATIENCE))


def called(address: str, tool: str, arguments: dict[str, Any], **headers: str) -> Any:
    return asked(address, lambda client: client.call_tool(tool, arguments), **headers)


def said(answer: Any) -> Any:
    assert not answer.isError, answer
    return ast.literal_eval(answer.content[0].text)  # Gradio writes values as Python does


def test_every_endpoint_is_a_tool_and_nothing_else_is(tools_at: str) -> None:
    tools = asked(tools_at, lambda client: client.list_tools()).tools
    assert {tool.name for tool in tools} == TOOLS


def test_every_argument_of_every_tool_is_described(tools_at: str) -> None:
    for tool in asked(tools_at, lambda client: client.list_tools()).tools:
        assert len(tool.description) > 20
        for name, argument in tool.inputSchema["properties"].items():
            assert len(argument.get("description", "")) > 15, f"{name} of {tool.name}"


def test_a_tool_answers_what_the_endpoint_answers(tools_at: str) -> None:
    run = said(called(tools_at, "generate", {"prompt": "in the", "max_new_tokens": 4, "seed": 3}))
    assert len(run["steps"]) == 4 and run["finish_reason"] == "length"
    again = said(called(tools_at, "replay", {"run": run}))
    assert again["steps"] == run["steps"] and again["agreement"] == 1


def test_a_wrong_argument_is_answered_with_its_range(tools_at: str) -> None:
    answer = called(tools_at, "attention", {"text": "in the", "layer": 99, "head": 0})
    assert answer.isError and "layer must be" in answer.content[0].text


def test_tools_count_for_the_address_of_whoever_calls_them(tools_at: str) -> None:
    flood = {"x-forwarded-for": "203.0.113.66"}
    call = {"prompt": "in the", "max_new_tokens": 1}

    async def press(client: Any) -> list[Any]:
        return [await client.call_tool("generate", call) for _ in range(14)]

    answers = asked(tools_at, press, **flood)
    assert answers[0].isError is False and answers[-1].isError
    assert "429 Too Many Requests" in answers[-1].content[0].text
    assert not called(tools_at, "generate", call, **{"x-forwarded-for": "203.0.113.67"}).isError


def test_nobody_else_can_say_for_whom_a_call_counts(tools_at: str) -> None:
    spoofed = {"x-forwarded-for": "203.0.113.99", "x-mcp-caller": "0 203.0.113.5"}
    join = tools_at.replace("mcp/", "call/generate")
    body = {"data": ["in the", 1], "session_hash": "spoofed"}
    codes = [httpx.post(join, json=body, headers=spoofed, timeout=PATIENCE).status_code for _ in range(14)]
    assert codes[-1] == 429 and codes[0] == 200
