"""A page gets another model: its dials follow, its texts stay, and those of the other can be gone back to."""

from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest

from tests.pages.conftest import TINY_LIMITS, LoadedModel
from tests.pages.desk import Desk, shown, told
from tests.tiny import saved_tiny, tiny_transformer
from viz.explore import build_app
from viz.pages.screen import FRAME
from viz.server.models import BYTES_EACH, ModelChoice, Models
from viz.server.service import OWN, Service

TRAINED = "run/7"
CHAIN = "chain"
TITLE = "<my> first GPT, step 7"


@pytest.fixture(scope="module")
def models() -> list[Models]:
    """Take the models of the app."""
    return []


@pytest.fixture(scope="module")
def app(tiny, models, tmp_path_factory) -> Iterator[gr.Blocks]:
    """An app with a checkpoint of another architecture, with fewer layers, beside the tiny model."""
    folder = saved_tiny("qwen2", 7, tmp_path_factory.mktemp("step"))
    size = tiny_transformer("qwen2").num_parameters()

    def shelf(own: Service) -> Models:
        choices = [ModelChoice(TRAINED, TITLE, str(folder), size)]
        models.append(Models(own, trained=lambda _: choices, memory=4 * size * BYTES_EACH, precision="exact"))
        return models[0]

    yield build_app(LoadedModel(tiny), TINY_LIMITS, shelf)
    models[0].close()
    models[0].own.engine.close()


@pytest.fixture
def desk(app, newcomer) -> Desk:
    return Desk(app, newcomer())


def choose(desk: Desk, key: Any) -> list[dict[str, Any]]:
    """Choose a model in the menu; return what changes on the page each time, by element or field."""
    function = desk._functions["model-menu", "select"]
    names = [part.elem_id for part in function.outputs]
    frame = len(names) - len(desk._functions["generate", "click"].outputs)
    names[frame : frame + len(FRAME)] = FRAME
    answers = function.fn(desk.visitor, {"key": key}, *desk.values)
    return [dict(zip(names, answer, strict=True)) for answer in answers]


def test_a_chosen_model_comes_onto_the_page_and_the_dials_follow_it(desk):
    desk.controls |= {"layer": 2, "neuron_layer": 2, "chain": {"logit_bias": {"3": 5.0}, "serial": 4}}
    *_, last = choose(desk, TRAINED)
    assert last["model-menu"]["now"] == TRAINED
    assert [group["choices"] for group in last["model-menu"]["groups"]] == [
        [(OWN, "tiny-gpt2")],
        [(TRAINED, TITLE)],
    ]
    assert "&lt;my&gt; first GPT" in last["model"] and "<my>" not in last["model"] + last["notice"]
    assert (last["layer"]["maximum"], last["layer"]["value"]) == (1, 1)
    assert last["neuron-layer"]["value"] == 1 and last["head"]["maximum"] == 3
    assert last[CHAIN]["logit_bias"] == {} and last[CHAIN]["serial"] == 5
    desk.controls |= {"layer": 1, "neuron_layer": 1, "chain": None}
    assert desk.write(max_new_tokens=3)[-1].strip["tokens"]
    assert desk.visitor.run.model == f"{TITLE}@{desk.service.info.fingerprint}"


def test_a_text_of_the_other_model_stays_readable_and_is_offered_to_both(desk):
    desk.write(max_new_tokens=4, seed=3)
    before = desk.visitor.run
    *_, last = choose(desk, TRAINED)
    assert desk.visitor.run is before and len(last["strip"]["tokens"]) >= len(before.token_ids)
    assert "tiny-gpt2 wrote this text" in told_of(last) and f'data-model="{OWN}"' in last["notice"]
    assert "data-score" in last["notice"]
    clicked = desk.select(2)
    assert (
        "tiny-gpt2 wrote" in clicked.bars["missing"]
        and shown(clicked.timeline)
        and "tiny-gpt2 wrote" in told(clicked)
    )
    *_, scored = desk.handler("model-menu", "submit")(desk.visitor, desk.prompt, *desk.values)
    assert desk.visitor.run.model.startswith(TITLE) and scored.bars["rows"]
    assert desk.visitor.run.prompt + desk.visitor.run.text == before.prompt + before.text


def test_undo_goes_back_to_a_text_of_another_model_and_a_press_to_that_model(desk):
    desk.write(max_new_tokens=4, seed=3)
    first = desk.visitor.run
    choose(desk, TRAINED)
    desk.prompt = "on a"
    desk.write(max_new_tokens=4, seed=3)
    second = desk.visitor.run
    back = desk.press("undo")
    assert desk.visitor.run is first and "tiny-gpt2 wrote this text" in told(back)
    assert "".join(token["text"] for token in back.strip["tokens"]).startswith(first.prompt)
    *_, last = choose(desk, OWN)
    assert desk.visitor.run is first and last["bars"]["rows"] and "wrote" not in told_of(last)
    assert desk.press("redo").strip and desk.visitor.run is second
    *_, last = choose(desk, TRAINED)
    assert last["bars"]["rows"]


def test_what_rooms_remember_of_one_model_is_there_again_with_it(desk):
    desk.write(max_new_tokens=3)
    desk.open("room-heads")
    kept = desk.visitor.kept
    before = dict(kept._states)
    assert before
    choose(desk, TRAINED)
    assert not {kind for kind in kept._states if not kind.of_page}
    choose(desk, OWN)
    assert kept._states == before


def test_another_visitor_and_a_page_loaded_anew(desk, app, newcomer):
    choose(desk, TRAINED)
    desk.write(max_new_tokens=2)
    other = Desk(app, newcomer())
    other.write(max_new_tokens=2)
    assert other.visitor.run.model.startswith("tiny-gpt2@")
    again = Desk(app, newcomer())
    again.visitor.resume(desk.visitor)
    assert again.service is desk.service and again.visitor.models.owner is desk.visitor.models.owner
    choose(desk, OWN)
    assert again.service.key == TRAINED and again.press("cut")


def test_a_model_comes_once_the_text_under_way_has_ended(desk, brake):
    brake.pull()
    screens = desk.writing("generate", max_new_tokens=2)
    next(screens)
    brake.wait()
    function = desk._functions["model-menu", "select"]
    answers = function.fn(desk.visitor, {"key": TRAINED}, *desk.values)
    while "once what is under way has ended" not in str(next(answers)[1]):
        pass
    assert desk.service.key == OWN
    brake.release()
    assert list(screens)[-1].strip and len(list(answers)) >= 1 and desk.service.key == TRAINED


def test_a_later_choice_takes_the_place_of_an_earlier_one(desk, brake):
    brake.pull()
    screens = desk.writing("generate", max_new_tokens=2)
    next(screens)
    brake.wait()
    answers = desk._functions["model-menu", "select"].fn(desk.visitor, {"key": TRAINED}, *desk.values)
    next(answers)
    assert choose(desk, OWN)[-1]["model-menu"]["now"] == OWN
    brake.release()
    list(screens)
    assert not list(answers) and desk.service.key == OWN


@pytest.mark.parametrize("key", ["run/8", "/etc/passwd", 3, None, ["run/7"], "x" * 10_000])
def test_whatever_a_browser_asks_for_the_page_stays_as_it_is(desk, key):
    answers = choose(desk, key)
    assert desk.service.key == OWN and (not answers or "No such model" in answers[-1]["notice"])


def told_of(changes: dict[str, Any]) -> str:
    return str(changes["notice"])
