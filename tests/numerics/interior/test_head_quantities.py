"""One number for each head: ten lines of numpy on Transformers' own attention are the judge."""

import warnings
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
import torch

from model.engine.engine import Engine
from model.engine.internals import Internals
from model.interior.head_quantities import QUANTITIES, head_quantities, layer_by_layer, patterns, ranked
from tests.numerics.writing import PLENTY, byte_ids
from tests.tiny import tiny_transformer

KEY = 5
TWICE = 24
"""Tokens of the sequence that the embedded model reads twice."""


def attention_of(transformer, token_ids) -> np.ndarray:
    """Return (layers, heads, T, T) weights as Transformers computes them."""
    transformer.set_attn_implementation("eager")
    with torch.inference_mode():
        found = transformer(torch.tensor([list(token_ids)]), output_attentions=True).attentions
    return torch.cat(found).double().numpy()


def of_row(name: str, row: np.ndarray, i: int, ids) -> float:
    """Return what one row says, by the definition; NaN for nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = np.nansum(row * np.log2(row))
    before = [j for j in range(i) if ids[j] == ids[i]]
    looked_at = {
        "first_token": [0],
        "previous_token": [i - 1],
        "self": [i],
        "duplicate_token": before,
        "induction": [j + 1 for j in before if j + 1 < i],
        "confidence": [1 + int(np.argmax(row[1 : i + 1]))],
        "token": [KEY] if i >= KEY else [],
    }.get(name)
    if looked_at is None:
        return -bits if name == "entropy" else sum(row[j] * (i - j) for j in range(i + 1))
    return sum(row[j] for j in looked_at) if looked_at else np.nan


def by_definition(name: str, attention: np.ndarray, ids) -> np.ndarray:
    """Return (layers, heads, T - 1) values of all rows but the first."""
    rows = [
        [[of_row(name, head[i], i, ids) for i in range(1, len(ids))] for head in one] for one in attention
    ]
    return np.array(rows)


def mean(values: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # no row says anything
        return np.nanmean(values, axis=-1)


@dataclass
class Read:
    """A text of few different tokens, read by a model."""

    internals: Internals
    attention: np.ndarray
    ids: tuple[int, ...]


@pytest.fixture(scope="module")
def read(tiny_models) -> Read:
    ids = tuple(int(token_id) for token_id in np.random.default_rng(3).integers(20, 28, 24))
    assert any(one == two for one, two in pairwise(ids)), "a token stands twice in a row"
    architecture = tiny_models.info.name.removeprefix("tiny-")
    with Engine(tiny_models, PLENTY) as engine:
        return Read(engine.read(ids), attention_of(tiny_transformer(architecture), ids), ids)


def assert_same(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, atol=2e-4)


@pytest.mark.parametrize("rows", [128, 7])
def test_every_quantity_is_the_mean_of_what_its_definition_gives_the_rows(read, monkeypatch, rows):
    monkeypatch.setattr("model.interior.head_quantities.ROWS", rows)
    found = head_quantities(read.internals, QUANTITIES, len(read.ids), key=KEY)
    assert list(found) == list(QUANTITIES)
    for name, values in found.items():
        assert_same(values, mean(by_definition(name, read.attention, read.ids)))


def test_of_one_query_every_quantity_is_what_its_row_says(read):
    rows = {name: by_definition(name, read.attention, read.ids) for name in QUANTITIES}
    for query in range(1, len(read.ids)):
        found = head_quantities(read.internals, QUANTITIES, len(read.ids), query=query, key=KEY)
        for name, values in found.items():
            assert_same(values, rows[name][:, :, query - 1])


def test_a_shorter_text_is_looked_at_as_if_it_ended_there(read):
    found = head_quantities(read.internals, ["distance"], 9)["distance"]
    assert_same(found, mean(by_definition("distance", read.attention[:, :, :9, :9], read.ids[:9])))


def test_the_first_token_says_nothing_and_a_text_without_repetition_nothing_of_induction(engine):
    internals = engine.read(byte_ids(9))
    for asked in ({}, {"query": 8}):
        found = head_quantities(internals, ["induction", "duplicate_token", "self"], 9, **asked)
        assert np.isnan(found["induction"]).all() and np.isnan(found["duplicate_token"]).all()
        assert np.isfinite(found["self"]).all()
    for length, asked in ((1, {}), (9, {"query": 0})):
        for values in head_quantities(internals, QUANTITIES, length, key=0, **asked).values():
            assert np.isnan(values).all()
    assert np.isnan(head_quantities(internals, ["token"], 9, query=3, key=4)["token"]).all()


def test_layers_come_one_by_one(engine):
    info = engine.model.info
    layers = layer_by_layer(engine.read(byte_ids(9)), ["self"], 9)
    assert next(layers)["self"].shape == (info.heads,)
    assert len(list(layers)) == info.layers - 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"names": ["grace"]}, "grace"),
        ({"names": ["token"]}, "token needs"),
        ({"query": 9}, "query must be between 0 and 8"),
        ({"key": -1}, "key must be between 0 and 8"),
        ({"length": 10}, "length must be between 1 and 9"),
    ],
)
def test_what_the_text_does_not_have_is_refused_at_once(engine, asked, said):
    with pytest.raises(ValueError, match=said):
        layer_by_layer(engine.read(byte_ids(9)), **{"names": ["self"], "length": 9, **asked})


def test_heads_are_ranked_from_the_largest_down_and_those_without_a_value_last():
    values = np.array([[0.5, np.nan, 0.25], [np.nan, 0.5, 1.0]])
    order = [(layer, head) for layer, head, _ in ranked(values)]
    assert order == [(1, 2), (0, 0), (1, 1), (0, 2), (0, 1), (1, 0)]
    assert [value for *_, value in ranked(values)][:4] == [1.0, 0.5, 0.5, 0.25]


@pytest.mark.parametrize("rows", [128, 7])
def test_a_small_picture_holds_the_weight_between_its_cells(read, monkeypatch, rows):
    monkeypatch.setattr("model.interior.head_quantities.ROWS", rows)
    parts = np.array_split(np.arange(24), 8)
    truth = read.attention[-1]
    expected = [[truth[:, a][:, :, b].sum(-1).mean(-1) for b in parts] for a in parts]
    last = read.internals.model.info.layers - 1
    found = patterns(read.internals, last, 24, size=8)
    np.testing.assert_allclose(found, np.moveaxis(np.array(expected), -1, 0), atol=1e-4)


@pytest.mark.parametrize(("length", "size"), [(24, 7), (24, 24), (24, 32), (1, 32)])
def test_a_small_picture_has_no_more_cells_than_tokens_and_its_rows_sum_to_one(read, length, size):
    found = patterns(read.internals, 0, length, size)
    assert found.shape == (read.internals.model.info.heads, min(length, size), min(length, size))
    np.testing.assert_allclose(found.sum(-1), 1, atol=1e-5)
    if size >= length:
        np.testing.assert_allclose(found, read.attention[0][:, :length, :length], atol=1e-4)


@pytest.mark.embedded
def test_the_heads_of_the_embedded_model_are_those_that_the_definitions_find(
    embedded_model, embedded_transformer
):
    once = np.random.default_rng(0).choice(np.arange(1000, 40_000), TWICE, replace=False).tolist()
    ids = tuple(once + once)
    with Engine(embedded_model, PLENTY) as engine:
        internals = engine.read(ids)
        names = ("previous_token", "first_token", "induction")
        found = {name: ranked(values) for name, values in head_quantities(internals, names, len(ids)).items()}
    attention = attention_of(embedded_transformer, ids)
    # Each token of the second half looks at what followed it in the first.
    stripe = np.diagonal(attention[:, :, TWICE:, :], 1, axis1=2, axis2=3)
    truth = {
        "previous_token": np.diagonal(attention, -1, axis1=2, axis2=3).mean(-1),
        "first_token": attention[:, :, 1:, 0].mean(-1),
        "induction": stripe.mean(-1),
    }
    for name, values in truth.items():
        best = np.argsort(-values, axis=None)[:5]
        assert [one[:2] for one in found[name][:5]] == [divmod(int(head), values.shape[1]) for head in best]
        assert found[name][0][2] == pytest.approx(values.max(), abs=1e-3)
        assert found[name][0][2] > 0.8, "the model has such a head"
