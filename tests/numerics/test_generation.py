"""The text that is written is the model's own, and the same run gives the same text every time."""

import copy
import json
import math

import numpy as np
import pytest
import torch

from model.generation import generate, write
from model.internals import InternalsStore
from model.language_model import LanguageModel
from model.run import Run, SamplerSettings
from model.sampling import draw, shape, uniform
from tests.tiny import CONTEXT, tiny_model

GREEDY = SamplerSettings(temperature=0.0, top_k=0, top_p=1.0)
WILD = SamplerSettings(temperature=1.3, top_k=0, top_p=1.0)
NEW_TOKENS = 24
PROMPTS = [
    "Once upon a time there was a little robot who",
    "The capital of France is",
    "Water boils at",
    "def fibonacci(n):\n    ",
    "import numpy as np\n\nx = np.",
    '{"name": "Ada", "born": ',
    "<html>\n<body>\n<script>",
    "SELECT name FROM users WHERE",
    "从前有一只小猫，它",
    "中国的首都是",
    "Le petit prince demanda :",
    "Привет, меня зовут",
    "مرحبا بكم في",
    "I love this 😀🎉 so much! 🤖",
    "...!!! ??? --- ",
    "3.14159 26535 8979 2 + 2 =",
    "1, 2, 3, 4, 5, 6,",
    "<|im_start|>user\nSay only: yes<|im_end|>\n<|im_start|>assistant\n",
    "A",
    "The quick brown fox jumps over the lazy dog near the river bank while the sun sets. " * 8,
]


def start(model: LanguageModel, prompt: str, settings: SamplerSettings = GREEDY, seed: int = 42) -> Run:
    return Run(
        model=model.info.identity,
        prompt=prompt,
        prompt_token_ids=model.encode(prompt),
        settings=settings,
        seed=seed,
    )


def written(model: LanguageModel, run: Run, count: int = NEW_TOKENS, **options) -> Run:
    """Continue the run in a store of its own and return it finished."""
    *_, run = write(InternalsStore(model, 2**30), run, count, **options)
    return run


def without_eos(model: LanguageModel, monkeypatch) -> LanguageModel:
    """Let the model write on after an end of text, so that a test has as many tokens as it asked for."""
    monkeypatch.setattr(model, "eos_token_ids", frozenset())
    return model


# Against Transformers


@pytest.fixture(scope="module")
def judge(embedded_model):
    """The same weights under Transformers' default attention."""
    transformer = copy.deepcopy(embedded_model._transformer)
    transformer.set_attn_implementation("sdpa")
    return transformer


def by_transformers(judge, texts, **options) -> list[list[int]]:
    """Return the token ids that `generate` appends to each text, all in one batch, end of text included."""
    pad, longest = judge.generation_config.pad_token_id, max(map(len, texts))
    padding = [longest - len(text) for text in texts]
    with torch.inference_mode():
        output = judge.generate(
            torch.tensor([[pad] * count + list(text) for count, text in zip(padding, texts, strict=True)]),
            attention_mask=torch.tensor([[0] * count + [1] * (longest - count) for count in padding]),
            do_sample=False,
            max_new_tokens=NEW_TOKENS,
            **options,
        )
    return [up_to_end_of_text(row[longest:].tolist(), judge.generation_config.eos_token_id) for row in output]


def up_to_end_of_text(token_ids: list[int], eos: int) -> list[int]:
    return token_ids[: token_ids.index(eos) + 1] if eos in token_ids else token_ids


@pytest.fixture(scope="module")
def continuations(embedded_model, judge) -> dict[str, list[int]]:
    """What Transformers appends to every prompt."""
    texts = [embedded_model.encode(prompt) for prompt in PROMPTS]
    return dict(zip(PROMPTS, by_transformers(judge, texts), strict=True))


@pytest.mark.embedded
@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda prompt: prompt[:12])
def test_greedy_tokens_and_their_log_probabilities_are_those_of_transformers(
    embedded_model, judge, continuations, prompt
):
    run = written(embedded_model, start(embedded_model, prompt))
    ours = [step.token_id for step in run.steps]
    assert ours == continuations[prompt]
    assert run.finish_reason == ("eos" if ours[-1] in embedded_model.eos_token_ids else "length")

    with torch.inference_mode():
        logprobs = judge(torch.tensor([list(run.token_ids)])).logits[0].log_softmax(-1)
    for step in run.steps:
        truth = logprobs[step.position - 1]
        assert step.logprob == pytest.approx(truth[step.token_id].item(), abs=1e-3)
        assert step.entropy_bits == pytest.approx(-(truth.exp() * truth).sum().item() / math.log(2), abs=1e-2)
        assert step.rank == 1


