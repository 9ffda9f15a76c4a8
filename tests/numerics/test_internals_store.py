"""The internals of many texts: linear in length, bounded over all, recomputed alike, and safe to share."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from model.generation import write
from model.internals import KEPT_LOGITS, Internals, InternalsStore
from model.run import Run, SamplerSettings
from tests.tiny import tiny_model

WILD = SamplerSettings(temperature=1.3, top_k=0, top_p=1.0)
PLENTY = 2**30


def token_ids(length: int, first: int = 1) -> tuple[int, ...]:
    """A text of plain bytes, different for every `first`."""
    return tuple((first + 7 * index) % 250 for index in range(length))


def internals_of(model, length: int, *, one_by_one: bool = False) -> Internals:
    internals = Internals(model)
    for part in [[token] for token in token_ids(length)] if one_by_one else [token_ids(length)]:
        internals.extend(part)
    return internals


@pytest.fixture
def store(tiny_gpt2) -> InternalsStore:
    return InternalsStore(tiny_gpt2, PLENTY)


def written(store: InternalsStore, prompt_ids, seed: int, count: int = 30) -> Run:
    run = Run(model="tiny", prompt="", prompt_token_ids=tuple(prompt_ids), settings=WILD, seed=seed)
    *_, run = write(store, run, count)
    return run


# Memory


@pytest.mark.parametrize("one_by_one", [False, True], ids=["read at once", "written token by token"])
def test_memory_grows_with_the_length_of_the_text_and_not_with_its_square(tiny_models, one_by_one):
    sizes = [internals_of(tiny_models, length, one_by_one=one_by_one).nbytes for length in (64, 128)]
    assert sizes[1] / sizes[0] == pytest.approx(2, rel=0.02)


@pytest.mark.embedded
def test_memory_of_the_embedded_model_is_linear_at_64_128_and_256_tokens(embedded_model):
    sizes = [internals_of(embedded_model, length).nbytes for length in (64, 128, 256)]
    assert sizes[1] / sizes[0] == pytest.approx(2, rel=0.02)
    assert sizes[2] / sizes[1] == pytest.approx(2, rel=0.02)
    assert sizes[2] < 256 * 300_000, "about 200 kB a token: queries, keys, values, residual stream in float32"


def test_only_a_few_logits_are_kept_and_the_others_come_out_the_same_again(tiny_gpt2):
    internals = internals_of(tiny_gpt2, 40)
    before = internals.nbytes
    first = internals.logits(0).copy()
    for position in range(40):
        internals.logits(position)
    assert internals.nbytes == before + KEPT_LOGITS * first.nbytes
    np.testing.assert_allclose(internals.logits(0), first, atol=1e-6)


def test_the_budget_holds_over_all_texts_and_the_one_used_last_stays(tiny_gpt2):
    size = internals_of(tiny_gpt2, 60).nbytes
    store = InternalsStore(tiny_gpt2, int(3.5 * size))
    for first in range(10):
        store.get(token_ids(60, first))
        assert store.nbytes <= store.budget_bytes
    assert store.nbytes == pytest.approx(3 * size, rel=0.01), "and as much as fits is kept"


def test_a_text_larger_than_the_whole_budget_is_still_shown(tiny_gpt2):
    store = InternalsStore(tiny_gpt2, 1)
    one, two = (store.get(token_ids(60, first)) for first in (1, 2))
    assert len(one) == len(two) == 60
    assert store.nbytes == two.nbytes, "one at a time"


def test_the_text_used_longest_ago_goes_first(tiny_gpt2):
    size = internals_of(tiny_gpt2, 60).nbytes
    store = InternalsStore(tiny_gpt2, int(2.5 * size))
    one, two = (store.get(token_ids(60, first)) for first in (1, 2))
    assert store.get(one.token_ids) is one
    store.get(token_ids(60, 3))
    assert store.get(one.token_ids) is one
    assert store.get(two.token_ids) is not two


def test_a_text_that_is_being_written_is_not_forgotten(tiny_gpt2):
    store = InternalsStore(tiny_gpt2, 1)
    with store.writer(token_ids(20)) as internals:
        store.get(token_ids(60, 2))
        store.get(token_ids(60, 3))
        assert store.get(token_ids(20)) is internals


# Recomputing


def test_what_was_evicted_is_recomputed_by_one_pass_and_is_the_same(tiny_models):
    store = InternalsStore(tiny_models, 1)
    run = written(store, token_ids(10), seed=3)
    before = store.get(run.token_ids)
    store.get(token_ids(50, 9))
    after = store.get(run.token_ids)
    assert after is not before
    length = len(run.token_ids)
    for layer in range(tiny_models.info.layers):
        np.testing.assert_allclose(
            after.attention_heads(layer, length), before.attention_heads(layer, length), atol=1e-4
        )
    for position in range(length):
        np.testing.assert_allclose(after.logits(position), before.logits(position), atol=1e-4)


# Sharing


def test_a_prefix_of_a_known_text_is_read_without_a_copy(store):
    whole = store.get(token_ids(40))
    held = store.nbytes
    for length in (1, 17, 40):
        assert store.get(token_ids(40)[:length]) is whole
    assert store.nbytes == held


def test_a_text_that_goes_on_is_extended_where_it_is(store):
    short = store.get(token_ids(20))
    assert store.get(token_ids(40)) is short
    assert short.token_ids == token_ids(40)


def test_branching_from_a_prefix_leaves_the_longer_text_as_it_was(store):
    whole = store.get(token_ids(40))
    attention, logits = whole.attention(0, 0, 40), whole.logits(39).copy()
    branch_ids = (*token_ids(40)[:15], 99, 98, 97)
    with store.writer(branch_ids) as branch:
        assert branch is not whole
        assert branch.token_ids == branch_ids
    assert whole.token_ids == token_ids(40)
    np.testing.assert_array_equal(whole.attention(0, 0, 40), attention)
    np.testing.assert_allclose(whole.logits(39), logits, atol=1e-6)


def test_a_branch_has_the_internals_of_its_own_text(store, tiny_gpt2):
    store.get(token_ids(40))
    branch_ids = (*token_ids(40)[:15], 99, 98, 97)
    alone = Internals(tiny_gpt2)
    alone.extend(branch_ids)
    branch = store.get(branch_ids)
    np.testing.assert_allclose(branch.attention_heads(1, 18), alone.attention_heads(1, 18), atol=1e-5)
    np.testing.assert_allclose(branch.logits(17), alone.logits(17), atol=1e-4)


def test_a_second_writer_of_the_same_text_gets_a_copy_of_its_own(store):
    with store.writer(token_ids(20)) as one, store.writer(token_ids(20)) as two:
        assert one is not two
        one.extend([1])
        two.extend([2, 3])
        assert one.token_ids == (*token_ids(20), 1)
        assert two.token_ids == (*token_ids(20), 2, 3)


def test_a_writer_gets_its_own_text_even_if_another_extends_the_known_one_at_the_last_moment(store):
    known = store.get(token_ids(20))

    class TakenMeanwhile:
        """The known text's lock; another writer is faster by a moment."""

        def __init__(self) -> None:
            self.lock = threading.Lock()
            self.release = self.lock.release
            self.locked = self.lock.locked

        def acquire(self, *, blocking: bool = True) -> bool:
            if len(known) == 20:
                known.extend([201])
            return self.lock.acquire(blocking=blocking)

    known.writing = TakenMeanwhile()
    with store.writer((*token_ids(20), 202)) as internals:
        assert internals.token_ids == (*token_ids(20), 202)
    assert known.token_ids == (*token_ids(20), 201)


