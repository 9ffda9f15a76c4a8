"""The stored example is what the embedded model writes, and the first page shows it without any model."""

import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    LogitsProcessorList,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from model.engine.engine import Engine
from model.engine.internals import MEAN_HEAD
from model.interior.attention_view import hide_first
from model.texts.run import Run
from model.weights.background import BackgroundModel
from tests.pages.desk import everything
from viz.explore import build_app
from viz.pages.controls import Controls
from viz.pages.example import LENGTH, PROMPT, SEED, Example, load_example
from viz.pages.first_answers import first_answers
from viz.pages.sampler_figures import sweep
from viz.pages.scene import scene_of, stored_scene
from viz.pages.visitor import Visitor
from viz.server.limits import Limits
from viz.server.service import Service, Trouble
from viz.words.assets import FIRST_ANSWERS


def words_alone(sentences: list[str]) -> list[str]:
    """Return sentences without their numbers, whose last digits are those of a processor."""
    return [re.sub(r"\d+(?:\.\d+)?", "#", sentence) for sentence in sentences]


@pytest.fixture
def example() -> Example:
    return load_example()


@pytest.fixture(scope="module")
def engine(embedded_model: Any) -> Iterator[Engine]:
    with Engine(embedded_model, 2**30) as engine:
        yield engine


@pytest.mark.embedded
def test_the_embedded_model_writes_the_same_text_from_prompt_settings_and_seed(
    example, engine, embedded_model
):
    stored = example.run
    assert (stored.prompt, stored.seed, len(stored.steps)) == (PROMPT, SEED, LENGTH)
    fresh = Run(
        embedded_model.info.identity,
        stored.prompt,
        embedded_model.encode(PROMPT),
        stored.settings,
        stored.seed,
    )
    *_, run = engine.write(fresh, LENGTH)
    assert run.precision == stored.precision == "float32", "the numbers that the weights stand for"
    assert run.model == stored.model, "the example was written by other weights: record it again"
    assert run.token_ids == stored.token_ids and run.text == stored.text
    for now, then in zip(run.steps, stored.steps, strict=True):
        assert now.u == then.u and now.position == then.position
        assert now.logprob == pytest.approx(then.logprob, abs=1e-3)
        assert now.entropy_bits == pytest.approx(then.entropy_bits, abs=1e-2)
        assert now.probability == pytest.approx(then.probability, abs=1e-3)
    assert tuple(embedded_model.text.pieces(run.token_ids)) == example.pieces


@pytest.mark.embedded
def test_its_logits_and_attention_are_the_models(example, engine, embedded_model):
    internals = engine.read(example.run.token_ids)
    logits = internals.logits(example.selected - 1)
    assert np.abs(logits - example.logits).max() < 1e-3
    attention = internals.attention(example.layer, example.head, len(example.run.token_ids))
    assert np.abs(attention - example.attention).max() < 1e-4
    info = embedded_model.info
    assert (info.layers, info.heads, info.vocab_size) == (example.layers, example.heads, len(logits))
    for token_id, name in example.names.items():
        assert embedded_model.text.token(token_id) == name


@pytest.mark.embedded
def test_the_stored_answers_are_what_the_page_draws_of_every_token(real_service):
    stored, now = json.loads(FIRST_ANSWERS.read_text(encoding="utf-8")), first_answers(real_service)
    assert len(stored) == len(now) == len(load_example().run.token_ids) + 1
    assert stored[0] is now[0] is None, "nothing is predicted there"
    for then, fresh in zip(stored[1:], now[1:], strict=True):
        assert then.keys() == fresh.keys() and then["rows"][0].keys() == fresh["rows"][0].keys()
        told = [[one["said"], *(fact["label"] for fact in one["facts"])] for one in (then, fresh)]
        assert words_alone(told[0]) == words_alone(told[1])
        stored_rows, rows = ({row["token_id"]: row for row in one["rows"]} for one in (then, fresh))
        assert len(stored_rows.keys() & rows.keys()) >= len(rows) - 1, "the last two may be as likely"
        for token_id in stored_rows.keys() & rows.keys():
            row, again = stored_rows[token_id], rows[token_id]
            assert (row["cut"], row["chosen"], row["own"]) == (again["cut"], again["chosen"], again["own"])
            assert (row["raw"], row["shaped"]) == pytest.approx((again["raw"], again["shaped"]), abs=1e-3)


