"""Questions in the chat template of a model: what the tokenizer reads then, and how the page asks them."""

import json
from collections.abc import Callable
from typing import Any

import gradio as gr
import pytest

from model.network.language_model import LanguageModel
from tests.many_tokenizers import BOS, EOS, byte_level, sentencepiece
from tests.pages.conftest import LoadedModel
from tests.pages.desk import Desk, arrived, changed
from tests.tokenizer_models import model_with
from viz.server.limits import Limits
from viz.words.assets import ASSETS

CHATML = (
    "{% for one in messages %}<|{{ one.role }}|>{{ one.content }}{{ eos_token }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
INST = "{{ bos_token }}{% for one in messages %}[INST] {{ one.content }} [/INST]{% endfor %}"
QUESTIONS = [one["prompt"] for one in json.loads((ASSETS / "examples.json").read_text("utf-8"))["chats"]]
ROOMY = Limits(max_prompt_tokens=120, max_new_tokens=8)


def chatting(tokenizer: Any, template: Any) -> LanguageModel:
    tokenizer.chat_template = template
    return model_with(tokenizer)


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    """A model that chats, with special tokens of its own."""
    return chatting(byte_level(), CHATML)


@pytest.fixture
def desk(open_app: Callable[..., Any], model: LanguageModel, newcomer: Callable[[], Any]) -> Desk:
    desk = Desk(open_app(model, ROOMY), newcomer())
    desk.controls |= {"max_new_tokens": 3, "top_k": 1}
    return desk


@pytest.mark.parametrize(
    ("make", "template", "question"),
    [
        (byte_level, CHATML, "Who are you?"),
        (byte_level, INST, "Who are you?"),
        (sentencepiece, INST, "Who are you?"),  # it puts a beginning before every text by itself
        (sentencepiece, CHATML, "Größe 中文?"),
        (byte_level, {"default": CHATML, "tools": INST}, "two lines\nof it"),
    ],
)
def test_a_question_is_read_as_the_tokens_that_the_template_means(make, template, question):
    """A beginning token that the template and the tokenizer both put there stands there once."""
    tokenizer = make()
    model = chatting(tokenizer, template)
    asked = [{"role": "user", "content": question}]
    meant = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_dict=False)
    assert list(model.encode(model.chat(question)))[-len(meant) :] == meant
    assert model.encode(model.chat(question)).count(tokenizer.convert_tokens_to_ids(BOS)) <= 1


@pytest.mark.parametrize("number", range(len(QUESTIONS)))
def test_a_question_takes_the_place_of_the_prompt_and_its_answer_is_written_at_once(desk, number):
    desk.prompt = "half typed"
    first, *_, last = desk.write(f"chat-{number}")
    assert changed(first) == {"prompt"}
    assert first.prompt == f"<|user|>{QUESTIONS[number]}{EOS}\n<|assistant|>"
    assert (desk.visitor.run.prompt, len(desk.visitor.run.steps)) == (first.prompt, 3)
    assert "length reached" in last.status and not desk.visitor.writing
    special = [token["text"] for token in last.strip["tokens"] if token["mark"] == "special"]
    assert special[:1] == [EOS], "the control tokens of the template stand in the text, to be seen"


def test_the_answer_is_that_to_the_same_text_typed_by_hand(desk, open_app, model, newcomer):
    desk.write("chat-0", seed=4)
    typed = Desk(open_app(model, ROOMY), newcomer())
    typed.prompt, typed.controls = desk.visitor.run.prompt, desk.controls
    typed.write("generate")
    assert typed.visitor.run.steps == desk.visitor.run.steps


def test_a_question_pressed_while_a_text_is_written_leaves_the_prompt_alone(desk, brake):
    under_way = desk.writing("generate", max_new_tokens=5)
    next(under_way)
    (refusal,) = desk.write("chat-0")
    assert changed(refusal) == {"notice", "stop"} and "Press Stop first" in refusal.notice
    brake.release()
    list(under_way)


def test_a_question_that_is_stopped_while_it_waits_is_not_asked(desk):
    before = desk.visitor.run
    waiting = desk.writing("chat-0")
    desk.stop()
    *_, last = waiting
    assert "Stopped before the first token." in last.notice and desk.visitor.run is before
    assert len(desk.write("chat-0")[-1].strip["tokens"]) > 3


def test_a_model_without_a_template_says_why_it_cannot_be_asked_and_the_page_stays(app, newcomer):
    desk = Desk(app, newcomer())
    before = desk.visitor.run
    (refusal,) = desk.write("chat-0")
    assert changed(refusal) == {"notice", "stop"} and "has no chat template" in refusal.notice
    assert desk.visitor.run is before and not desk.visitor.writing


# Where they are offered


def offered(app: Any) -> list[Any]:
    """Return what becomes of the questions when the page looks for its model."""
    (look,) = [function for function in app.fns.values() if function.name == "look"]
    told = {part.elem_id: value for part, value in zip(look.outputs, look.fn(arrived(app)), strict=True)}
    return [told[f"chat-{number}"] for number in range(len(QUESTIONS))]


def test_questions_are_offered_where_the_model_has_a_template_and_only_there(app, open_app, model):
    assert [one["visible"] for one in offered(open_app(model))] == [True] * len(QUESTIONS)
    assert [one["visible"] for one in offered(app)] == [False] * len(QUESTIONS)


def test_before_the_model_is_there_nothing_is_said_of_them(open_app, model):
    loading = LoadedModel(model)
    loading.ready = False
    assert offered(open_app(loading)) == [gr.skip()] * len(QUESTIONS)