@pytest.mark.parametrize("prompts", ["one", "several"])
def test_two_writers_at_once_write_what_each_would_write_alone(tiny_models, prompts):
    seeds = range(4)
    texts = [token_ids(12, 1 if prompts == "one" else 1 + seed % 3) for seed in seeds]
    alone = [
        written(InternalsStore(tiny_models, PLENTY), text, seed)
        for text, seed in zip(texts, seeds, strict=True)
    ]
    store = InternalsStore(tiny_models, PLENTY)
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda seed: written(store, texts[seed], seed), seeds))
    assert [run.token_ids for run in together] == [run.token_ids for run in alone]


def test_a_text_can_be_read_while_it_is_written():
    model = tiny_model("llama")
    store = InternalsStore(model, PLENTY)
    done = threading.Event()
    expected = internals_of(model, 10).attention(0, 0, 10)

    def read() -> int:
        reads = 0
        while not done.is_set() or reads == 0:
            np.testing.assert_allclose(store.get(token_ids(10)).attention(0, 0, 10), expected, atol=1e-5)
            reads += 1
        return reads

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        try:
            written(store, token_ids(10), seed=1, count=60)
        finally:
            done.set()
        assert reading.result() > 0


def test_memory_can_be_counted_while_logits_are_read(tiny_gpt2):
    internals = internals_of(tiny_gpt2, 60)
    done = threading.Event()

    def read() -> None:
        position = 0
        while not done.is_set():
            internals.logits(position := (position + 1) % 60)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(read)
            try:
                for _ in range(3000):
                    assert internals.nbytes > 0
            finally:
                done.set()
            reading.result()
    finally:
        sys.setswitchinterval(interval)


def test_a_pass_that_fails_leaves_the_store_usable(tiny_gpt2, monkeypatch):
    store = InternalsStore(tiny_gpt2, PLENTY)
    short = store.get(token_ids(10))
    expected = short.logits(9).copy()

    def broken(*_args, **_kwargs):
        raise RuntimeError("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(tiny_gpt2._transformer.transformer.h[2], "forward", broken)
        with pytest.raises(RuntimeError, match="out of memory"):
            store.get(token_ids(20))
    again = store.get(token_ids(20))
    alone = internals_of(tiny_gpt2, 20)
    np.testing.assert_allclose(again.logits(19), alone.logits(19), atol=1e-4)
    np.testing.assert_allclose(again.attention_heads(0, 20), alone.attention_heads(0, 20), atol=1e-5)
    np.testing.assert_allclose(again.logits(9), expected, atol=1e-4)