@pytest.mark.embedded
def test_some_prompt_makes_the_embedded_model_end_its_text(embedded_model):
    run = written(embedded_model, start(embedded_model, PROMPTS[17]))
    assert run.finish_reason == "eos", "or the end of text is not among the tokens compared above"
    assert run.steps[-1].text == ""
    assert run.steps[-1].token == "<|im_end|>"


@pytest.mark.embedded
@pytest.mark.parametrize("prompt", [PROMPTS[0], PROMPTS[8]], ids=lambda prompt: prompt[:12])
def test_greedy_tokens_under_a_repetition_penalty_are_those_of_transformers(embedded_model, judge, prompt):
    settings = SamplerSettings(temperature=0.0, repetition_penalty=1.3)
    run = written(embedded_model, start(embedded_model, prompt, settings))
    ours = [step.token_id for step in run.steps]
    assert [ours] == by_transformers(judge, [run.prompt_token_ids], repetition_penalty=1.3)


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


def test_every_recorded_number_follows_from_the_tokens_the_settings_and_the_seed(tiny_models):
    """Nothing of the loop is needed to check a run: one pass over its tokens and the dice."""
    settings = SamplerSettings(temperature=1.4, top_k=30, top_p=0.9, min_p=0.02, repetition_penalty=1.2)
    run = written(tiny_models, start(tiny_models, "the other", settings, seed=7))
    internals = InternalsStore(tiny_models, 2**30).get(run.token_ids)
    for step in run.steps:
        shaped = shape(internals.logits(step.position - 1), settings, run.token_ids[: step.position])
        assert step.u == uniform(7, step.position)
        assert draw(shaped, step.u) == step.token_id
        assert step.logprob == pytest.approx(shaped.logprob(step.token_id), abs=1e-4)
        assert step.probability == pytest.approx(shaped.probability(step.token_id), abs=1e-4)
        assert step.entropy_bits == pytest.approx(shaped.entropy_bits, abs=1e-3)
        assert (step.rank, step.kept) == (shaped.rank(step.token_id), shaped.kept)


def test_u_falls_where_it_says_on_the_shaped_cumulative(tiny_models):
    run = written(tiny_models, start(tiny_models, "the other", WILD))
    internals = InternalsStore(tiny_models, 2**30).get(run.token_ids)
    for step in run.steps:
        shaped = shape(internals.logits(step.position - 1), WILD, run.token_ids[: step.position])
        upper = np.cumsum(shaped.kept_probabilities)[list(shaped.token_ids).index(step.token_id)]
        assert upper - shaped.probability(step.token_id) - 1e-4 <= step.u <= upper + 1e-4


def test_positions_count_on_from_the_prompt(tiny_gpt2):
    run = written(tiny_gpt2, start(tiny_gpt2, "the other", WILD), 5)
    first = len(run.prompt_token_ids)
    assert [step.position for step in run.steps] == list(range(first, first + 5))


def test_continuing_in_single_steps_equals_one_long_run(tiny_models, monkeypatch):
    model = without_eos(tiny_models, monkeypatch)
    run = start(model, "the other", WILD)
    in_one_go = written(model, run, 10)
    store = InternalsStore(model, 2**30)
    for _ in range(10):
        *_, run = write(store, run, 1)
    assert run.finish_reason == "length"
    assert [step.token_id for step in run.steps] == [step.token_id for step in in_one_go.steps]
    assert [step.u for step in run.steps] == [step.u for step in in_one_go.steps]


def test_going_back_and_on_with_the_same_dice_writes_the_same_text_again(tiny_gpt2, monkeypatch):
    model = without_eos(tiny_gpt2, monkeypatch)
    store = InternalsStore(model, 2**30)
    *_, run = write(store, start(model, "the other", WILD), 12)
    *_, again = write(store, run.cut_at(run.steps[4].position), 8)
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


def test_a_text_that_has_ended_is_not_continued(tiny_gpt2, monkeypatch):
    monkeypatch.setattr(tiny_gpt2, "eos_token_ids", frozenset(range(tiny_gpt2.info.vocab_size)))
    run = written(tiny_gpt2, start(tiny_gpt2, "the", WILD), 6)
    assert len(run.steps) == 1
    assert list(write(InternalsStore(tiny_gpt2, 2**30), run, 6)) == [run]


