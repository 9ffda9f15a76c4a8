"""MLPs and neurons taken away, beside Transformers with hooks of its own; estimates beside differences."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from model.interventions.effect import read_clean
from model.interventions.neuron_effects import mlp_effects, neuron_effects
from model.network.changes import Change, Variant
from model.network.hooked_model import HookedModel
from model.network.mlp import down_projection
from model.network.unknown_part import UnknownPart
from model.numbers import OutOfRange
from model.reference.anatomy import layers_of
from tests.tiny import ARCHITECTURES, tiny_model, tiny_transformer

TEXT = (7, 21, 3, 99, 140, 5, 5, 30, 61, 12)
LAST = len(TEXT) - 1
TOKEN = 9
CLOSE = 1e-4


@contextmanager
def emptied(transformer: Any, width: int, layer: int, neuron: int | None, start: int) -> Iterator[None]:
    """Transformers with nothing written by the MLP of a layer, or nothing said by one of its neurons."""
    down = down_projection(layers_of(transformer)[layer], width)
    assert down is not None

    def before(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        found = inputs[0].clone()
        found.view(1, len(TEXT), -1)[:, start:, neuron] = 0
        return (found,)

    def after(_: nn.Module, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
        found = output.clone()
        found.view(1, len(TEXT), -1)[:, start:] = 0
        return found

    hook = down.register_forward_hook(after) if neuron is None else down.register_forward_pre_hook(before)
    yield
    hook.remove()


@torch.inference_mode()
def logprob(transformer: Any) -> float:
    return float(transformer(torch.tensor([TEXT])).logits[0, -1].log_softmax(-1)[TOKEN])


@pytest.mark.parametrize("start", [0, LAST])
@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_mlps_and_neurons_taken_away_are_those_of_transformers(kind: str, start: int) -> None:
    model, truth = tiny_model(kind), tiny_transformer(kind)
    width = model.networks["float32"].layout.residual[0].size
    clean, was = read_clean(model, TEXT), logprob(truth)
    *_, mlps = mlp_effects(model, clean, TOKEN, start)
    assert len(mlps) == model.info.layers
    for layer, effect in enumerate(mlps):
        with emptied(truth, width, layer, None, start):
            assert effect.change == pytest.approx(logprob(truth) - was, abs=CLOSE)
    for layer in range(model.info.layers):
        found = neuron_effects(model, clean, layer, TOKEN, start, count=3)
        for neuron, effect in zip(found.leading, found.exact, strict=True):
            with emptied(truth, width, layer, neuron, start):
                assert effect.change == pytest.approx(logprob(truth) - was, abs=CLOSE)
            assert effect.logprob_before == pytest.approx(was, abs=CLOSE)


@pytest.mark.parametrize("start", [0, 4, LAST])
@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_an_estimate_is_the_slope_of_the_exact_ablation(kind: str, start: int) -> None:
    """What a thousandth of the ablation does, times a thousand, in float64 where rounding is no matter."""
    model, part = tiny_model(kind), 1e-3
    clean = read_clean(model, TEXT)
    found = neuron_effects(model, clean, 1, TOKEN, start, count=4)

    def slope(hooked: HookedModel, neuron: int) -> float:
        def scaled(factor: float) -> Any:
            def change(activations: torch.Tensor) -> torch.Tensor:
                left = activations.clone()
                left[:, neuron] *= factor
                return left

            return change

        variants: list[Variant] = [
            (Change("neuron", 1, scaled(1 + sign * part), start=start),) for sign in (-1, 1)
        ]
        less, more = hooked.logits(clean, variants).double().log_softmax(-1)[:, TOKEN].tolist()
        return (less - more) / (2 * part)

    for neuron in found.leading:
        measured = model.intervene(lambda hooked, neuron=neuron: slope(hooked, neuron))
        assert found.estimates[neuron] == pytest.approx(measured, rel=0.03, abs=2e-3)


def test_the_leading_neurons_are_those_of_the_largest_estimates() -> None:
    model = tiny_model("llama")
    found = neuron_effects(model, read_clean(model, TEXT), 2, TOKEN, 0, count=5)
    size = np.abs(found.estimates)
    assert (
        len(found.estimates) == 128 and list(found.leading) == np.argsort(-size, kind="stable")[:5].tolist()
    )
    changes = [one.change for one in found.exact]
    assert found.error == pytest.approx(
        np.mean(np.abs(np.array(changes) - found.estimates[list(found.leading)]))
    )


def test_in_the_last_layer_a_neuron_that_is_taken_away_there_alone_costs_about_what_is_estimated() -> None:
    """Behind it stand only the final norm and the softmax, and one neuron of many moves them little."""
    model = tiny_model("gpt2")
    found = neuron_effects(model, read_clean(model, TEXT), model.info.layers - 1, TOKEN, LAST, count=40)
    exact = np.array([one.change for one in found.exact])
    assert np.corrcoef(exact, found.estimates[list(found.leading)])[0, 1] > 0.9


def test_what_is_not_there_is_refused() -> None:
    model = tiny_model("gpt2")
    clean = read_clean(model, TEXT)
    with pytest.raises(OutOfRange):
        neuron_effects(model, clean, 3, TOKEN)
    with pytest.raises(UnknownPart, match="neuron"):
        clean.at("neuron", 0)
    model.intervene(lambda hooked: setattr(hooked, "has_mlps", False))
    with pytest.raises(UnknownPart, match="told apart"):
        next(mlp_effects(model, clean, TOKEN))
