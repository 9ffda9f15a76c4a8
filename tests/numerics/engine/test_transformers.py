"""The text that is written is the model's own: Transformers is the embedded_transformer."""

import math

import pytest
import torch

from model.engine.engine import Engine
from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from tests.numerics.prompts import PROMPTS
from tests.numerics.writing import NEW_TOKENS, PLENTY, at_once, ended, start, written

pytestmark = pytest.mark.embedded


def by_transformers(embedded_transformer, texts, **options) -> list[list[int]]:
    """Return the token ids that `generate` appends to each text, all in one batch, end of text included."""
    pad, longest = embedded_transformer.generation_config.pad_token_id, max(map(len, texts))
    padding = [longest - len(text) for text in texts]
    with torch.inference_mode():
        output = embedded_transformer.generate(
            torch.tensor([[pad] * count + list(text) for count, text in zip(padding, texts, strict=True)]),
            attention_mask=torch.tensor([[0] * count + [1] * (longest - count) for count in padding]),
            do_sample=False,
            max_new_tokens=NEW_TOKENS,
            **options,
        )
    return [
        up_to_end_of_text(row[longest:].tolist(), embedded_transformer.generation_config.eos_token_id)
        for row in output
    ]


def up_to_end_of_text(token_ids: list[int], eos: int) -> list[int]:
    return token_ids[: token_ids.index(eos) + 1] if eos in token_ids else token_ids


@pytest.fixture(scope="module")
def continuations(embedded_model, embedded_transformer) -> dict[str, list[int]]:
    """What Transformers appends to every prompt."""
    texts = [embedded_model.encode(prompt) for prompt in PROMPTS]
    found = by_transformers(embedded_transformer, texts[:-1])  # the last is long: all would be padded to it
    return dict(zip(PROMPTS, found + by_transformers(embedded_transformer, texts[-1:]), strict=True))


@pytest.fixture(scope="module")
def runs(embedded_model) -> dict[str, Run]:
    """What our engine makes of all prompts, written at the same time."""
    with Engine(embedded_model, PLENTY) as engine:
        begun = at_once(engine, [start(embedded_model, prompt) for prompt in PROMPTS], NEW_TOKENS)
        return dict(zip(PROMPTS, map(ended, begun), strict=True))


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda prompt: prompt[:12])
def test_greedy_tokens_and_their_log_probabilities_are_those_of_transformers(
    embedded_model, embedded_transformer, continuations, runs, prompt
):
    run = runs[prompt]
    ours = [step.token_id for step in run.steps]
    assert ours == continuations[prompt]
    assert run.finish_reason == ("eos" if ours[-1] in embedded_model.eos_token_ids else "length")

    with torch.inference_mode():
        logprobs = embedded_transformer(torch.tensor([list(run.token_ids)])).logits[0].log_softmax(-1)
    for step in run.steps:
        truth = logprobs[step.position - 1]
        assert step.logprob == pytest.approx(truth[step.token_id].item(), abs=1e-3)
        assert step.entropy_bits == pytest.approx(-(truth.exp() * truth).sum().item() / math.log(2), abs=1e-2)
        assert step.rank == 1


def test_some_prompt_makes_the_embedded_model_end_its_text(runs):
    run = runs[PROMPTS[17]]
    assert run.finish_reason == "eos", "or the end of text is not among the tokens compared above"
    assert run.steps[-1].text == ""
    assert run.steps[-1].token == "<|im_end|>"


@pytest.mark.parametrize("prompt", [PROMPTS[0], PROMPTS[8]], ids=lambda prompt: prompt[:12])
def test_greedy_tokens_under_a_repetition_penalty_are_those_of_transformers(
    embedded_model, embedded_transformer, prompt
):
    settings = SamplerSettings(temperature=0.0, repetition_penalty=1.3)
    run = written(embedded_model, start(embedded_model, prompt, settings))
    ours = [step.token_id for step in run.steps]
    assert [ours] == by_transformers(embedded_transformer, [run.prompt_token_ids], repetition_penalty=1.3)


@pytest.mark.parametrize("prompt", ["从前有一只小猫，它", "Emoji only: 😀🎉🤖🐱👩‍👩‍👧🎈"])
def test_the_text_of_a_real_run_is_what_the_tokenizer_decodes(embedded_model, prompt):
    run = written(embedded_model, start(embedded_model, prompt, SamplerSettings(temperature=0.9), seed=3), 32)
    decoded = embedded_model._tokenizer.decode(
        list(run.token_ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
    )
    # What is still incomplete at the very end decodes to U+FFFD; here it is not shown at all.
    assert prompt + run.text == decoded.rstrip("\ufffd")
    assert "\ufffd" not in run.text
