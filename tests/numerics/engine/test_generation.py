"""The same run gives the same text every time, ends where it should, and shows whole characters."""

import json

import numpy as np
import pytest
import torch

from model.network.language_model import LanguageModel
from model.sampler.sampling import draw, shape, uniform
from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from tests.numerics.writing import GREEDY, WILD, start, start_with, without_eos, written
from tests.tiny import CONTEXT, tiny_tokenizer, tiny_transformer

# Replaying


def test_the_same_run_gives_the_same_tokens_every_time(tiny_models):
    run = start(tiny_models, "the other", WILD)
    assert written(tiny_models, run) == written(tiny_models, run)


def test_another_seed_gives_another_text(tiny_models):
    texts = {written(tiny_models, start(tiny_models, "the other", WILD, seed)).token_ids for seed in range(5)}
    assert len(texts) == 5


def test_a_run_from_json_written_again_from_its_beginning_gives_the_same_steps(tiny_models):
    run = written(tiny_models, start(tiny_models, "the other", WILD))
    stored = Run.from_json(json.loads(json.dumps(run.to_json())))
    assert stored == run
    again = written(tiny_models, stored.cut_at(0), len(stored.steps))
    assert again.steps == run.steps


def test_every_recorded_number_follows_from_the_tokens_the_settings_and_the_seed(tiny_models, engines):
    """Nothing of the loop is needed to check a run: one pass over its tokens and the dice."""
    settings = SamplerSettings(temperature=1.4, top_k=30, top_p=0.9, min_p=0.02, repetition_penalty=1.2)
    run = written(tiny_models, start(tiny_models, "the other", settings, seed=7))
    internals = engines.read(run.token_ids)
    for step in run.steps:
        shaped = shape(internals.logits(step.position - 1), settings, run.token_ids[: step.position])
        assert step.u == uniform(7, step.position)
        assert draw(shaped, step.u) == step.token_id
        assert step.logprob == pytest.approx(shaped.logprob(step.token_id), abs=1e-4)
        assert step.probability == pytest.approx(shaped.probability(step.token_id), abs=1e-4)
        assert step.entropy_bits == pytest.approx(shaped.entropy_bits, abs=1e-3)
        assert (step.rank, step.kept) == (shaped.rank(step.token_id), shaped.kept)


def test_u_falls_where_it_says_on_the_shaped_cumulative(tiny_models, engines):
    run = written(tiny_models, start(tiny_models, "the other", WILD))
    internals = engines.read(run.token_ids)
    for step in run.steps:
        shaped = shape(internals.logits(step.position - 1), WILD, run.token_ids[: step.position])
        upper = np.cumsum(shaped.kept_probabilities)[list(shaped.token_ids).index(step.token_id)]
        assert upper - shaped.probability(step.token_id) - 1e-4 <= step.u <= upper + 1e-4


def test_positions_count_on_from_the_prompt(tiny_gpt2):
    run = written(tiny_gpt2, start(tiny_gpt2, "the other", WILD), 5)
    first = len(run.prompt_token_ids)
    assert [step.position for step in run.steps] == list(range(first, first + 5))


def test_continuing_in_single_steps_equals_one_long_run(tiny_models, engines, monkeypatch):
    model = without_eos(tiny_models, monkeypatch)
    run = start(model, "the other", WILD)
    in_one_go = written(model, run, 10)
    for _ in range(10):
        *_, run = engines.write(run, 1)
    assert run.finish_reason == "length"
    assert [step.token_id for step in run.steps] == [step.token_id for step in in_one_go.steps]
    assert [step.u for step in run.steps] == [step.u for step in in_one_go.steps]


def test_going_back_and_on_with_the_same_dice_writes_the_same_text_again(tiny_gpt2, engine, monkeypatch):
    model = without_eos(tiny_gpt2, monkeypatch)
    *_, run = engine.write(start(model, "the other", WILD), 12)
    *_, again = engine.write(run.cut_at(run.steps[4].position), 8)
    assert again.token_ids == run.token_ids


def test_settings_changed_midway_are_stored_in_the_steps_they_were_used_for(tiny_gpt2, monkeypatch):
    model = without_eos(tiny_gpt2, monkeypatch)
    run = written(model, start(model, "the", WILD), 3)
    run = written(model, run, 2, settings=GREEDY)
    assert [step.settings for step in run.steps] == [None, None, None, GREEDY, GREEDY]
    assert [step.rank for step in run.steps[3:]] == [1, 1]
    assert run.settings == WILD
    assert run.settings_at(run.steps[4].position) == GREEDY


def test_settings_and_seed_of_the_first_steps_become_those_of_the_run(tiny_gpt2):
    run = written(tiny_gpt2, start(tiny_gpt2, "the", WILD, seed=1), 2, settings=GREEDY, seed=9)
    assert (run.settings, run.seed) == (GREEDY, 9)
    assert all(step.settings is None for step in run.steps)
    assert run.steps[0].u == uniform(9, run.steps[0].position)


# Endings


