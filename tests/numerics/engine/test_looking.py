"""Whoever looks at texts while they are written sees them right, and leaves them as they are."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from model.engine.engine import Engine
from model.engine.internals import InternalsStore
from tests.numerics.writing import PLENTY, at_once, byte_ids, ended, start_with, without_eos, written
from tests.tiny import tiny_model


def test_a_text_can_be_read_while_it_is_written(monkeypatch):
    model = without_eos(tiny_model("llama"), monkeypatch)
    with Engine(model, PLENTY) as engine:
        expected = engine.read(byte_ids(10)).attention(0, 0, 10)
    reads = 0
    with Engine(model, PLENTY) as engine:
        begun = engine.write(start_with(byte_ids(10)), 100)
        while not begun.done or reads == 0:
            internals = engine.read(byte_ids(10))
            np.testing.assert_allclose(internals.attention(0, 0, 10), expected, atol=1e-5)
            reads += 1
        assert len(ended(begun).steps) == 100


def test_figures_are_read_from_many_threads_while_texts_are_written(tiny_models, monkeypatch):
    model = without_eos(tiny_models, monkeypatch)
    runs = [start_with(byte_ids(10 + 3 * seed, seed), seed) for seed in range(4)]
    alone = [written(model, run, 40) for run in runs]
    done = threading.Event()

    def look(engine: Engine, index: int) -> int:
        """Look at the texts, known and growing, until all are written; return how often."""
        looks = 0
        while not done.is_set() or looks == 0:
            text = alone[index].token_ids[: 10 + looks % 40]
            internals = engine.read(text)
            weights = internals.attention_heads(0, len(text))
            np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-5)
            assert np.isfinite(internals.logits(len(text) - 1)).all()
            looks += 1
        return looks

    with Engine(model, PLENTY, places=4) as engine, ThreadPoolExecutor(3) as pool:
        looking = [pool.submit(look, engine, index) for index in (0, 2, 3)]
        try:
            together = [ended(one) for one in at_once(engine, runs, 40)]
        finally:
            done.set()
        assert all(one.result() > 0 for one in looking)
    assert [run.token_ids for run in together] == [run.token_ids for run in alone]


def test_memory_can_be_counted_while_logits_are_read(tiny_gpt2):
    with Engine(tiny_gpt2, PLENTY) as engine:
        internals = engine.read(byte_ids(60))
    store = InternalsStore(PLENTY)
    store.add(internals)
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
                for _ in range(1000):
                    assert store.nbytes > 0
            finally:
                done.set()
            reading.result()
    finally:
        sys.setswitchinterval(interval)
