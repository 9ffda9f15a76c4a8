"""What a training cannot be is refused before it is begun, in a sentence that says what can."""

from dataclasses import replace

import pytest

from model.training.architecture import SIZES
from model.training.limits import check
from model.training.settings import (
    ArchitectureSettings,
    DataSettings,
    DistillationSettings,
    LoraSettings,
    OptimisationSettings,
    SettingsError,
    TokenizerSettings,
    TrainingSettings,
)

LLAMA = ArchitectureSettings("llama")
TUNED = TrainingSettings(kind="fine_tuning", base="gpt2", tokenizer=TokenizerSettings("model"))


def sized(**sizes: int) -> TrainingSettings:
    return TrainingSettings(architecture=ArchitectureSettings(**sizes))  # type: ignore[arg-type]


def optimised(**values: float) -> TrainingSettings:
    return TrainingSettings(optimisation=OptimisationSettings(**values))  # type: ignore[arg-type]


def test_what_is_asked_by_default_can_be():
    check(TrainingSettings())
    check(TUNED)
    check(replace(TUNED, base="0123456789ab/300", kind="distillation"))


@pytest.mark.parametrize("name", SIZES)
def test_presets_can_be_on_the_device_that_they_are_for(name):
    preset = SIZES[name]
    asked = TrainingSettings(
        architecture=preset.architecture,
        optimisation=preset.optimisation,
        tokenizer=TokenizerSettings("bpe", preset.vocabulary),
    )
    check(asked, "cuda")
    if name == "gpu":
        with pytest.raises(SettingsError, match="too large for a processor"):
            check(asked, "cpu", 100)
    else:
        check(asked, "cpu")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (sized(layers=0), "must have 1 to 48 layers"),
        (sized(heads=0), "1 to 64 heads"),
        (sized(width=130), "130 cannot be divided among 4 heads: take 128"),
        (sized(width=3), "The width must be between"),
        (TrainingSettings(architecture=replace(LLAMA, width=60)), "has one left over. Take a width of 64"),
        (sized(layers=12, width=512, heads=8), "million parameters is too large for a processor: at most 12"),
        (sized(context=1), "The context must have 8 to"),
        (
            replace(sized(context=1024, width=64), tokenizer=TokenizerSettings("bpe", 32_000)),
            "A step needs about .* GB of memory",
        ),
        (optimised(steps=0), "1 to 20,000 steps"),
        (optimised(steps=10**9), "1 to 20,000 steps"),
        (optimised(steps=2000, evaluate_every=1), "more than 500 looks"),
        (optimised(batch=0), "1 to 1,024 sequences"),
        (optimised(batch=512), "A step of 65,536 tokens is too much"),
        (optimised(learning_rate=0.0), "learning rate must be above 0"),
        (optimised(learning_rate=-1.0), "learning rate"),
        (optimised(weight_decay=2.0), "weight decay"),
        (optimised(clipping=0.0), "norm of the gradient"),
        (optimised(seed=-1), "The seed must be between"),
        (optimised(seed=2**60), "The seed must be between"),
        (optimised(loss_on_repeats=True), "only in the world of repeats"),
        (TrainingSettings(tokenizer=TokenizerSettings("bpe", 256)), "The vocabulary must have 257"),
        (
            TrainingSettings(tokenizer=TokenizerSettings("bpe", 20_000), data=DataSettings(characters=9000)),
            "vocabulary of 20,000 tokens is larger than a text of 9,000",
        ),
        (TrainingSettings(data=DataSettings(characters=0)), "The text must have 200 to 5,000,000"),
        (TrainingSettings(data=DataSettings(characters=10**8)), "The text must have 200 to 5,000,000"),
        (TrainingSettings(data=DataSettings("stories", 400_000)), "The text must have 200 to 100,000"),
        (TrainingSettings(data=DataSettings("stories", 9000, topic="")), "The topic must have 1"),
        (TrainingSettings(data=DataSettings(validation=0.0)), "share for validation"),
        (TrainingSettings(data=DataSettings(test=0.9)), "share for test"),
        (TrainingSettings(data=DataSettings("repeats")), "choose characters as its tokens"),
        (TrainingSettings(name=""), "The name must have 1"),
        (TrainingSettings(name="x" * 100), "The name must have 1"),
        (TrainingSettings(name="a\nb"), "cannot be written"),
        (TrainingSettings(name="\ud800"), "cannot be written"),
        (TrainingSettings(prompts=()), "1 to 6 prompts"),
        (TrainingSettings(prompts=("",)), "A prompt must have 1"),
        (TrainingSettings(prompts=("\0",)), "cannot be written"),
        (replace(TUNED, base=""), "Choose the model to begin with"),
        (replace(TUNED, base="/etc/passwd"), "must be a name of the catalogue"),
        (replace(TUNED, base="someone/else"), "must be a name of the catalogue"),
        (replace(TUNED, base="0123456789ab/../x"), "must be a name of the catalogue"),
        (replace(TUNED, tokenizer=TokenizerSettings()), "keep the tokenizer"),
        (replace(TUNED, data=DataSettings("repeats")), "choose characters as its tokens"),
        (replace(TUNED, lora=LoraSettings(rank=-1)), "rank of LoRA"),
        (replace(TUNED, distillation=DistillationSettings(temperature=0.0)), "temperature of the teacher"),
        (replace(TUNED, distillation=DistillationSettings(share=2.0)), "share of the soft targets"),
    ],
)
def test_what_cannot_be_is_refused_in_words(asked, said):
    with pytest.raises(SettingsError, match=said):
        check(asked)


def test_a_vocabulary_that_is_known_later_counts():
    asked = TrainingSettings(base="gpt2", tokenizer=TokenizerSettings("model"))
    check(asked)
    with pytest.raises(SettingsError, match="too large for a processor"):
        check(asked, vocabulary=100_000)
