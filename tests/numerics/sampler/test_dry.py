"""DRY ("don't repeat yourself"): its rule, what ends a repetition, and that no text makes it costly."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model.lab.replay import replayed
from model.numbers import OutOfRange
from model.sampler import repeats as repeats_module
from model.sampler.landmarks import Landmarks
from model.sampler.repeats import LONGEST, repeats
from model.sampler.sampling import draw, shape
from model.sampler.settings import BREAKERS, SamplerSettings
from model.texts.stored_run import stored_run
from tests.numerics.writing import byte_ids, ended, start_with

OFF = dict(SamplerSettings.OFF)
STRONG = SamplerSettings(**OFF | {"dry_multiplier": 0.8})
SIZE = 6
LOGITS = arrays(np.float32, SIZE, elements=st.floats(-12, 12, width=32))
TEXTS = st.lists(st.integers(0, SIZE - 1), max_size=30) | st.lists(st.integers(0, 1), max_size=120)
ENDS = st.sets(st.integers(0, SIZE - 1), max_size=2)


def breaking(token_ids):
    """Landmarks of a vocabulary in which these tokens hold a line break."""
    return Landmarks(lambda: [(one, "\n" if one in token_ids else "x") for one in range(SIZE)])


def repetition(text, token_id, breakers):
    """The length of the longest repetition that a token would lengthen, by looking at every sequence.

    p-e-w 2024, github.com/oobabooga/text-generation-webui/pull/5677: the longest end of the text that, with
    the token behind it, stands in the text already; no breaker is part of it, and at most 50 tokens count.
    """
    written = [text[start : start + size] for size in range(2, 52) for start in range(len(text) - size + 1)]
    longest = 0
    for length in range(1, min(50, len(text)) + 1):
        sequence = [*text[-length:], token_id]
        if not set(sequence) & set(breakers) and sequence in written:
            longest = length
    return longest


@given(TEXTS, ENDS)
def test_a_repetition_is_as_long_as_the_end_of_the_text_that_stands_before_with_the_token_behind(text, ends):
    expected = {one: length for one in range(SIZE) if (length := repetition(text, one, ends))}
    token_ids, lengths = repeats(text, np.array(sorted(ends), dtype=np.intp))
    assert dict(zip(token_ids.tolist(), lengths.tolist(), strict=True)) == expected


@given(LOGITS, TEXTS, ENDS, st.floats(0.1, 3), st.floats(1, 3), st.integers(1, 5))
def test_the_penalty_grows_by_the_base_with_every_token_beyond_the_allowed(
    logits, text, ends, multiplier, base, allowed
):
    changes = {"dry_multiplier": multiplier, "dry_base": base, "dry_allowed_length": allowed}
    shaped = shape(logits, replace(STRONG, **changes), text, landmarks=breaking(ends))
    expected = logits.astype(np.float64)
    for token_id in range(SIZE):
        length = repetition(text, token_id, ends)
        if length >= allowed:
            expected[token_id] -= multiplier * base ** (length - allowed)
    powers = np.exp(expected - expected.max())
    np.testing.assert_allclose(shaped.shaped, powers / powers.sum(), rtol=1e-9, atol=1e-12)
    assert shaped.kept == SIZE and shaped.mass == 1, "it cuts nothing"


def test_the_worked_example():
    """The text a b c d, a b c: d would lengthen a repetition of three tokens, and three is one too many.

    0.8 * 1.75^(3 - 2) = 1.4 is taken from its logit; a, which follows d alone, loses nothing.
    """
    a, b, c, d = range(4)
    shaped = shape(np.zeros(6, np.float32), STRONG, [a, b, c, d, a, b, c])
    np.testing.assert_allclose(shaped.stages[0].softmax.scores, [0, 0, 0, -1.4, 0, 0])
    shorter = shape(np.zeros(6, np.float32), STRONG, [b, c, d, a, b, c])
    np.testing.assert_allclose(shorter.stages[0].softmax.scores, [0, 0, 0, -0.8, 0, 0])
    single = shape(np.zeros(6, np.float32), STRONG, [c, d, a, b, c])
    assert not single.stages[0].softmax.scores.any(), "one token may come twice"


def test_tokens_that_hold_a_breaker_end_a_repetition_and_are_never_weakened():
    tokens = ["a", "b", '":', " said", ".\n\n", "c"]
    landmarks = Landmarks(lambda: enumerate(tokens))
    assert landmarks.holding(BREAKERS).tolist() == [2, 4]
    assert landmarks.holding((" ", "b")).tolist() == [1, 3] and landmarks.holding(()).tolist() == []
    logits = np.zeros(6, np.float32)

    def weakened(text, breakers=BREAKERS):
        settings = replace(STRONG, dry_allowed_length=1, dry_sequence_breakers=breakers)
        scores = shape(logits, settings, text, landmarks=landmarks).stages[0].softmax.scores
        return {int(one): round(-float(scores[one]) / 0.8, 6) for one in np.flatnonzero(scores)}

    assert weakened([0, 2, 1, 5, 0, 2, 1]) == {5: 1.0}, "the repetition begins behind the breaker"
    assert weakened([0, 2, 1, 5, 0, 2, 1], ()) == {5: 1.75**2}
    assert weakened([0, 1, 2, 0, 1]) == {} and weakened([0, 1, 2, 0, 1], ()) == {2: 1.75}
    assert weakened([0, 4, 1, 0, 4]) == {}, "the text ends with a breaker"


def test_a_model_knows_the_tokens_that_hold_a_breaker(tiny_gpt2):
    held = tiny_gpt2.landmarks.holding(BREAKERS).tolist()
    texts = {tiny_gpt2.text.token(one) for one in held}
    assert {"\n", ":", '"', "*"} <= texts and all(any(one in text for one in BREAKERS) for text in texts)


@pytest.mark.parametrize("base", [1.0, 1.75, 10.0])
def test_however_long_a_repetition_the_probabilities_are_numbers(base):
    settings = replace(STRONG, dry_base=base, dry_multiplier=10.0, temperature=0.7, top_n_sigma=1.0)
    shaped = shape(np.array([9.0, 1.0, 0.5], np.float32), settings, [0] * 3000)
    assert shaped.shaped.sum() == pytest.approx(1) and np.isfinite(shaped.shaped_entropy_bits)
    assert 0 <= draw(shaped, 0.5) < 3
    token_ids, lengths = repeats([0] * 3000, np.array([], dtype=np.intp))
    assert (token_ids.tolist(), lengths.tolist()) == ([0], [LONGEST])


@pytest.mark.parametrize(
    "text",
    [[0] * 8000, [0, 1] * 4000, list(range(100)) * 80, [0] * 7000 + [1] + [0] * 999],
    ids=["one token", "two tokens", "a verse", "almost one token"],
)
def test_the_work_grows_with_the_length_of_a_text_and_not_with_its_square(text, monkeypatch):
    compared = []

    def counted(tokens, places, length):
        compared.append(len(places))
        return continued(tokens, places, length)

    continued = repeats_module.continued
    monkeypatch.setattr(repeats_module, "continued", counted)
    repeats(text, np.array([], dtype=np.intp))
    assert 0 < sum(compared) <= LONGEST * len(text)
    assert len(compared) <= LONGEST


def test_breakers_are_looked_up_once_for_a_vocabulary():
    looks = []

    def tokens():
        looks.append(1)
        return enumerate(["a", "\n"])

    landmarks = Landmarks(tokens)
    for _ in range(5):
        shape(np.zeros(2, np.float32), STRONG, [0, 1], landmarks=landmarks)
    assert len(looks) == 1


# In texts


def test_a_text_is_written_and_replayed_with_it(endless, engine):
    greedy = replace(STRONG, temperature=0.0, dry_multiplier=10.0, dry_base=3.0)
    plain = ended(engine.write(start_with(byte_ids(6), settings=replace(greedy, dry_multiplier=0.0)), 40))
    run = ended(engine.write(start_with(byte_ids(6), settings=greedy), 40))
    assert run.token_ids != plain.token_ids, "left to itself this model repeats"
    internals = engine.read(run.token_ids, run.precision)
    for step in run.steps:
        text = run.token_ids[: step.position]
        scores = internals.logits(step.position - 1).astype(np.float64)
        breakers = endless.landmarks.holding(BREAKERS).tolist()
        for token_id in set(text):
            length = repetition(list(text), token_id, breakers)
            scores[token_id] -= 10.0 * 3.0 ** (length - 2) if length >= 2 else 0.0
        assert step.token_id == int(scores.argmax())
    data = json.loads(json.dumps(run.to_json()))
    assert data["settings"]["dry_sequence_breakers"] == list(BREAKERS)
    stored = stored_run(data, vocab_size=300, context_length=99)
    assert stored == run and replayed(engine, stored).first_divergence is None


# Its settings


def test_what_is_not_switched_on_is_not_written_into_a_run():
    assert not [name for name in SamplerSettings().to_json() if name.startswith("dry")]
    odd = SamplerSettings(dry_sequence_breakers=["a", "b", "a"], dry_base=2)
    assert odd.dry_sequence_breakers == ("a", "b")
    assert SamplerSettings.from_json(json.loads(json.dumps(odd.to_json()))) == odd
    assert odd.acts_like(SamplerSettings())
    assert not STRONG.acts_like(replace(STRONG, dry_sequence_breakers=()))


@pytest.mark.parametrize(
    "breakers", ["abc", [""], ["x" * 41], [5], None, 7, {"a": 1}, ["\ud800"], [None], [["a"]]], ids=repr
)
def test_breakers_that_are_no_texts_are_refused(breakers):
    with pytest.raises(
        ValueError, match="dry_sequence_breakers must be a list of texts of 1 to 40 characters"
    ):
        SamplerSettings(dry_sequence_breakers=breakers)


def test_too_many_breakers_are_refused_with_the_range():
    with pytest.raises(
        OutOfRange, match="the number of dry_sequence_breakers must be between 0 and 16, not 17"
    ):
        SamplerSettings(dry_sequence_breakers=[str(number) for number in range(17)])
