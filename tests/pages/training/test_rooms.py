"""The rooms of Train say what the training's own files say, and in sentences what cannot be."""

import base64
import math
import re
from dataclasses import replace
from html import unescape
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from model.training.architecture import parameters
from model.training.evaluation import evaluated
from model.training.material import text_material
from model.training.pairs import Pair
from model.training.presets import PRESETS
from model.training.samples import samples
from model.training.settings import DataSettings, TrainingSettings
from tests.pages.hostile import MARKUP, VALUES
from tests.pages.training.conftest import TINY
from viz.rooms.architecture.room import table_html
from viz.rooms.data.preview import preview_html, repeats_html
from viz.rooms.data.room import _taken
from viz.rooms.evaluation.measuring import EvaluationState, Measuring
from viz.rooms.evaluation.task import FILE, PASSAGES, Tasks, TaskState, examples_html
from viz.rooms.evaluation.task import _taken as _taken_pairs
from viz.rooms.fine_tuning.forgotten import Forgetting
from viz.rooms.pretraining.room import summary_of
from viz.rooms.timelapse.watching import TimelapseState, Watching
from viz.rooms.tokenizer.room import _made
from viz.server.service import Trouble
from viz.training.choice import offered
from viz.training.desk import Desk
from viz.training.held_out import held_out_text
from viz.training.job_panel import JobPanel
from viz.training.source import text_of
from viz.training.state import TrainingState
from viz.training.trained import key_of, trained


