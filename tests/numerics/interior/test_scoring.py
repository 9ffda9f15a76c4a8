"""A text that somebody brings is scored as Transformers would score it."""

import math

import numpy as np
import pytest
import torch

from model.engine.engine import Engine, UnknownPrecision
from model.interior.explain import explain
from model.interior.scoring import ScoredText, scored, scoring
from model.sampler.sampling import uniform
from model.sampler.settings import SamplerSettings
from model.texts.stored_run import stored_run
from model.tokenizer.pieces import UnreadableText
from tests.numerics.writing import PLENTY, byte_ids
from tests.tiny import CONTEXT, EOS, tiny_transformer

TEXT = "Then the other one, in 1984: 'ça va' 🙂"
PROSE = "The capital of France is Paris. It stands on the river Seine, and 2 million people live there."


def judged(transformer, token_ids) -> tuple[float, torch.Tensor]:
    """Return Transformers' loss on a text, and (T, V) log-probabilities."""
    ids = torch.tensor([list(token_ids)])
    with torch.inference_mode():
        read = transformer(ids, labels=ids)
    return float(read.loss), read.logits[0].double().log_softmax(-1)


def assert_right(text: ScoredText, transformer) -> None:
    loss, logprobs = judged(transformer, text.token_ids)
    assert text.perplexity == pytest.approx(math.exp(loss), rel=1e-3)
    assert text.total_bits == pytest.approx(loss * len(text.run.steps) / math.log(2), rel=1e-3)
    for step, leader, ratio in zip(text.run.steps, text.leaders, text.ratios, strict=True):
        row = logprobs[step.position - 1]
        truth = row[step.token_id]
        assert step.token_id == text.token_ids[step.position]
        assert step.logprob == pytest.approx(float(truth), abs=2e-3)
        assert step.probability == pytest.approx(math.exp(step.logprob), rel=1e-5)
        near = int((row > truth - 2e-3).sum()) - int((row > truth + 2e-3).sum())
        assert abs(step.rank - 1 - int((row > truth).sum())) < near, "but for what rounding may swap"
        assert step.entropy_bits == pytest.approx(float(-(row.exp() * row).sum()) / math.log(2), abs=2e-3)
        assert leader.logprob == pytest.approx(float(row.max()), abs=2e-3)
        assert float(row[leader.token_id]) == pytest.approx(float(row.max()), abs=2e-3)
        assert ratio == pytest.approx(math.exp(float(truth - row.max())), abs=2e-3)


def test_every_number_is_what_transformers_says(engines):
    architecture = engines.model.info.name.removeprefix("tiny-")
    assert_right(scored(engines, TEXT), tiny_transformer(architecture))


@pytest.mark.embedded
def test_the_embedded_model_scores_a_text_as_transformers_does(embedded_model, embedded_transformer):
    with Engine(embedded_model, PLENTY) as engine:
        text = scored(engine, PROSE)
    assert_right(text, embedded_transformer)
    assert 1 < text.perplexity < 20
    assert text.bits_per_byte == pytest.approx(text.total_bits / len(PROSE[len("The") :]))


def test_the_first_token_is_given_and_all_others_are_forced_steps(engine):
    text = scored(engine, TEXT, seed=7)
    run = text.run
    assert run.token_ids == text.token_ids == engine.model.encode(TEXT)
    assert run.prompt == "T" and run.prompt + run.text == TEXT
    assert [step.position for step in run.steps] == list(range(1, len(text.token_ids)))
    assert all(step.forced and step.kept == engine.model.info.vocab_size for step in run.steps)
    assert [step.u for step in run.steps] == [uniform(7, step.position) for step in run.steps]
    assert (run.model, run.precision, run.finish_reason) == (engine.model.info.identity, "float32", "length")


def test_it_is_a_run_like_any_other(engine):
    run = scored(engine, TEXT).run
    info = engine.model.info
    assert stored_run(run.to_json(), vocab_size=info.vocab_size, context_length=info.context_length) == run
    why = explain(engine, run, 3, SamplerSettings(temperature=0.0))
    assert (why.token_id, why.u, why.forced) == (run.token_ids[3], None, True)


@pytest.mark.parametrize("text", [TEXT, "𝄞 first", f"The{EOS}other"])
def test_bits_are_shared_among_the_bytes_that_the_scored_tokens_write(engine, text):
    found = scored(engine, text)
    first = len(engine.model.text.bytes_of(found.token_ids[0]))
    assert found.scored_bytes == len(text.encode()) - first
    surprisal = sum(step.surprisal_bits for step in found.run.steps)
    assert found.bits_per_byte == pytest.approx(surprisal / found.scored_bytes)


def test_token_ids_are_scored_as_their_text_is_and_one_more_before_them_scores_the_first(engine):
    token_ids = engine.model.encode(TEXT)
    plain = scored(engine, TEXT)
    assert scored(engine, list(token_ids)).run == plain.run
    (eos,) = engine.model.eos_token_ids
    whole = scored(engine, (eos, *token_ids))
    assert whole.run.prompt == "" and whole.run.text == TEXT
    assert whole.scored_bytes == len(TEXT.encode())


def test_scores_come_in_parts_and_do_not_depend_on_them(engine, monkeypatch):
    token_ids = byte_ids(100)
    parts = list(scoring(engine, token_ids))
    assert [round(part.done * 100) for part in parts] == [1, 65, 100]
    assert [part.run.finish_reason for part in parts] == [None, None, "length"]
    assert parts[-1].run.steps[:64] == parts[1].run.steps and parts[-1].leaders[:64] == parts[1].leaders
    monkeypatch.setattr("model.engine.internals.AT_ONCE", 7)
    again = scored(engine, token_ids)
    logprobs = [[step.logprob for step in text.run.steps] for text in (again, parts[-1])]
    np.testing.assert_allclose(*logprobs, atol=1e-5)


def test_a_single_token_has_no_score(engine):
    (text,) = scoring(engine, "T")
    assert (text.perplexity, text.bits_per_byte, text.total_bits, text.done) == (None, None, 0, 1)
    assert len(text.ratios) == 0
    assert (text.run.steps, text.run.finish_reason) == ((), "length")


def test_a_text_that_ends_with_the_end_of_text_has_ended(engine):
    assert scored(engine, f"The{EOS}").run.finish_reason == "eos"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no token"),
        ((), "no token"),
        (byte_ids(CONTEXT + 1), "at most"),
        ((1, 10**6), "token ids"),
        ((1, -1), "token ids"),
    ],
)
def test_what_cannot_be_scored_is_refused(engine, text, said):
    with pytest.raises(ValueError, match=said):
        scored(engine, text)


def test_half_a_character_and_an_unknown_precision_are_refused(engine):
    with pytest.raises(UnreadableText):
        scored(engine, "a\ud800")
    with pytest.raises(UnknownPrecision):
        scored(engine, TEXT, "float7")