@pytest.mark.embedded
def test_the_stored_answers_are_those_of_transformers_before_and_after_its_warpers(example, judge):
    ids, asked = example.run.token_ids, example.run.settings
    warpers = LogitsProcessorList(
        [
            TemperatureLogitsWarper(asked.temperature),
            TopKLogitsWarper(asked.top_k),
            TopPLogitsWarper(asked.top_p),
        ]
    )
    with torch.inference_mode():
        logits = judge(torch.tensor([ids])).logits[0]
    models, samplers = logits.softmax(-1), warpers(torch.tensor([ids]), logits).softmax(-1)
    for at, answer in enumerate(json.loads(FIRST_ANSWERS.read_text(encoding="utf-8"))[1:], 1):
        for row in answer["rows"]:
            there = at - 1, row["token_id"]
            assert row["raw"] == pytest.approx(float(models[there]), abs=1e-3)
            assert row["shaped"] == pytest.approx(float(samplers[there]), abs=1e-3)


def test_it_stores_what_the_controls_ask_for_at_first(example):
    start = Controls()
    assert (example.layer, example.head) == (start.layer, start.shown_head) == (start.layer, MEAN_HEAD)
    assert example.run.settings == start.settings
    step = example.run.step_at(example.selected)
    assert step is not None and 2 <= step.rank <= 6, "a choice that shows the sampler at work"
    leading = np.argsort(-example.logits)[:100]
    assert {*map(int, leading), step.token_id} <= set(example.names), "the longest table has all its names"


def test_the_first_page_shows_it_while_there_is_no_model(example):
    never = BackgroundModel(report=lambda _line: None)
    app = build_app(never, Limits())
    shown = {
        part["props"]["elem_id"]: part["props"].get("value")
        for part in app.config["components"]
        if part["props"].get("elem_id")
    }
    texts = [json.loads(token)["text"] for token in shown["tokens"]["tokens"]]
    assert texts[:3] == ["The", " old", " lighthouse"]
    assert shown["tokens"]["selected"] == example.selected
    (chosen,) = [row for row in shown["next-token"]["rows"] if row["chosen"]]
    step = example.run.step_at(example.selected)
    assert chosen["token_id"] == step.token_id and chosen["dice"]
    assert chosen["shaped"] == pytest.approx(step.probability, abs=1e-6)
    for plot in ("timeline", "attention", "temperature-sweep", "ranked-probability"):
        assert shown[plot]["type"] == "plotly" and len(shown[plot]["plot"]) > 1000
    assert shown["prompt"] and not never.ready


def test_without_a_model_the_sliders_redraw_the_example_and_other_tokens_ask_for_patience(example):
    service = Service(BackgroundModel(report=lambda _line: None), Limits())
    visitor = Visitor(example.run, example.pieces, example.selected, service)
    greedy = Controls(temperature=0.0)
    screen = everything(scene_of(example, visitor, greedy), greedy)
    assert sum(row["shaped"] for row in screen.bars["rows"]) == pytest.approx(1)
    assert "sampled with temperature 0.8" in screen.notice
    other = Controls(layer=0)
    figure = everything(scene_of(example, visitor, other), other).attention
    assert not figure.data and "The model is loading" in figure.layout.annotations[0].text.replace(
        "<br>", " "
    )
    visitor.selected += 1
    with pytest.raises(Trouble, match="The model is loading"):
        scene_of(example, visitor, Controls())


def test_the_stored_attention_is_drawn_as_it_is(example):
    start = Controls()
    figure = everything(stored_scene(example, start, ""), start).attention
    drawn = np.nan_to_num(np.array(figure.data[0].z, dtype=float))
    length = len(example.attention)
    stored, size = hide_first(example.attention), len(drawn)
    differences = [
        np.abs(drawn - stored[start : start + size, start : start + size]).max()
        for start in range(length - size + 1)
    ]
    assert min(differences) < 1e-6, "a window of what is stored"
    assert len(sweep(stored_scene(example, start, ""), start).data) > 3
