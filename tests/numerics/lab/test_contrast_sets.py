"""How likely continuations are, beside Transformers' own forward pass over the whole text."""

from typing import Any

import numpy as np
import pytest
import torch

from model.engine.engine import Engine
from model.lab.contrast_sets import ContrastSet, Probe, UnmeasurableText, measuring, split
from tests.numerics.writing import PLENTY
from tests.tiny import tiny_transformer

CONTRAST = ContrastSet(
    "the {person} in the on", ("nurse", "an engineer", "on", "a"), (" a", " the other", "an.", "\nin the on")
)
CLOSE = 2e-4


def last(steps: Any) -> Probe:
    *_, probe = steps
    return probe


@torch.inference_mode()
def by_transformers(transformer: Any, model: Any, contrast: ContrastSet) -> list[list[float]]:
    """Sums of log-softmax at the places of the continuation, one whole forward pass for each text."""
    found = []
    for filler in contrast.fillers:
        prompt = contrast.template.replace("{person}", filler)
        before = len(model.encode(prompt))
        row = []
        for continuation in contrast.continuations:
            ids = torch.tensor([model.encode(prompt + continuation)])
            logprobs = transformer(ids).logits[0].float().log_softmax(-1)
            row.append(sum(float(logprobs[at - 1, ids[0, at]]) for at in range(before, ids.shape[1])))
        found.append(row)
    return found


def test_logprobs_are_those_of_transformers(tiny_models, engines):
    probe = last(measuring(engines, CONTRAST))
    transformer = tiny_transformer(tiny_models.info.name.removeprefix("tiny-"))
    np.testing.assert_allclose(
        probe.logprobs, by_transformers(transformer, tiny_models, CONTRAST), atol=CLOSE, rtol=0
    )
    assert {len(one.token_ids) for row in probe.rows for one in row} > {1}
    assert probe.fillers == CONTRAST.fillers and not probe.stopped


@pytest.mark.embedded
def test_logprobs_of_the_embedded_model_are_those_of_transformers(embedded_model, embedded_transformer):
    contrast = ContrastSet(
        "The {person} said that", ("nurse", "carpenter"), (" he", " she", " they were tired")
    )
    with Engine(embedded_model, PLENTY) as engine:
        probe = last(measuring(engine, contrast, "float32"))
    truth = by_transformers(embedded_transformer, embedded_model, contrast)
    np.testing.assert_allclose(probe.logprobs, truth, atol=1e-3, rtol=0)


def test_continuations_of_one_token_share_what_the_model_gives_to_the_next(engines):
    model, letters = engines.model, tuple("abcdefghijklmnopqrstuvwxyz")
    probe = last(measuring(engines, ContrastSet("{} and", ("x",), letters)))
    prompt = model.encode("x and")
    shown = engines.read(prompt).softmax(len(prompt) - 1).probabilities
    expected = [shown[model.encode("x and" + one)[-1]] for one in letters]
    np.testing.assert_allclose(np.exp(probe.logprobs[0]), expected, rtol=1e-6)
    assert np.exp(probe.logprobs).sum() < 1


def test_log_odds_against_the_mean_add_up_to_nothing_and_a_reference_has_none(engine):
    probe = last(measuring(engine, CONTRAST))
    p = np.exp(probe.logprobs)
    np.testing.assert_allclose(probe.log_odds, np.log(p / (1 - p)), atol=1e-9)
    np.testing.assert_allclose(probe.against().sum(axis=0), 0, atol=1e-9)
    against = probe.against(2)
    assert (against[2] == 0).all()
    np.testing.assert_allclose(against[0], probe.log_odds[0] - probe.log_odds[2], atol=1e-12)
    with pytest.raises(IndexError):
        probe.against(4)


def test_log_odds_stay_finite_beside_nothing_and_everything():
    class Sure(Probe):
        logprobs = np.array([[0.0, -2000.0], [-1e-12, -np.inf]])

    odds = Sure(CONTRAST, "float32").log_odds
    assert np.isfinite(odds).all() and (odds[:, 0] > 16).all() and (odds[:, 1] < -600).all()


def test_the_same_filler_twice_has_the_same_numbers_to_the_last_bit(engine):
    probe = last(measuring(engine, ContrastSet("{} in", ("on", "a", "on"), (" the", " an"))))
    assert probe.rows[0] == probe.rows[2] != probe.rows[1]


def test_it_can_be_stopped_between_fillers_and_forgets_what_it_read(engine):
    store, asked = engine.store, []
    held = store.nbytes
    steps = list(measuring(engine, CONTRAST, stop=lambda: len(asked) > 1 or asked.append(1)))
    assert [len(one.rows) for one in steps] == [0, 1, 2, 2]
    assert steps[-1].stopped and steps[-1].fillers == CONTRAST.fillers[:2]
    assert last(measuring(engine, CONTRAST)).against().shape == (4, 4)
    assert steps[0].against().shape == (0, 4)
    for internals in list(store._known.values()):
        assert internals.token_ids[: len(engine.model.encode("the nurse"))] != engine.model.encode(
            "the nurse"
        )
    assert store.nbytes >= held


def test_a_prompt_and_its_continuation_are_read_as_one_text(engine):
    model = engine.model
    before, after = split(model, "on the ", "the a")
    assert before == model.encode("on the") and before + after == model.encode("on the the a")
    with pytest.raises(UnmeasurableText) as told:
        split(model, "on t", "he")  # "the" is one token
    assert told.value.why == "together"
    with pytest.raises(UnmeasurableText) as told:
        split(model, "x" * 60, "y" * 80, 128)
    assert (told.value.why, told.value.tokens) == ("long", 140 + len(model.encode("x")) - 1)


@pytest.mark.parametrize(
    ("template", "fillers", "continuations"),
    [
        ("no slot", ("a",), ("b",)),
        ("{} and {}", ("a",), ("b",)),
        ("{", ("a",), ("b",)),
        ("{}", (), ("b",)),
        ("{}", ("a",), ()),
        ("{}", ("a", " "), ("b",)),
        ("{}", ("a",), ("",)),
    ],
)
def test_a_set_that_is_none_is_refused(template, fillers, continuations):
    with pytest.raises(ValueError, match=r"slot|empty|at least"):
        ContrastSet(template, fillers, continuations)


def test_braces_and_backslashes_in_a_filler_are_put_there_as_they_are():
    assert ContrastSet(r"a {x y} \1 b", (r"{\g<0>}",), ("c",)).prompt(r"{\g<0>}") == r"a {\g<0>} \1 b"
