"""What the server remembers of pages and programs, and for how long."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from gradio_client import Client

from tests.pages.desk import Desk
from tests.patience import EVERY_REQUEST
from viz.pages.visitor import Visitor
from viz.server.sessions import CALL_IS_KEPT, PAGE_IS_KEPT, Sessions

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


def author_of(sessions: Sessions, app: gr.Blocks, name: str) -> Visitor:
    """Come, and have changed something."""
    visitor = visitor_of(sessions, app, name)
    visitor.history.change(visitor.tree)
    return visitor


def test_an_open_page_with_a_text_is_remembered_for_as_long_as_it_is_open(sessions, app):
    visitor = author_of(sessions, app, "page")
    assert is_remembered_after(sessions, "page", 100 * PAGE_IS_KEPT)
    assert visitor_of(sessions, app, "page") is visitor


def test_a_page_that_only_looked_at_the_example_is_forgotten_and_loses_nothing(sessions, app):
    visitor_of(sessions, app, "page")
    assert is_remembered_after(sessions, "page", PAGE_IS_KEPT - A_MOMENT)
    assert not is_remembered_after(sessions, "page", PAGE_IS_KEPT + A_MOMENT)
    assert not visitor_of(sessions, app, "page").forgotten


def test_a_closed_page_is_remembered_for_an_hour_after_it_was_last_used(sessions, app):
    author_of(sessions, app, "page")
    sessions["page"].is_closed = True
    assert is_remembered_after(sessions, "page", PAGE_IS_KEPT - A_MOMENT)
    visitor_of(sessions, app, "page")  # it woke up: its hour begins anew
    assert is_remembered_after(sessions, "page", PAGE_IS_KEPT - A_MOMENT)
    assert not is_remembered_after(sessions, "page", PAGE_IS_KEPT + A_MOMENT)
    assert "page" not in sessions.time_last_used


def test_whoever_is_forgotten_is_written_for_no_longer(sessions, app):
    stopped = []
    visitor = author_of(sessions, app, "page")
    visitor.working["rollouts"] = lambda: stopped.append(True)
    sessions["page"].is_closed = True
    assert not is_remembered_after(sessions, "page", PAGE_IS_KEPT + A_MOMENT)
    assert stopped == [True]


def test_a_program_is_forgotten_after_seconds(sessions):
    assert sessions["program"].state_data == {}
    assert is_remembered_after(sessions, "program", CALL_IS_KEPT - A_MOMENT)
    assert not is_remembered_after(sessions, "program", CALL_IS_KEPT + A_MOMENT)


def test_of_too_many_those_without_a_text_go_first_and_then_who_was_here_least_lately(
    sessions, app, monkeypatch
):
    monkeypatch.setattr(sessions, "capacity", 4)
    stopped = []
    for name in ("first", "second", "third"):
        author_of(sessions, app, name).working["rollouts"] = lambda name=name: stopped.append(name)
    for number in range(5):
        sessions[f"program {number}"]
        visitor_of(sessions, app, f"passer-by {number}")
    assert list(sessions.session_data) == ["first", "second", "third", "passer-by 4"] and stopped == []
    visitor_of(sessions, app, "first")
    author_of(sessions, app, "fourth")
    author_of(sessions, app, "fifth")
    assert list(sessions.session_data) == ["third", "first", "fourth", "fifth"] and stopped == ["second"]


def test_a_page_that_was_forgotten_is_told_so_whatever_is_pressed_on_it(sessions, app, newcomer):
    author_of(sessions, app, "page")
    sessions["page"].is_closed = True
    assert not is_remembered_after(sessions, "page", PAGE_IS_KEPT + A_MOMENT)
    desk = Desk(app, visitor_of(sessions, app, "page"))
    example = desk.visitor.run
    screens = [desk.press("cut"), desk.press("undo"), desk.select(3), desk.open("room-lens")]
    screens += [desk.write(button)[-1] for button in ("generate", "step", "more", "score")]
    assert len(screens) == 8
    for screen in screens:
        assert "the server has forgotten its texts" in screen.notice, screen
    assert desk.visitor.run is example and not desk.visitor.writing
    assert not visitor_of(sessions, app, "another page").forgotten


def test_a_page_that_loses_its_network_and_is_closed_later_is_heard_both_times(app, newcomer):
    (arrive,) = [function.fn for function in app.fns.values() if function.name == "arrive"]
    stopped, visitor, request = [], newcomer(), SimpleNamespace(session_hash="blinking")
    visitor.working["rollouts"] = lambda: stopped.append(True)
    arrive(visitor, request)
    arrive.__self__.leave(request)
    arrive.__self__.leave(request)
    assert stopped == [True, True]


def test_the_server_keeps_no_copy_of_the_configuration_whatever_was_asked_for(served: str, app: Any):
    client = Client(served, verbose=False, analytics_enabled=False, httpx_kwargs=EVERY_REQUEST)
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
