"""Scores of a context against Transformers: its gradients, its attention, and a mask that hides a token."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from model.engine.engine import Engine
from model.interventions import gradients
from model.interventions.attribution import Reading, Unscorable, finished
from model.interventions.gradients import FIRST, MOST, NODES, SMALL, TOLERANCE
from model.interventions.limits import MOST_TOKENS
from model.interventions.target import Target
from model.interventions.token_scores import HIDING, METHODS, Completeness, Method, Sampled
from model.network.language_model import LanguageModel
from tests.numerics.writing import PLENTY
from tests.tiny import ARCHITECTURES, tiny_model, tiny_transformer

TEXT = (7, 21, 3, 99, 140, 5, 5, 30, 61)
AGAINST = 12
CLOSE = 1e-4


@pytest.fixture(scope="module", params=ARCHITECTURES)
def engine(request: pytest.FixtureRequest) -> Any:
    with Engine(tiny_model(request.param), PLENTY) as running:
        yield running


@pytest.fixture(scope="module")
def gpt2() -> Any:
    with Engine(tiny_model("gpt2"), PLENTY) as running:
        yield running


def truth_of(model: LanguageModel) -> Any:
    """The same weights as Transformers has them."""
    truth = tiny_transformer(model.info.name.removeprefix("tiny-"))
    truth.set_attn_implementation("eager")
    return truth


def worth(truth: Any, embeddings: Tensor, target: Target) -> Tensor:
    """What is explained, (B,), of (B, T, width) embeddings, by Transformers and softmax."""
    logits = truth(inputs_embeds=embeddings).logits[:, -1]
    logprobs = torch.log_softmax(logits, -1)
    found = logprobs[:, target.token_id]
    return found if target.against is None else found - logprobs[:, target.against]


@pytest.mark.parametrize("against", [None, AGAINST])
def test_gradient_x_input_is_autograd_s_on_transformers_model(engine: Engine, against: int | None) -> None:
    reading = Reading.of(engine, TEXT, "float32", 30, against)
    truth = truth_of(engine.model)
    embeddings = truth.get_input_embeddings()(torch.tensor([TEXT])).detach().requires_grad_()
    worth(truth, embeddings, reading.target).sum().backward()
    assert embeddings.grad is not None
    expected = (embeddings.grad * embeddings).sum(-1)[0].detach()
    found = finished(reading.scores("gradient_x_input"))
    np.testing.assert_allclose(found.values, expected, atol=CLOSE)


@pytest.mark.parametrize("against", [None, AGAINST])
def test_integrated_gradients_add_up_to_what_the_text_has_more_than_its_baseline(
    engine: Engine, against: int | None
) -> None:
    """They miss it by no more than `TOLERANCE` of what goes up and down on the way."""
    reading = Reading.of(engine, TEXT, "float32", None, against)
    truth = truth_of(engine.model)
    table = truth.get_input_embeddings().weight.detach()
    ended = table[list(TEXT)][None]
    begun = table.mean(0).expand_as(ended)
    with torch.inference_mode():
        path = torch.cat([begun + (ended - begun) * at for at in torch.linspace(0, 1, 257)])
        along = worth(truth, path, reading.target).double()
    found = finished(reading.scores("integrated_gradients"))
    assert isinstance(found.checked, Completeness)
    change = float(along[-1] - along[0])
    assert found.checked.change == pytest.approx(change, abs=CLOSE)
    assert found.checked.gap == pytest.approx(found.values.sum() - change, abs=CLOSE)
    assert FIRST * NODES <= found.checked.steps <= MOST * NODES
    assert abs(found.values.sum() - change) <= TOLERANCE * float(along.diff().abs().sum()) + SMALL


def test_integrated_gradients_are_the_riemann_sum_of_transformers_gradients(
    gpt2: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two thousand steps of equal length, each with the gradient at its middle."""
    monkeypatch.setattr(gradients, "TOLERANCE", 0.005)
    reading = Reading.of(gpt2, TEXT, "float32")
    truth = truth_of(gpt2.model)
    table = truth.get_input_embeddings().weight.detach()
    ended = table[list(TEXT)]
    begun = table.mean(0).expand_as(ended)
    total = torch.zeros_like(ended)
    for part in ((torch.arange(2000) + 0.5) / 2000).split(100):
        path = (begun + (ended - begun) * part[:, None, None]).requires_grad_()
        worth(truth, path, reading.target).sum().backward()
        assert path.grad is not None
        total += path.grad.sum(0) / 2000
    expected = ((ended - begun) * total).sum(-1).double().numpy()
    found = finished(reading.scores("integrated_gradients"))
    np.testing.assert_allclose(found.values, expected, atol=0.02 * np.abs(expected).max())