def shown_text(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", " ", html))


def press(handler, *values):
    return list(handler(*values))


# The job


@pytest.fixture
def panel(line):
    return JobPanel(Desk(line), "pretraining")


def test_a_training_is_shown_as_its_journal_says(panel, visitor, name, line, controls):
    panel.desk.show(visitor, "pretraining", name)
    screen, progress = panel.redraw(visitor, controls), line.progress(name)
    assert progress.ending in shown_text(screen.line)
    training, validation = screen.curves.data
    assert list(training.x) == [point.step for point in progress.points] == [1, 2, 3, 4]
    assert list(validation.y) == pytest.approx([loss for _, loss in progress.validations], abs=1e-5)
    assert screen.curves.layout.shapes[0].y0 == pytest.approx(math.log(progress.vocabulary))
    for look in progress.looks:
        for prompt, text in look.texts:
            assert unescape(prompt) in shown_text(screen.samples) and text in unescape(screen.samples)
    assert panel.desk.names(visitor) == {"names": [name]}
    assert (screen.begin["interactive"], screen.pause["interactive"]) == (True, False)


def test_before_anything_was_begun_every_place_says_what_will_stand_there(panel, newcomer, controls):
    screen = panel.redraw(newcomer(), controls)
    assert not screen.curves.data and not screen.births.data and "first look" in screen.samples


def test_what_is_pressed_without_a_training_is_answered_in_a_sentence(panel, newcomer, controls):
    for answer in (
        panel.pause(newcomer(), controls),
        panel.stop(newcomer(), controls),
        panel.more(newcomer(), 10, controls),
    ):
        assert "Press Train" in answer.line


def test_a_training_that_cannot_be_is_refused_with_the_reason_and_nothing_is_begun(panel, newcomer, controls):
    visitor = newcomer()
    wide = replace(TINY, architecture=replace(TINY.architecture, width=30, heads=4))
    answer = panel.begin(lambda *_: (wide, None))(visitor, controls)
    assert "30 cannot be divided" in answer.line and visitor.models.owner.trainings == ()


def test_where_nothing_is_trained_the_page_says_so(newcomer, controls):
    answer = JobPanel(Desk(None), "pretraining").begin(lambda *_: (TINY, None))(newcomer(), controls)
    assert "trains no models" in answer.line


def test_a_browser_that_kept_the_names_gets_its_trainings_again(panel, newcomer, name, controls):
    visitor = newcomer()
    kept = panel.desk.remember(visitor, {"before": ["ffffffffffff", name, name, 3, None]})
    assert kept == {"names": [name]} and visitor.models.owner.trainings == (name,)
    assert (
        panel.desk.name(visitor, "pretraining") == name and panel.desk.name(visitor, "distillation") is None
    )
    assert panel.redraw(visitor, controls).curves.data


@pytest.mark.parametrize("value", VALUES)
def test_whatever_a_browser_says_that_it_has_kept_does_no_harm(panel, newcomer, value):
    visitor = newcomer()
    for told in (value, {"before": [value]}, {"before": value}):
        assert panel.desk.remember(visitor, told) == {"names": []}
    assert visitor.models.owner.trainings == ()


# The time-lapse


def test_every_checkpoint_is_asked_and_the_last_one_is_what_transformers_says(
    looking, visitor, name, line, controls
):
    *_, last = press(Watching(looking).watch, visitor, name, "12+", 1, 1, controls)
    moments = visitor.kept.of(TimelapseState).film.moments
    assert [one.step for one in moments] == [step for step, _ in line.checkpoints(name)] == [0, 2, 4]
    folder = line.checkpoints(name)[-1][1]
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        seen = model(torch.tensor([tokenizer.encode("12+")]), output_attentions=True)
    probabilities = seen.logits[0, -1].softmax(-1)
    top = int(probabilities.argmax())
    assert moments[-1].next[0].token == tokenizer.decode([top])
    assert moments[-1].next[0].probability == pytest.approx(float(probabilities[top]), abs=1e-6)
    assert moments[-1].layers[-1] == moments[-1].next[0], (
        "the lens on the last layer is the model's own answer"
    )
    weights = np.where(np.tri(3, dtype=bool), last.attention.data[0].z, 0)
    assert weights == pytest.approx(seen.attentions[1][0, 1].numpy(), abs=1e-6)
    assert moments[-1].written == samples(model, tokenizer, ["12+"], seed=0)[0].text


def test_the_slider_goes_through_the_answers_without_asking_again(looking, visitor, name, controls):
    watching = Watching(looking)
    press(watching.watch, visitor, name, "1+1", 0, 0, controls)
    film = visitor.kept.of(TimelapseState).film
    screen = watching.show_checkpoint(visitor, 0, 0, 0, controls)
    assert visitor.kept.of(TimelapseState).film is film
    assert screen.at["value"] == 0 and "aria-current" in screen.written
    assert screen.losses.layout.shapes[0].x0 == 0
    assert f'href="trainings/{name}/0.zip"' in screen.take and key_of(f"{name}/0") in screen.take


@pytest.mark.parametrize("prompt", [None, "", "   ", "1" * 401, "1+" * 60])
def test_a_prompt_that_cannot_be_asked_about_is_told_so(looking, visitor, name, controls, prompt):
    *_, last = press(Watching(looking).watch, visitor, name, prompt, 0, 0, controls)
    assert "problem" in last.line


# Open in Explore


def test_the_page_may_have_the_last_checkpoint_and_the_one_that_is_looked_at(line, visitor, name, newcomer):
    offer = trained(line)
    owner = visitor.models.owner
    assert [one.key for one in offer(owner)] == [key_of(f"{name}/4")]
    owner.checkpoint = f"{name}/2"
    choices = offer(owner)
    assert [one.key for one in choices] == [key_of(f"{name}/2"), key_of(f"{name}/4")]
    assert choices[0].spec == str(line.folder(name) / "checkpoints" / "checkpoint-2")
    assert choices[0].parameters == parameters(TINY.architecture, line.progress(name).vocabulary)
    assert offer(newcomer().models.owner) == () == trained(None)(owner)


# Data, tokenizer, model


def test_the_parts_of_a_text_are_shown_with_their_sizes(newcomer):
    data = DataSettings(source="addition", characters=4_000)
    html = preview_html(text_of(newcomer(), data, None), data)
    sizes = [int(one.replace(",", "")) for one in re.findall(r"<td class='n'>([\d,]+)</td>", html)]
    assert sum(sizes[::2]) == len(text_of(newcomer(), data, None).texts[0])


def test_what_can_be_foreseen_in_the_world_of_repeats_is_marked():
    lines = re.search(r"<pre.*?>(.*)</pre>", repeats_html(), re.DOTALL)[1].splitlines()
    for line in lines:
        plain, known = re.sub(r"</?mark>", "", line), re.sub(r"<mark>.</mark>", "#", line)
        repeat = "".join(one for one, mark in zip(plain, known, strict=True) if mark == "#")
        assert len(plain) == 64 and plain.find(repeat) < known.index("#"), "it stood there before"


@pytest.mark.parametrize("markup", MARKUP)
def test_a_text_of_ones_own_is_shown_as_it_is(newcomer, markup):
    data = DataSettings(source="own")
    own = f"{markup}\n" * (400 // len(markup) + 2)
    html = preview_html(text_of(newcomer(), data, own), data)
    assert markup in unescape(html) and "<script" not in html and "<img" not in html


def test_a_file_is_taken_as_the_bytes_that_it_is_and_can_be_taken_away(newcomer):
    visitor, text = newcomer(), "Grüße aus Köln\n" * 40
    told = _taken(visitor, {"file": "a.txt", "bytes": base64.b64encode(text.encode("cp1252")).decode()})
    assert "Windows-1252" in told["told"] and visitor.kept.of(TrainingState).file == ("a.txt", text)
    _taken(visitor, {"file": None})
    assert visitor.kept.of(TrainingState).file is None


@pytest.mark.parametrize("value", ["%%%", base64.b64encode(b"\0\1\2" * 200).decode(), ""])
def test_a_file_that_is_no_text_is_refused_in_a_sentence(newcomer, value):
    with pytest.raises(Trouble):
        _taken(newcomer(), {"file": "a.bin", "bytes": value})


def test_merges_and_curve_of_a_tokenizer_are_those_that_were_made():
    text = "the cat sat on the mat, the dog sat on the log.\n" * 60
    settings = replace(
        TrainingSettings(), tokenizer=replace(TrainingSettings().tokenizer, kind="bpe", vocabulary=270)
    )
    line, sample, merges, curve = _made(settings, [text], PLAIN)
    assert "270" in line and sample.count("<span>") > 20
    assert merges.count("<tr>") == 13 and curve.data[0].x[-1] == 270
    assert list(curve.data[0].y) == sorted(curve.data[0].y, reverse=True)


PLAIN = __import__("tests.figures.samples", fromlist=["THEMES"]).THEMES["light"]


@pytest.mark.parametrize("preset", PRESETS)
def test_the_size_of_a_model_is_told_as_it_is(preset):
    settings = PRESETS[preset]
    vocabulary = settings.tokenizer.vocabulary if settings.tokenizer.kind == "bpe" else 100
    assert f"{parameters(settings.architecture, vocabulary):,}" in table_html(settings)
    assert f"{settings.optimisation.steps:,} steps" in summary_of(settings)


# Evaluation


def test_perplexity_and_bits_a_byte_are_those_of_an_own_reading(looking, visitor, name, line, controls):
    *_, last = press(Measuring(looking).measure, visitor, name, False, controls)
    rows = visitor.kept.of(EvaluationState).measured.table.evaluations
    folder = line.checkpoints(name)[-1][1]
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    own = evaluated(model, text_material(held_out_text(line, name), tokenizer), 128).evaluation()
    assert rows[-1].perplexity.value == pytest.approx(own.perplexity.value)
    assert len(rows) == 3 and f"{own.perplexity.value:,.3f}" in last.table
    assert list(last.figure.data[0].x) == pytest.approx([row.bits_per_byte.value for row in rows], abs=1e-4)
    assert "<b>sums" not in last.table


def test_passages_are_gone_on_with_and_compared(looking, visitor, name):
    *_, last = press(Tasks(looking).measure, visitor, name, PASSAGES)
    assert "BLEU" in last.scores and "chrF" in last.scores and "<table" in last.examples


def test_a_file_of_two_columns_is_a_task_and_a_broken_one_is_refused_by_its_line(looking, visitor, name):
    tasks = Tasks(looking)
    *_, refused = press(tasks.measure, visitor, name, FILE)
    assert "two columns" in refused.line
    given = base64.b64encode(b"1+1=\t2\n2+2=\t4\n").decode()
    assert "2 pairs" in tasks.choose(visitor, {"file": "sums.tsv", "bytes": given})["told"]
    *_, last = press(tasks.measure, visitor, name, FILE)
    assert "2 pairs" in last.line and "BLEU" in last.scores
    broken = base64.b64encode(b"a\tb\nc\n").decode()
    assert "Line 2" in tasks.choose(visitor, {"file": "x.tsv", "bytes": broken})["told"]
    with pytest.raises(Trouble):
        _taken_pairs(visitor, {"file": "x.tsv", "bytes": broken})
    assert visitor.kept.of(TaskState).pairs, "what was there before stays"


@pytest.mark.parametrize("markup", MARKUP)
def test_what_was_written_is_shown_as_it_is(markup):
    html = examples_html([SimpleNamespace(pair=Pair(markup, markup), hypothesis=markup)])
    assert markup in unescape(html) and "<script" not in html and "<img" not in html


def test_what_was_forgotten_is_measured_on_both_texts(line, visitor, name):
    desk = Desk(line)
    desk.show(visitor, "fine_tuning", name)
    *_, last = press(Forgetting(desk, "fine_tuning").measure, visitor)
    assert last.table.count("<tr>") == 3 and "Measured on both" in last.line


def test_rooms_offer_the_trainings_of_the_visitor_alone(line, visitor, name, newcomer):
    desk = Desk(line)
    assert [value for _, value in offered(desk, visitor, None)["choices"]] == [name]
    assert offered(desk, newcomer(), name) == offered(desk, newcomer(), None)
    assert offered(desk, newcomer(), None)["choices"] == []