def test_a_run_ends_on_its_length(tiny_gpt2, monkeypatch):
    run = written(without_eos(tiny_gpt2, monkeypatch), start(tiny_gpt2, "the", WILD), 6)
    assert len(run.steps) == 6
    assert run.finish_reason == "length"


@pytest.mark.parametrize("asked", [0, -1])
def test_no_tokens_asked_for_is_a_run_of_no_steps(tiny_gpt2, asked):
    run = written(tiny_gpt2, start(tiny_gpt2, "the", WILD), asked)
    assert (run.steps, run.finish_reason) == ((), "length")


def test_a_run_ends_on_the_end_of_text_and_keeps_its_token(tiny_gpt2, monkeypatch):
    usual = written(without_eos(tiny_gpt2, monkeypatch), start(tiny_gpt2, "the", WILD), 6)
    last = usual.steps[3].token_id
    first_seen = next(index for index, step in enumerate(usual.steps) if step.token_id == last)
    monkeypatch.setattr(tiny_gpt2, "eos_token_ids", frozenset([last]))
    run = written(tiny_gpt2, start(tiny_gpt2, "the", WILD), 6)
    assert run.finish_reason == "eos"
    assert run.steps == usual.steps[: first_seen + 1]


def test_a_text_that_has_ended_is_not_continued(tiny_gpt2, engine, monkeypatch):
    monkeypatch.setattr(tiny_gpt2, "eos_token_ids", frozenset(range(tiny_gpt2.info.vocab_size)))
    run = written(tiny_gpt2, start(tiny_gpt2, "the", WILD), 6)
    assert len(run.steps) == 1
    assert list(engine.write(run, 6)) == [run]


def test_the_end_of_text_adds_nothing_to_the_text():
    transformer = tiny_transformer("gpt2")
    eos = transformer.generation_config.eos_token_id
    with torch.no_grad():  # one row that every hidden state points along
        transformer.transformer.ln_f.bias[0] = 50.0
        transformer.get_output_embeddings().weight[eos, 0] = 50.0
    model = LanguageModel(transformer, tiny_tokenizer(), name="eos", fingerprint="eos", parameters=1)
    run = written(model, start(model, "the", GREEDY), 6)
    assert [step.token_id for step in run.steps] == [eos]
    assert run.text == ""
    assert run.steps[0].token == "<|endoftext|>"
    assert run.finish_reason == "eos"


def test_a_run_ends_where_the_context_does(tiny_models, monkeypatch):
    model = without_eos(tiny_models, monkeypatch)
    run = start(model, "x" * (CONTEXT - 3), WILD)
    run = written(model, run, 10)
    assert run.finish_reason == "context"
    assert len(run.token_ids) == model.info.context_length == CONTEXT
    assert written(model, run, 10).token_ids == run.token_ids, "and there is no way on"


def test_stop_is_obeyed_before_the_next_token(tiny_gpt2, passes, engine, monkeypatch):
    with engine._wake:
        begun = engine.write(start(without_eos(tiny_gpt2, monkeypatch), "the", WILD), 50)
        passes.before = lambda: begun.stop() if len(begun.latest().steps) == 3 else None
    assert [(len(run.steps), run.finish_reason) for run in begun] == [
        (1, None),
        (2, None),
        (3, None),
        (3, "stop"),
    ]


def test_a_run_is_yielded_after_every_step_and_once_more_when_it_has_ended(tiny_gpt2, engine, monkeypatch):
    runs = list(engine.write(start(without_eos(tiny_gpt2, monkeypatch), "the", WILD), 3))
    assert [(len(run.steps), run.finish_reason) for run in runs] == [
        (1, None),
        (2, None),
        (3, None),
        (3, "length"),
    ]


# Characters


def says(monkeypatch, script) -> None:
    """Load the dice: the sampler takes these tokens in turn, whatever was drawn."""
    following = iter(script)
    monkeypatch.setattr("model.engine.generation.draw", lambda _shaped, _u: next(following))


@pytest.mark.parametrize("text", ["a😀b🤖", "从前有一只小猫", "👩‍👩‍👧 é ü", "naïve ☕️ 中文"])
def test_pieces_of_a_character_show_as_it_completes_and_never_broken(tiny_gpt2, monkeypatch, text):
    model = without_eos(tiny_gpt2, monkeypatch)
    script = model.encode(text)
    says(monkeypatch, script)
    steps = written(model, start(model, "x"), len(script)).steps
    assert tuple(step.token_id for step in steps) == script
    shown = ""
    for step in steps:
        shown += step.text
        assert "\ufffd" not in step.text + step.token
        assert text.startswith(shown)
    assert shown == text
    assert any(step.text == "" and step.token.startswith("<0x") for step in steps)


def test_a_character_begun_in_the_prompt_is_completed_by_the_first_steps(tiny_gpt2, monkeypatch):
    *begun, last = tiny_gpt2.encode("中")
    says(monkeypatch, [last])
    (step,) = written(tiny_gpt2, start_with(begun), 1).steps
    assert step.text == "中"