@pytest.mark.parametrize("against", [None, AGAINST])
def test_occlusion_is_what_a_mask_of_transformers_takes_away(engine: Engine, against: int | None) -> None:
    reading = Reading.of(engine, TEXT, "float32", 30, against)
    truth = truth_of(engine.model)
    positions = torch.arange(len(TEXT))[None]

    def masked(hidden: int | None) -> float:
        mask = torch.full((len(TEXT), len(TEXT)), float("-inf")).triu(1)
        if hidden is not None:
            mask[:, hidden] = float("-inf")
            mask[hidden, hidden] = 0
        with torch.inference_mode():
            read = truth(torch.tensor([TEXT]), position_ids=positions, attention_mask=mask[None, None])
        logprobs = read.logits[0, -1].log_softmax(-1)
        return float(logprobs[30] - (0 if against is None else logprobs[against]))

    found = finished(reading.scores("occlusion"))
    expected = [masked(None) - masked(hidden) for hidden in range(len(TEXT) - 1)]
    np.testing.assert_allclose(found.values[:-1], expected, atol=CLOSE)
    assert np.isnan(found.values[-1]), "it is what the next token is read off"


def test_without_a_token_the_most_likely_one_is_explained(gpt2: Engine) -> None:
    reading = Reading.of(gpt2, TEXT, "float32")
    with torch.inference_mode():
        logprobs = truth_of(gpt2.model)(torch.tensor([TEXT])).logits[0, -1].log_softmax(-1)
    assert reading.target.token_id == int(logprobs.argmax())
    assert reading.worth == pytest.approx(float(logprobs.max()), abs=CLOSE)


def test_rollout_is_the_product_over_transformers_attention(engine: Engine) -> None:
    """All of it, multiplied from the bottom to the top as in the paper."""
    with torch.inference_mode():
        layers = truth_of(engine.model)(torch.tensor([TEXT]), output_attentions=True).attentions
    rolled = torch.eye(len(TEXT), dtype=torch.float64)
    for weights in layers:
        rolled = (0.5 * weights[0].double().mean(0) + 0.5 * torch.eye(len(TEXT))) @ rolled
    found = finished(Reading.of(engine, TEXT, "float32").scores("rollout"))
    np.testing.assert_allclose(found.values, rolled[-1], atol=CLOSE)
    assert found.values.sum() == pytest.approx(1, abs=CLOSE)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_tells_how_far_it_is_and_can_be_left(gpt2: Engine, method: Method) -> None:
    scoring = Reading.of(gpt2, TEXT, "float32").scores(method, samples=64)
    first = next(scoring)
    assert 0 <= first.done < first.total
    scoring.close()
    steps = list(Reading.of(gpt2, TEXT, "float32").scores(method, samples=64))
    assert [one.done for one in steps] == sorted(one.done for one in steps)
    assert all(one.done <= one.total for one in steps)


@pytest.mark.parametrize("method", HIDING)
def test_of_a_single_token_nothing_can_be_hidden(gpt2: Engine, method: Method) -> None:
    with pytest.raises(Unscorable, match="one token"):
        Reading.of(gpt2, TEXT[:1], "float32").scores(method)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_short_contexts_have_finite_scores(gpt2: Engine, length: int) -> None:
    reading = Reading.of(gpt2, TEXT[:length], "float32")
    for method in METHODS:
        if length > 1 or method not in HIDING:
            found = finished(reading.scores(method, samples=64))
            assert len(found.values) == length
            assert len(found.scored) == length - (method in HIDING)
            if isinstance(found.checked, Sampled):
                assert found.checked.distinct <= 2 ** (length - 1)


def test_a_text_that_is_too_long_is_refused_before_it_is_read(gpt2: Engine) -> None:
    with pytest.raises(Unscorable, match=str(MOST_TOKENS)):
        Reading.of(gpt2, [1] * (MOST_TOKENS + 1), "float32")


def test_a_method_that_is_none_is_refused(gpt2: Engine) -> None:
    with pytest.raises(ValueError, match="one of integrated_gradients"):
        Reading.of(gpt2, TEXT, "float32").scores("saliency")  # type: ignore[arg-type]
