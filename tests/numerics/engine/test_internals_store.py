"""The internals of many texts: linear in length, bounded over all, recomputed alike, and safe to share."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from model.engine.engine import Engine
from model.engine.internals import KEPT_LOGITS, Internals, InternalsStore
from tests.numerics.writing import (
    PLENTY,
    at_once,
    byte_ids,
    ended,
    start_with,
    without_eos,
    written,
)


def internals_of(model, length: int, first: int = 1) -> Internals:
    with Engine(model, PLENTY) as engine:
        return engine.read(byte_ids(length, first))


def kept(*texts: Internals, budget_bytes: int = PLENTY) -> InternalsStore:
    """Return a store of its own that holds these."""
    store = InternalsStore(budget_bytes)
    for text in texts:
        store.add(text)
    return store


def bytes_of(*texts: Internals) -> int:
    return kept(*texts).nbytes


# Memory


@pytest.mark.parametrize("chunk", [1, 256], ids=["token by token", "read at once"])
def test_memory_grows_with_the_length_of_the_text_and_not_with_its_square(tiny_models, monkeypatch, chunk):
    monkeypatch.setattr("model.engine.lane.CHUNK_ALONE", chunk)
    sizes = [bytes_of(internals_of(tiny_models, length)) for length in (32, 64, 128)]
    assert sizes == [sizes[0], 2 * sizes[0], 4 * sizes[0]]
    assert sizes[0] == 32 * tiny_models.networks["float32"].bytes_per_token


def test_memory_of_a_text_that_was_written_grows_the_same_way(tiny_models, monkeypatch):
    model = without_eos(tiny_models, monkeypatch)
    sizes = []
    for length in (64, 128):
        with Engine(model, PLENTY) as engine:
            run = ended(engine.write(start_with(byte_ids(8)), length - 8))
            text = engine.read(run.token_ids[:-1])
        assert len(text.recording) == len(text) == length - 1
        sizes.append(sum(block.nbytes for block in text.recording.blocks))
    assert sizes[1] == 2 * sizes[0]


@pytest.mark.embedded
def test_memory_of_the_embedded_model_is_linear_at_64_128_and_256_tokens(embedded_model):
    sizes = [bytes_of(internals_of(embedded_model, length)) for length in (64, 128, 256)]
    assert sizes[1] / sizes[0] == pytest.approx(2, rel=0.02)
    assert sizes[2] / sizes[1] == pytest.approx(2, rel=0.02)
    assert sizes[2] < 256 * 300_000, "about 190 kB a token: queries, keys, values, residual stream in float32"


def test_only_a_few_logits_are_kept_and_the_others_come_out_the_same_again(tiny_gpt2):
    internals = internals_of(tiny_gpt2, 40)
    before = bytes_of(internals)
    first = internals.logits(0).copy()
    for position in range(40):
        internals.logits(position)
    assert bytes_of(internals) == before + KEPT_LOGITS * first.nbytes
    np.testing.assert_allclose(internals.logits(0), first, atol=1e-6)


def test_blocks_that_texts_share_count_once(tiny_gpt2):
    whole = internals_of(tiny_gpt2, 96)
    block = bytes_of(whole) // 3
    assert bytes_of(whole, whole.prefix(96)) == 3 * block
    assert bytes_of(whole, whole.prefix(64), whole.prefix(32)) == 3 * block
    assert bytes_of(whole, whole.prefix(65)) == 4 * block, "the block that is not full is a copy"


def test_thirty_texts_with_one_beginning_hold_it_once(tiny_gpt2, engine, monkeypatch):
    model = without_eos(tiny_gpt2, monkeypatch)
    prompt = byte_ids(96)
    begun = at_once(engine, [start_with(prompt, seed) for seed in range(30)], 8)
    assert len({ended(one).token_ids for one in begun}) == 30
    block = 32 * model.networks["float32"].bytes_per_token
    logits = 30 * KEPT_LOGITS * model.info.vocab_size * 4
    assert engine.store.nbytes <= (3 + 30) * block + logits


def test_the_budget_holds_over_all_texts_and_the_one_used_last_stays(tiny_gpt2):
    texts = [internals_of(tiny_gpt2, 60, first) for first in range(10)]
    size = bytes_of(texts[0])
    store = kept(budget_bytes=int(3.5 * size))
    for text in texts:
        store.add(text)
        store.evict()
        assert store.nbytes <= store.budget_bytes
        assert store.find("float32", text.token_ids) is text
    assert store.nbytes == 3 * size, "and as much as fits is kept"


def test_an_engine_keeps_its_budget_from_one_pass_to_the_next(tiny_gpt2, passes, monkeypatch):
    model = without_eos(tiny_gpt2, monkeypatch)
    block = 32 * model.networks["float32"].bytes_per_token
    budget = 12 * block
    held = []
    with Engine(model, budget) as engine:
        passes.before = lambda: held.append(engine.store.nbytes)
        begun = at_once(engine, [start_with(byte_ids(20, seed), seed) for seed in range(40)], 20)
        for one in begun:
            assert len(ended(one).steps) == 20
        rest = engine.read(byte_ids(9, 77))
    assert len(rest) == 9
    assert max(held) <= budget
    assert engine.store.nbytes <= budget


def test_a_text_larger_than_the_whole_budget_is_still_shown(tiny_gpt2):
    with Engine(tiny_gpt2, 1) as engine:
        one, two = (engine.read(byte_ids(60, first)) for first in (1, 2))
        assert len(one) == len(two) == 60
    assert engine.store.nbytes == bytes_of(two), "one at a time"


def test_the_text_used_longest_ago_goes_first(tiny_gpt2):
    one, two, three = (internals_of(tiny_gpt2, 60, first) for first in (1, 2, 3))
    store = kept(one, two, budget_bytes=int(2.5 * bytes_of(one)))
    assert store.find("float32", one.token_ids) is one
    store.add(three)
    store.evict()
    assert store.find("float32", one.token_ids) is one
    assert store.find("float32", two.token_ids) is None


def test_a_text_that_is_being_written_is_not_forgotten(tiny_gpt2):
    with Engine(tiny_gpt2, 1) as engine:
        begun = engine.write(start_with(byte_ids(20)), 90)
        others = iter(range(2, 1000))
        while len(begun.latest().steps) < 3 and not begun.done:
            engine.read(byte_ids(30, next(others)))
        run = ended(begun)
    assert run.token_ids == written(tiny_gpt2, start_with(byte_ids(20)), 90).token_ids


def test_texts_in_use_outlast_any_budget(tiny_gpt2):
    one, two = (internals_of(tiny_gpt2, 20, first) for first in (1, 2))
    one.in_use = True
    store = kept(one, two, budget_bytes=1)
    store.evict()
    assert store.find("float32", one.token_ids) is one
    assert store.find("float32", two.token_ids) is two, "the last one stays, too"


# Recomputing


def test_what_was_evicted_is_recomputed_by_one_pass_and_is_the_same(tiny_models, passes):
    with Engine(tiny_models, 1) as engine:
        run = ended(engine.write(start_with(byte_ids(10), seed=3), 30))
        before = engine.read(run.token_ids)
        for first in (9, 10):  # when the second is read, the first has taken the place of all others
            engine.read(byte_ids(50, first))
        passes.spans.clear()
        after = engine.read(run.token_ids)
    assert after is not before
    assert [len(span.token_ids) for spans in passes.spans for span in spans] == [len(run.token_ids)]
    length = len(run.token_ids)
    for layer in range(tiny_models.info.layers):
        np.testing.assert_allclose(
            after.attention_heads(layer, length), before.attention_heads(layer, length), atol=1e-4
        )
    for position in range(length):
        np.testing.assert_allclose(after.logits(position), before.logits(position), atol=1e-4)


# Sharing


def test_a_prefix_of_a_known_text_is_read_without_a_copy_and_without_a_pass(passes, engine):
    whole = engine.read(byte_ids(40))
    held, computed = engine.store.nbytes, passes.tokens
    for length in (1, 17, 40):
        assert engine.read(byte_ids(40)[:length]) is whole
    assert (engine.store.nbytes, passes.tokens) == (held, computed)


def test_a_text_that_goes_on_is_extended_where_it_is(engine):
    short = engine.read(byte_ids(20))
    assert engine.read(byte_ids(40)) is short
    assert short.token_ids == byte_ids(40)


def test_branching_from_a_prefix_leaves_the_longer_text_as_it_was(engine):
    whole = engine.read(byte_ids(40))
    attention, logits = whole.attention(0, 0, 40), whole.logits(39).copy()
    branch_ids = (*byte_ids(40)[:15], 99, 98, 97)
    branch = engine.read(branch_ids)
    assert branch is not whole
    assert branch.token_ids == branch_ids
    assert whole.token_ids == byte_ids(40)
    np.testing.assert_array_equal(whole.attention(0, 0, 40), attention)
    np.testing.assert_allclose(whole.logits(39), logits, atol=1e-6)


@pytest.mark.parametrize("shared", [15, 31, 32, 33])
def test_a_branch_has_the_internals_of_its_own_text(tiny_gpt2, engine, shared):
    engine.read(byte_ids(40))
    branch_ids = (*byte_ids(40)[:shared], 99, 98, 97)
    branch = engine.read(branch_ids)
    with Engine(tiny_gpt2, PLENTY) as other:
        alone = other.read(branch_ids)
    length = len(branch_ids)
    np.testing.assert_allclose(branch.attention_heads(1, length), alone.attention_heads(1, length), atol=1e-5)
    np.testing.assert_allclose(branch.logits(length - 1), alone.logits(length - 1), atol=1e-4)


def test_a_second_writer_of_the_same_text_gets_a_copy_of_its_own(tiny_gpt2, engine, monkeypatch):
    without_eos(tiny_gpt2, monkeypatch)
    known = engine.read(byte_ids(20))
    first, second = map(ended, at_once(engine, [start_with(byte_ids(20), seed) for seed in (1, 2)], 5))
    one, two = (engine.read(run.token_ids) for run in (first, second))
    assert one is known, "the first goes on where the text is known"
    assert two is not known
    assert (one.token_ids, two.token_ids) == (first.token_ids, second.token_ids)


@pytest.mark.parametrize("prompts", ["one", "several"])
def test_writers_at_once_write_what_each_would_write_alone(tiny_models, engines, prompts):
    seeds = range(4)
    texts = [byte_ids(12, 1 if prompts == "one" else 1 + seed % 3) for seed in seeds]
    runs = [start_with(text, seed) for text, seed in zip(texts, seeds, strict=True)]
    alone = [written(tiny_models, run, 30) for run in runs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda run: list(engines.write(run, 30))[-1], runs))
    assert [run.token_ids for run in together] == [run.token_ids for run in alone]
