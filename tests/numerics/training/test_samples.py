"""What a model writes at a look is what the page would write, and to look changes nothing."""

import torch

from model.sampler.settings import SamplerSettings
from model.training.samples import samples
from tests.numerics.writing import start, written
from tests.tiny import tiny_model, tiny_tokenizer, tiny_transformer


def test_samples_are_what_the_page_writes_with_the_same_dice():
    model = tiny_model("gpt2")
    for sample in samples(tiny_transformer("gpt2"), tiny_tokenizer(), ["the in", "on"], seed=5, tokens=12):
        run = written(model, start(model, sample.prompt, SamplerSettings(), 5), 12)
        assert sample.text == tiny_tokenizer().decode(run.token_ids[len(run.prompt_token_ids) :])


def test_to_look_draws_no_random_number_and_leaves_the_mode():
    model = tiny_transformer("llama").train()
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    samples(model, tiny_tokenizer(), ["the"], seed=0, tokens=4)
    assert torch.equal(torch.random.get_rng_state(), before) and model.training


def test_a_long_prompt_leaves_room_for_what_is_written():
    found = samples(tiny_transformer("gpt2"), tiny_tokenizer(), ["x" * 500, ""], seed=0, tokens=200)
    assert all(sample.text for sample in found)
