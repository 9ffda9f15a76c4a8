"""What the server remembers of pages and programs, and for how long."""

from datetime import timedelta
from typing import Any

import gradio as gr
import pytest
from gradio_client import Client

from viz.pages.sessions import CALL_IS_KEPT, MOST, PAGE_IS_KEPT, Sessions
from viz.pages.visitor import Visitor

A_MOMENT = timedelta(seconds=2)


@pytest.fixture
def sessions(app: gr.Blocks) -> Sessions:
    served = getattr(app, "state_holder", None)
    sessions = Sessions(app)
    if served is not None:
        served.set_blocks(app)  # the app goes on with its own
    return sessions


def is_remembered_after(sessions: Sessions, name: str, unused: timedelta) -> bool:
    sessions.time_last_used[name] -= unused
    sessions.delete_all_expired_state()
    return name in sessions


def visitor_of(sessions: Sessions, app: gr.Blocks, name: str) -> Visitor:
    """Come as a page does: its first event asks for the visitor."""
    (state,) = [number for number, block in app.blocks.items() if isinstance(block, gr.State)]
    visitor: Visitor = sessions[name][state]
    return visitor


def test_an_open_page_is_remembered_for_as_long_as_it_is_open(sessions, app):
    visitor = visitor_of(sessions, app, "page")
    assert is_remembered_after(sessions, "page", 100 * PAGE_IS_KEPT)
    assert visitor_of(sessions, app, "page") is visitor


def test_a_closed_page_is_remembered_for_an_hour_after_it_was_last_used(sessions, app):
    visitor_of(sessions, app, "page")
    sessions["page"].is_closed = True
    assert is_remembered_after(sessions, "page", PAGE_IS_KEPT - A_MOMENT)
    visitor_of(sessions, app, "page")  # it woke up: its hour begins anew
    assert is_remembered_after(sessions, "page", PAGE_IS_KEPT - A_MOMENT)
    assert not is_remembered_after(sessions, "page", PAGE_IS_KEPT + A_MOMENT)
    assert "page" not in sessions.time_last_used


def test_whoever_is_forgotten_is_written_for_no_longer(sessions, app):
    stopped = []
    visitor = visitor_of(sessions, app, "page")
    visitor.working["rollouts"] = lambda: stopped.append(True)
    sessions["page"].is_closed = True
    assert not is_remembered_after(sessions, "page", PAGE_IS_KEPT + A_MOMENT)
    assert stopped == [True]


def test_a_program_is_forgotten_after_seconds(sessions):
    assert sessions["program"].state_data == {}
    assert is_remembered_after(sessions, "program", CALL_IS_KEPT - A_MOMENT)
    assert not is_remembered_after(sessions, "program", CALL_IS_KEPT + A_MOMENT)


def test_of_too_many_the_one_that_was_used_least_lately_is_forgotten(sessions):
    for number in range(MOST + 1):
        sessions[str(number)]
    assert len(sessions.session_data) == MOST and "0" not in sessions and "1" in sessions


def test_the_server_keeps_no_copy_of_the_configuration_whatever_was_asked_for(served: str, app: Any):
    client = Client(served, verbose=False, analytics_enabled=False)
    assert client.predict("in the", api_name="/tokenize")
    client.close()
    assert isinstance(app.state_holder, Sessions) and app.app.state_holder is app.state_holder
    assert app.state_holder.session_data
    assert all(session.config_values == {} for session in app.state_holder.session_data.values())


def test_a_component_that_was_changed_for_one_page_is_changed_for_that_page_alone(sessions, app):
    (stop,) = [number for number, block in app.blocks.items() if block.elem_id == "stop"]
    button = gr.Button("Stop", render=False)
    sessions["first"][stop] = button
    assert sessions["first"][stop] is button and sessions["second"][stop] is app.blocks[stop]
    assert sessions["first"].config_values == {}
