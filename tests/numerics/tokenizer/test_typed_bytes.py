"""Bits per byte: the bytes are those that a person typed, whatever the tokenizer makes of them."""

import json
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import normalizers

from model.engine.engine import Engine
from model.interior.scoring import scored, scored_run
from model.lab.replay import replayed
from model.sampler.settings import SamplerSettings
from model.texts.given import given_steps, given_text
from model.texts.stored_run import stored_run
from tests.many_tokenizers import BOS, EOS, KINDS, byte_level, sentencepiece, wordpiece
from tests.numerics.writing import PLENTY, WILD, ended
from tests.tokenizer_models import CONTEXT, model_with

DECOMPOSED = unicodedata.normalize("NFD", "é" * 6)
CHAT = f"{BOS}user\nHi{EOS}\n{BOS}assistant\n"


@pytest.fixture(scope="module")
def engine_of():
    """An engine for every kind of tokenizer, made when it is asked for."""
    made: dict[str, Engine] = {}

    def engine(kind: str) -> Engine:
        if kind not in made:
            made[kind] = Engine(model_with(KINDS[kind]()), PLENTY)
        return made[kind]

    yield engine
    for one in made.values():
        one.close()


def test_hello_has_five_bytes_though_a_space_stands_before_it_in_sentencepiece():
    model = model_with(sentencepiece())
    with Engine(model, PLENTY) as engine:
        found = scored(engine, "Hello")
    assert model.text.token(found.token_ids[0]) == BOS, "which is what is not scored"
    assert found.scored_bytes == 5
    assert found.bits_per_byte == pytest.approx(found.total_bits / 5)


@pytest.mark.parametrize(("before", "expected"), [("", 17), (EOS, 18)])
def test_decomposed_letters_have_the_bytes_that_were_typed(before, expected):
    """Without a token before them the first byte of the first letter is not scored."""
    tokenizer = byte_level(normalizer=normalizers.NFC())
    with Engine(model_with(tokenizer), PLENTY) as engine:
        found = scored(engine, before + DECOMPOSED)
        assert found.scored_bytes == expected
        assert scored_run(found.run, engine.model.text).scored_bytes == expected
    assert len(DECOMPOSED.encode()) == 18


@pytest.mark.parametrize("kind", KINDS)
@given(written=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
@example(written="Hello")
@example(written="  The  cats ")
@example(written=DECOMPOSED)
@example(written="ﬁve ①② ½ Å")
@example(written=f"the{EOS}{BOS}cats")
@example(written="0ªÀ")  # one token ends a character that is written otherwise, and begins the next
@settings(max_examples=12)
def test_every_byte_that_was_typed_counts_once_but_those_of_a_first_token(engine_of, kind, written):
    engine = engine_of(kind)
    typed = engine.model.typed(written)
    if not typed.token_ids or len(typed.token_ids) > CONTEXT:
        return
    found = scored(engine, written)
    reader = engine.model.text.reader()
    reader.read(typed.token_ids[0])
    first = len(typed.slices[0].encode()) + reader.begun
    expected = len(written.encode()) - first if any(typed.slices) else 0
    assert found.scored_bytes == expected or len(found.run.steps) == 0
    assert scored_run(found.run, engine.model.text).scored_bytes == found.scored_bytes
    assert given_text(found.run) == "".join(typed.slices) or len(found.run.steps) == 0


def test_what_was_typed_comes_back_from_a_file_special_tokens_and_all():
    model = model_with(byte_level())
    with Engine(model, PLENTY) as engine:
        run = scored(engine, CHAT).run
    saved = json.loads(json.dumps(run.to_json()))
    assert saved["prompt"] == BOS
    again = stored_run(saved, vocab_size=model.info.vocab_size, context_length=CONTEXT)
    assert again == run and given_text(again) == CHAT


def test_a_cut_text_is_what_was_typed_up_to_there():
    with Engine(model_with(byte_level()), PLENTY) as engine:
        run = scored(engine, CHAT).run
        typed = engine.model.typed(CHAT)
    for end in range(2, len(typed.token_ids)):
        assert given_text(run.cut_at(end)) == "".join(typed.slices[:end])


def test_a_given_text_stays_given_when_what_was_written_behind_it_is_replayed_under_other_settings():
    with Engine(model_with(byte_level()), PLENTY) as engine:
        run = scored(engine, CHAT).run
        run = ended(engine.write(run, 6, settings=WILD, seed=3))
        again = replayed(engine, run, SamplerSettings(temperature=0.3)).run
    assert given_text(again) == CHAT and given_steps(again) == given_steps(run)
    given = given_steps(run)
    assert [step.probability for step in again.steps[:given]] == pytest.approx(
        [step.probability for step in run.steps[:given]], abs=1e-5
    )


def test_a_file_that_claims_a_book_was_typed_for_a_token_is_refused():
    with Engine(model_with(wordpiece()), PLENTY) as engine:
        run = scored(engine, "The cats").run
    data = run.to_json()
    data["steps"][0]["typed"] = "x" * 10_000
    with pytest.raises(ValueError, match="far longer"):
        stored_run(data, vocab_size=1000, context_length=CONTEXT)
    data["steps"][0]["typed"] = 3
    with pytest.raises(ValueError, match="typed must be a text"):
        stored_run(data, vocab_size=1000, context_length=CONTEXT)


def test_a_step_says_what_was_typed_only_where_its_text_does_not():
    with Engine(model_with(byte_level()), PLENTY) as engine:
        steps = [step.to_json() for step in scored(engine, f"The cat{EOS}").run.steps]
    assert [step["typed"] for step in steps if "typed" in step] == [EOS]