def test_the_end_of_text_adds_nothing_to_the_text():
    model = tiny_model("gpt2")
    (eos,) = model.eos_token_ids
    with torch.no_grad():  # one row that every hidden state points along
        model._transformer.transformer.ln_f.bias[0] = 50.0
        model._output_embedding.weight[eos, 0] = 50.0
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


def test_stop_is_obeyed_before_the_next_token(tiny_gpt2, monkeypatch):
    model = without_eos(tiny_gpt2, monkeypatch)
    seen = []
    store = InternalsStore(model, 2**30)
    for run in write(store, start(model, "the", WILD), 50, stopped=lambda: len(seen) == 3):
        seen.append((len(run.steps), run.finish_reason))
    assert seen == [(1, None), (2, None), (3, None), (3, "stop")]


def test_a_run_is_yielded_after_every_step_and_once_more_when_it_has_ended(tiny_gpt2, monkeypatch):
    model = without_eos(tiny_gpt2, monkeypatch)
    runs = list(write(InternalsStore(model, 2**30), start(model, "the", WILD), 3))
    assert [(len(run.steps), run.finish_reason) for run in runs] == [
        (1, None),
        (2, None),
        (3, None),
        (3, "length"),
    ]


def test_closing_the_iterator_early_lends_the_text_to_the_next_writer(tiny_gpt2):
    store = InternalsStore(tiny_gpt2, 2**30)
    runs = write(store, start(tiny_gpt2, "the", WILD), 50)
    run = next(runs)
    internals = store.get(run.prompt_token_ids)
    assert internals.writing.locked()
    runs.close()
    assert not internals.writing.locked()
    *_, run = write(store, run, 3)
    assert run.finish_reason == "length"
    assert store.get(run.token_ids) is internals, "the same text went on, no copy was made"


def test_an_error_while_writing_lends_the_text_to_the_next_writer(tiny_gpt2):
    def broken() -> bool:
        raise RuntimeError("unplugged")

    store = InternalsStore(tiny_gpt2, 2**30)
    run = start(tiny_gpt2, "the", WILD)
    with pytest.raises(RuntimeError, match="unplugged"):
        list(write(store, run, 5, stopped=broken))
    assert not store.get(run.prompt_token_ids).writing.locked()


# Characters


@pytest.mark.parametrize("text", ["a😀b🤖", "从前有一只小猫", "👩‍👩‍👧 é ü", "naïve ☕️ 中文"])
def test_pieces_of_a_character_show_as_it_completes_and_never_broken(tiny_gpt2, monkeypatch, text):
    """The dice are loaded: a model that says each byte of the text in turn, whatever was drawn."""
    model = without_eos(tiny_gpt2, monkeypatch)
    script = list(model.encode(text))
    with InternalsStore(model, 2**30).writer(model.encode("x")) as internals:
        monkeypatch.setattr("model.generation.draw", lambda _shaped, _u: script[len(internals) - 1])
        steps = list(generate(internals, WILD, 1, len(script)))
    assert [step.token_id for step in steps] == script
    shown = ""
    for step in steps:
        shown += step.text
        assert "\ufffd" not in step.text + step.token
        assert text.startswith(shown)
    assert shown == text
    assert any(step.text == "" and step.token.startswith("<0x") for step in steps)


def test_a_character_begun_in_the_prompt_is_completed_by_the_first_steps(tiny_gpt2, monkeypatch):
    model = without_eos(tiny_gpt2, monkeypatch)
    *begun, last = model.encode("中")
    with InternalsStore(model, 2**30).writer(begun) as internals:
        monkeypatch.setattr("model.generation.draw", lambda _shaped, _u: last)
        (step,) = generate(internals, WILD, 1, 1)
    assert step.text == "中"


@pytest.mark.embedded
@pytest.mark.parametrize("prompt", ["从前有一只小猫，它", "Emoji only: 😀🎉🤖🐱👩‍👩‍👧🎈"])
def test_the_text_of_a_real_run_is_what_the_tokenizer_decodes(embedded_model, prompt):
    run = written(embedded_model, start(embedded_model, prompt, SamplerSettings(temperature=0.9), seed=3), 32)
    decoded = embedded_model._tokenizer.decode(
        list(run.token_ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
    )
    # What is still incomplete at the very end decodes to U+FFFD; here it is not shown at all.
    assert prompt + run.text == decoded.rstrip("\ufffd")
    assert "\ufffd" not in run.text
