"""New models: counted without being built, and the same ones that Transformers builds."""

import pytest
import torch
from transformers import AutoModelForCausalLM

from model.training.architecture import SIZES, build, configuration, memory, parameters, seconds_per_step
from model.training.settings import ArchitectureSettings

TINY = ArchitectureSettings("llama", 1, 2, 8, 8)


@pytest.mark.parametrize("name", SIZES)
def test_parameters_are_those_that_transformers_counts(name):
    preset = SIZES[name]
    with torch.device("meta"):  # nothing of it is in memory
        built = AutoModelForCausalLM.from_config(configuration(preset.architecture, preset.vocabulary, 0))
    assert parameters(preset.architecture, preset.vocabulary) == built.num_parameters()


def test_presets_are_what_their_names_say():
    counts = {
        name: parameters(preset.architecture, preset.vocabulary) / 1e6 for name, preset in SIZES.items()
    }
    assert all(
        float(name[:-1]) == pytest.approx(count, rel=0.2)
        for name, count in counts.items()
        if name[0].isdigit()
    )
    assert counts["gpu"] > 100


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_the_seed_alone_makes_the_weights(family):
    asked = ArchitectureSettings(family, 1, 2, 8, 8)
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, other, third = (build(asked, 20, 0, seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())
    assert any(not torch.equal(tensor, third[name]) for name, tensor in one.items())
    model = build(asked, 20, 0, 1)
    assert model.dtype == torch.float32 and model.config.max_position_embeddings == 8


def test_memory_grows_with_the_model_and_the_batch():
    small, large = memory(TINY, 100, 1), memory(TINY, 100, 8)
    assert small.weights == 4 * parameters(TINY, 100) == small.gradients == small.optimizer // 2
    assert large.activations == 8 * small.activations and large.total > small.total


def test_a_step_takes_some_time():
    assert seconds_per_step(TINY, 30, 2, tries=1) > 0
