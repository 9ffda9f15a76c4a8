"""What a page tells its browser to keep, and how a page that was forgotten takes it back."""

import json
from inspect import unwrap
from types import SimpleNamespace
from typing import Any

import pytest

from model.texts.run import Run
from tests.pages.conftest import LoadedModel, LoadingModel
from tests.pages.desk import Desk, arrived, changed, everything, sent, shown
from viz.pages.controls import Controls
from viz.pages.example import load_example
from viz.pages.scene import stored_scene
from viz.rooms.history.history_list import HistoryList
from viz.rooms.history.record import FIELDS


def told(value: Any) -> Run:
    """Return the run that a value of the list tells of, as its script puts it together."""
    steps = [dict(zip(FIELDS, json.loads(line), strict=False)) for line in value["steps"]]
    return Run.from_json({**value["run"], "steps": steps})


def file_of(*values: Any, model: str | None = None) -> str:
    """Return the file in which a tab sends back the texts that it was told of last."""
    last = values[-1]
    runs = {one["id"]: told(one).to_json() for one in values}
    texts = [{**text, "run": runs[text["id"]]} for text in last["page"] if text["id"] in runs]
    data = {"schema": 1, "model": model or last["model"], "current": last["key"]}
    return json.dumps({**data, "runs": [{k: v for k, v in one.items() if k != "id"} for one in texts]})


def act(desk: Desk, action: str, **choice: Any) -> Any:
    handler = desk.handler("branch-choice", "select")
    return handler(desk.visitor, desk.prompt, {"action": action, **choice}, *desk.values)


@pytest.fixture
def desk(app, newcomer) -> Desk:
    return Desk(app, newcomer())


def test_the_example_which_everybody_has_is_not_kept(desk):
    assert everything(stored_scene(load_example(), Controls(), ""), Controls()).record is None
    assert "record" not in changed(desk.open("room-tokens"))


def test_while_a_text_grows_the_browser_hears_of_every_token_that_it_shows(desk):
    for screen in desk.write(max_new_tokens=6, seed=3):
        if shown(screen.strip):
            run = told(screen.record)
            assert len(run.token_ids) == len(screen.strip["tokens"])
    assert run == desk.visitor.run and run.finish_reason == "length"
    assert screen.record["page"][-1]["id"] == screen.record["id"]


def test_a_text_that_is_stopped_is_kept_as_far_as_it_came(desk, brake):
    screens = desk.writing("generate", max_new_tokens=60)
    next(screens)
    brake.pull()
    desk.stop()
    brake.release()
    last = list(screens)[-1]
    assert told(last.record) == desk.visitor.run and desk.visitor.run.finish_reason == "stop"


def test_texts_that_come_back_are_as_they_were_and_can_be_written_on(desk, app, newcomer):
    first = desk.write(max_new_tokens=4, seed=1)[-1].record
    second = desk.write(max_new_tokens=5, seed=2)[-1].record
    stranger = Desk(app, newcomer())
    screen = act(stranger, "restore", text=file_of(first, second))
    assert stranger.visitor.tree == desk.visitor.tree and stranger.visitor.run == desk.visitor.run
    assert "Its 2 texts came back from your browser" in screen.notice
    assert screen.record["id"] == second["id"], "it is known there already"
    stranger.write("step")
    assert len(stranger.visitor.run.steps) == 6 and len(stranger.visitor.tree) == 2


def test_texts_that_come_late_do_not_stand_in_for_what_was_written_meanwhile(desk, app, newcomer):
    value = desk.write(max_new_tokens=4, seed=1)[-1].record
    stranger = Desk(app, newcomer())
    stranger.write(max_new_tokens=3, seed=9)
    tree = stranger.visitor.tree
    screen = act(stranger, "restore", text=file_of(value))
    assert stranger.visitor.tree is tree and "strip" not in changed(screen)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: data.update(schema=2), "of schema 2, which a newer version wrote"),
        (lambda data: data["runs"][0]["run"].update(schema=9), "of schema 9"),
        (lambda data: data.update(model="gpt2@0"), "gpt2 wrote that text"),
        (lambda data: data["runs"][0]["run"]["steps"][0].update(token_id=10**9), "token ids"),
        (lambda data: data.update(current=[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]), "more than 16 deep"),
    ],
)
def test_what_is_kept_is_believed_no_more_than_a_file(desk, app, newcomer, spoil, message):
    data = json.loads(file_of(desk.write(max_new_tokens=4, seed=1)[-1].record))
    spoil(data)
    stranger = Desk(app, newcomer())
    example = stranger.visitor.run
    for action in ("restore", "open"):
        screen = act(stranger, action, text=json.dumps(data))
        assert message in screen.notice and changed(screen) == {"notice"}
        assert stranger.visitor.run is example


def test_the_server_says_that_it_has_forgotten_a_page_and_whose_browser_kept_texts_hears_it_later(
    app, desk, newcomer, monkeypatch
):
    said: list[str] = []
    monkeypatch.setattr("gradio.Info", lambda message, **_: said.append(message))
    (arrive,) = [function.fn for function in app.fns.values() if function.name == "arrive"]
    back = desk.handler("ticket", "select")
    for texts, remarks in ((False, 1), (True, 1)):
        ticket = {"now": "new", "before": "of a server before", "prompt": "typed", "texts": texts}
        answer, *_ = back(newcomer(), ticket, "", *desk.values)
        assert answer == {**ticket, "forgotten": True} and len(said) == remarks
    known = arrive.__self__.arrive(desk.visitor, SimpleNamespace(session_hash="old"))["now"]
    answer, *_ = back(newcomer(), {"now": "new", "before": known}, "", *desk.values)
    assert not shown(answer)


def test_the_list_hears_which_model_is_here_once_it_is(open_app, tiny):
    for background, ready in ((LoadingModel(tiny, 9), False), (LoadedModel(tiny), True)):
        app = open_app(background)
        (here,) = [unwrap(function.fn) for function in app.fns.values() if function.name == "here"]
        answer = here(arrived(app))
        assert answer == {"model": tiny.info.identity, "run": None} if ready else not shown(answer)


def test_what_a_long_text_adds_to_an_event_is_bounded(desk, service):
    desk.write(max_new_tokens=60, seed=3, temperature=1.3)
    screen = desk.write("more", max_new_tokens=60)[-1]
    run = desk.visitor.run
    most = service.limits.max_text_tokens
    each = len(sent(HistoryList(), screen.record)) / len(run.steps)
    assert each < 250 and most < 1024, "1,024 tokens, the most by default, stay below 256 kB"


def test_the_steps_are_saved_as_rows(desk):
    desk.write(max_new_tokens=4, seed=1)
    save = desk.handler("branch-choice", "download")
    value, notice = save(desk.visitor, {"action": "save", "what": "steps"})
    assert notice == "" and value["stem"] == "gpt-inside-out-steps-in-the"
    assert len(value["rows"]) == 1 + len(desk.visitor.run.token_ids)
    assert value["rows"][-1][3] == desk.visitor.run.token_ids[-1]
