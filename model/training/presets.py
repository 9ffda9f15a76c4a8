"""Trainings to begin with, each of which shows something within minutes on two cores."""

from collections.abc import Mapping
from types import MappingProxyType

from model.training.settings import (
    ArchitectureSettings,
    DataSettings,
    OptimisationSettings,
    TokenizerSettings,
    TrainingSettings,
)

WORDS = TrainingSettings(
    name="Help texts",
    prompts=("The", "for x in", "A class"),
    data=DataSettings(source="python", characters=465_000),
    tokenizer=TokenizerSettings(kind="bpe", vocabulary=1024),
    architecture=ArchitectureSettings("gpt2", layers=4, heads=4, width=128, context=128),
    optimisation=OptimisationSettings(
        steps=300, batch=16, learning_rate=0.001995, warmup=20, evaluate_every=50
    ),
)
"""0.94 million parameters: words and indentation after a minute."""

INDUCTION = TrainingSettings(
    name="Induction head",
    prompts=("abcdefgabc",),
    data=DataSettings(source="repeats", characters=1_700_000),
    tokenizer=TokenizerSettings(kind="characters"),
    architecture=ArchitectureSettings("llama", layers=2, heads=4, width=64, context=64),
    optimisation=OptimisationSettings(
        steps=600, batch=64, learning_rate=0.003162, schedule="constant", warmup=0, evaluate_every=25,
        loss_on_repeats=True,
    ),
)  # fmt: skip
"""Two layers with rotary positions: the circuit of a previous-token head and an induction head."""

ADDITION = TrainingSettings(
    name="Addition",
    prompts=("12+34=", "7+8="),
    data=DataSettings(source="addition", characters=400_000),
    tokenizer=TokenizerSettings(kind="characters"),
    architecture=ArchitectureSettings("llama", layers=4, heads=4, width=128, context=64),
    optimisation=OptimisationSettings(steps=600, batch=32, learning_rate=1e-3, evaluate_every=50),
)

SORTING = TrainingSettings(
    name="Sorting",
    prompts=("dacb>",),
    data=DataSettings(source="sorting", characters=400_000),
    tokenizer=TokenizerSettings(kind="characters"),
    architecture=ArchitectureSettings("llama", layers=2, heads=4, width=96, context=64),
    optimisation=OptimisationSettings(steps=500, batch=32, learning_rate=0.001995, evaluate_every=50),
)

BRACKETS = TrainingSettings(
    name="Brackets",
    prompts=("([{",),
    data=DataSettings(source="brackets", characters=400_000),
    tokenizer=TokenizerSettings(kind="characters"),
    architecture=ArchitectureSettings("gpt2", layers=2, heads=4, width=96, context=64),
    optimisation=OptimisationSettings(steps=400, batch=32, learning_rate=0.001995, evaluate_every=40),
)

STORIES = TrainingSettings(
    name="Stories",
    prompts=("Once upon a time", "The cat"),
    data=DataSettings(source="stories", characters=40_000),
    tokenizer=TokenizerSettings(kind="bpe", vocabulary=512),
    architecture=ArchitectureSettings("gpt2", layers=4, heads=4, width=128, context=128),
    optimisation=OptimisationSettings(steps=300, batch=16, learning_rate=0.001995, evaluate_every=50),
)

OWN = TrainingSettings(
    name="My own text",
    prompts=("The",),
    data=DataSettings(source="own", characters=1_000_000),
    tokenizer=TokenizerSettings(kind="bpe", vocabulary=1024),
    architecture=ArchitectureSettings("gpt2", layers=4, heads=4, width=128, context=128),
    optimisation=OptimisationSettings(steps=300, batch=16, learning_rate=0.001995, evaluate_every=50),
)

PRESETS: Mapping[str, TrainingSettings] = MappingProxyType(
    {
        "words": WORDS,
        "induction": INDUCTION,
        "addition": ADDITION,
        "sorting": SORTING,
        "brackets": BRACKETS,
        "stories": STORIES,
        "own": OWN,
    }
)
