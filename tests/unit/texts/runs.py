"""Runs for tests: any that there may be, and short ones with the texts that a test names."""

from typing import Any

from hypothesis import strategies as st

from model.numbers import MAX_SEED
from model.sampler.settings import SamplerSettings
from model.texts.run import Run, Step

SETTINGS = st.builds(
    SamplerSettings,
    temperature=st.floats(0, 5),
    top_k=st.integers(0, 1_000_000),
    top_p=st.floats(0, 1),
    min_p=st.floats(0, 1),
    repetition_penalty=st.floats(0.1, 10),
    dry_multiplier=st.sampled_from([0.0, 0.8]),
    dry_base=st.floats(1, 10),
    dry_sequence_breakers=st.lists(st.text("ab\n", min_size=1, max_size=3), max_size=3),
    xtc_probability=st.sampled_from([0.0, 0.5]),
    xtc_threshold=st.floats(0, 1),
)
WHOLE_CHARACTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
STEPS = st.builds(
    Step,
    position=st.integers(0, 4096),
    token_id=st.integers(0, 200_000),
    token=WHOLE_CHARACTERS,
    text=WHOLE_CHARACTERS,
    u=st.floats(0, 1, exclude_max=True),
    logprob=st.floats(-50, 0),
    probability=st.floats(0, 1),
    rank=st.integers(1, 200_000),
    entropy_bits=st.floats(0, 17),
    kept=st.integers(1, 200_000),
    forced=st.booleans(),
    settings=st.none() | SETTINGS,
    coin=st.none() | st.floats(0, 1, exclude_max=True),
    mixed_probability=st.none() | st.floats(0, 1),
)
RUNS = st.builds(
    Run,
    model=st.just("tiny@0123456789ab"),
    prompt=WHOLE_CHARACTERS,
    prompt_token_ids=st.lists(st.integers(0, 200_000), max_size=5).map(tuple),
    settings=SETTINGS,
    seed=st.integers(0, MAX_SEED),
    steps=st.lists(STEPS, max_size=4).map(tuple),
    finish_reason=st.sampled_from([None, "length", "eos", "stop", "context"]),
    precision=st.sampled_from(["float32", "float16 weights", "bfloat16"]),
)


def step(position: int, text: str = "a", **changes: Any) -> Step:
    fields: dict[str, Any] = {
        "position": position,
        "token_id": 7,
        "token": text,
        "text": text,
        "u": 0.25,
        "logprob": -1.0,
        "probability": 0.5,
        "rank": 1,
        "entropy_bits": 2.0,
        "kept": 3,
    }
    return Step(**fields | changes)


def run_of(*texts: str, prompt_token_ids: tuple[int, ...] = (1, 2)) -> Run:
    first = len(prompt_token_ids)
    steps = tuple(step(first + index, text) for index, text in enumerate(texts))
    return Run(model="tiny@00", prompt="Hi", prompt_token_ids=prompt_token_ids, steps=steps)
