"""More visitors than places: who waits reads where in the line, whoever goes away makes room."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from tests.pages.brake import Brake
from tests.pages.conftest import service_of
from tests.pages.desk import Desk, Screen, shown
from tests.patience import PATIENCE
from viz.api.explore import Api
from viz.pages import growth as growth_module
from viz.server.limits import Limits

ONE_PLACE = Limits(max_prompt_tokens=48, max_new_tokens=60, places=1, queue_size=2)


@pytest.fixture
def app(open_app: Callable[..., gr.Blocks], tiny: Any, monkeypatch: pytest.MonkeyPatch) -> gr.Blocks:
    """An app in which one text is written at a time, and two may wait."""
    monkeypatch.setattr(growth_module, "WAITING_SECONDS", 0.01)
    return open_app(tiny, ONE_PLACE)


@pytest.fixture
def desks(app: gr.Blocks, newcomer: Any) -> list[Desk]:
    """Four visitors."""
    return [Desk(app, newcomer()) for _ in range(4)]


def begun(desk: Desk, brake: Brake, **changes: Any) -> Iterator[Screen]:
    """Press Generate, while nothing is chosen yet, and show the first screen."""
    brake.pull()
    screens = desk.writing("generate", **{"max_new_tokens": 20, **changes})
    assert "reading the prompt" in next(screens).status
    brake.wait()
    return screens


def told(screens: Iterator[Screen], wanted: str) -> str:
    """Return the first status line from now on in which something stands."""
    for _ in range(PATIENCE * 100):
        screen = next(screens)
        if wanted in str(screen.status):
            return str(screen.status)
    raise AssertionError(f"nobody said {wanted!r}")


def length(desk: Desk) -> int:
    assert desk.visitor.continuation is not None
    return len(desk.visitor.continuation.latest().steps)


def test_who_finds_a_free_place_never_reads_of_a_line(desks, brake):
    for desk in desks:
        lines = [str(screen.status) for screen in desk.write(max_new_tokens=3)]
        assert not any("waiting for a place" in line for line in lines)


def test_beyond_the_places_one_reads_the_place_in_line_and_then_the_text_begins(desks, brake):
    first, second, third, _ = desks
    ahead = begun(first, brake)
    waiting = second.writing("generate", max_new_tokens=4)
    screen = next(waiting)
    assert "waiting for a place: number 1 in line" in screen.status and screen.stop["interactive"]
    assert [token["text"] for token in screen.strip["tokens"]] == ["in", " the"], "the prompt stands there"
    last = third.writing("generate", max_new_tokens=4)
    assert "number 2 in line" in next(last).status
    brake.release()
    assert "20 written" in list(ahead)[-1].status
    assert "4 written" in list(waiting)[-1].status and "length reached" in list(last)[-1].status
    assert second.visitor.run.token_ids == third.visitor.run.token_ids


def test_the_number_in_line_falls_as_others_leave(desks, brake):
    first, second, third, _ = desks
    ahead = begun(first, brake)
    for desk, number in ((second, 1), (third, 2)):
        screens = desk.writing("generate", max_new_tokens=20, seed=number)
        assert f"number {number} in line" in next(screens).status
    second.stop()
    brake.let()
    assert "number 1 in line" in told(screens, "number 1")
    first.stop()
    brake.release()
    assert "20 written" in list(screens)[-1].status and "stopped" in list(ahead)[-1].status


def test_a_step_that_waits_says_so_too(desks, brake):
    first, second, *_ = desks
    second.write(max_new_tokens=2)
    ahead = begun(first, brake)
    screens = second.writing("step")
    screen = next(screens)
    assert "number 1 in line" in screen.status and screen.stop["interactive"]
    brake.release()
    assert "3 written" in list(screens)[-1].status and "20 written" in list(ahead)[-1].status


def test_stop_while_waiting_ends_the_wait_and_undo_brings_the_old_text_back(desks, brake):
    first, second, *_ = desks
    second.write(max_new_tokens=5)
    before = second.visitor.run
    ahead = begun(first, brake)
    screens = second.writing("generate", max_new_tokens=20, seed=9)
    assert "number 1 in line" in next(screens).status
    second.stop()
    brake.let()
    end = list(screens)[-1]
    assert not first.visitor.continuation.done, "the other one is still being written"
    assert "2 of prompt + 0 written" in end.status and "stopped" in end.status
    assert not second.visitor.writing and not end.stop["interactive"] and end.undo["interactive"]
    second.press("undo")
    assert second.visitor.run is before
    brake.release()
    assert "20 written" in list(ahead)[-1].status


def test_when_too_many_wait_a_notice_says_so_and_nothing_is_lost(desks, brake):
    *waiting, late = desks
    before = late.write(max_new_tokens=5)[-1]
    run = late.visitor.run
    screens = [begun(waiting[0], brake)]
    for desk in waiting[1:]:
        screens.append(desk.writing("generate", max_new_tokens=3))
        next(screens[-1])
    for button in ("generate", "step", "more"):
        (refusal,) = late.write(button, max_new_tokens=5)
        assert {name for name, value in refusal._asdict().items() if shown(value)} == {"notice", "stop"}
        assert "the line is full (2 waiting)" in refusal.notice and 'role="alert"' in refusal.notice
        assert late.visitor.run is run and not late.visitor.writing
    brake.release()
    for one in screens:
        assert "length reached" in list(one)[-1].status
    again = late.write("more", max_new_tokens=5)[-1]
    assert len(again.strip["tokens"]) == len(before.strip["tokens"]) + 5
    late.press("undo")
    assert late.visitor.run is run, "a refusal is no change to undo"


def test_programs_hear_it_as_well_and_their_call_waits_like_a_page(app, desks, brake):
    api = Api(service_of(app))
    ahead = begun(desks[0], brake)
    calls = [api.generate("in the", 3, seed=seed) for seed in range(3)]
    assert [next(call)["steps"] for call in calls[:2]] == [[], []]
    with pytest.raises(gr.Error, match=r"the line is full \(2 waiting\)"):
        next(calls[2])
    brake.release()
    assert [len(list(call)[-1]["steps"]) for call in calls[:2]] == [3, 3]
    assert "20 written" in list(ahead)[-1].status


def test_one_visitor_more_than_may_write_and_wait_reaches_the_app_to_hear_of_it(app):
    everybody = ONE_PLACE.places + ONE_PLACE.queue_size
    for function in app.fns.values():
        if function.api_name in ("generate", "generate_1", "step", "more"):
            assert function.concurrency_limit > everybody


# Who goes away


def test_a_page_that_is_gone_frees_its_place_before_the_next_token(desks, brake):
    first, second, *_ = desks
    gone = begun(first, brake, max_new_tokens=60)
    waiting = second.writing("generate", max_new_tokens=4)
    assert "number 1 in line" in next(waiting).status
    gone.close()
    brake.release()
    assert "4 written" in list(waiting)[-1].status
    assert length(first) == 1, "the token that was being computed"
    assert first.visitor.continuation.latest().finish_reason == "stop" and not first.visitor.writing


def test_a_page_that_is_gone_while_it_waits_leaves_the_line(app, desks, brake):
    first, second, third, _ = desks
    ahead = begun(first, brake)
    gone, waiting = (desk.writing("generate", max_new_tokens=4) for desk in (second, third))
    assert "number 1" in next(gone).status and "number 2" in next(waiting).status
    gone.close()
    brake.let()
    assert "number 1 in line" in told(waiting, "number 1")
    assert service_of(app).engine.waiting == 1
    brake.release()
    assert "4 written" in list(waiting)[-1].status and "20 written" in list(ahead)[-1].status
    assert length(second) == 0


def test_a_closed_page_frees_its_place_at_once_whatever_it_was_last_sent(app, desks, brake):
    """Gradio asks a text for news before it notices that nobody listens; the door is quicker."""
    (leave,) = [
        function.fn for function in app.fns.values() if "unload" in {event for _, event in function.targets}
    ]
    (arrive,) = [function.fn for function in app.fns.values() if function.name == "arrive"]
    first, second, *_ = desks
    for name, desk in (("first", first), ("second", second)):
        arrive(desk.visitor, SimpleNamespace(session_hash=name))
    unheard = begun(first, brake, max_new_tokens=60)
    waiting = second.writing("generate", max_new_tokens=4)
    assert "number 1 in line" in next(waiting).status
    for name in ("nobody", "first", "first"):
        leave(SimpleNamespace(session_hash=name))
    brake.release()
    assert "4 written" in list(waiting)[-1].status
    assert length(first) == 1 and first.visitor.continuation.latest().finish_reason == "stop"
    unheard.close()


def test_a_visitor_whom_gradio_forgets_frees_the_place_too(app, desks, brake):
    (state,) = [block for block in app.blocks.values() if isinstance(block, gr.State)]
    screens = begun(desks[0], brake, max_new_tokens=60)
    state.delete_callback(desks[0].visitor)
    state.delete_callback(desks[1].visitor)
    brake.release()
    assert "stopped" in list(screens)[-1].status and length(desks[0]) == 1


def test_a_program_that_stops_listening_frees_its_place(app, desks, brake):
    brake.pull()
    call = Api(service_of(app)).generate("in the", 60)
    next(call)
    brake.wait()
    waiting = desks[0].writing("generate", max_new_tokens=4)
    assert "number 1 in line" in next(waiting).status
    call.close()
    brake.release()
    assert "4 written" in list(waiting)[-1].status
