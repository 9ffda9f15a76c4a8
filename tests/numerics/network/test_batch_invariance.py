"""A text gets the same bits alone, in chunks, among others, behind a longer one, with one thread or many."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.activations import ACT2FN

from model.kernels.block_attention import KEY_BLOCK, attend_chunk, attend_singles, whole_blocks
from model.kernels.compiled_layers import compiled
from model.kernels.compiled_pass import summarised
from model.kernels.formats import packed
from model.kernels.rowwise import RowwiseActivation, gelu_tanh, silu
from model.network.batch import Span
from model.network.compiled_decoder import CompiledDecoder
from model.network.invariance import is_batch_invariant
from model.network.key_values import KeyValueSlots
from model.network.network import Network
from model.network.transformers_decoder import TransformersDecoder
from model.reference.attention_rule import Visibility
from tests.numerics.architectures import ALTERNATING, GROUPED, built
from tests.tiny import ARCHITECTURES, tiny_transformer

LENGTH = 2 * KEY_BLOCK + 44
THREADS = st.sampled_from([1, 2, 3, 5])
SHAPES = [(9, 3, 64), (12, 12, 64), (4, 1, 256), (6, 2, 16), (8, 8, 80)]
"""Heads, key-value heads and their size: of the default model, GPT-2, Gemma 3, a tiny model and OPT 2.7B."""
VISIBILITIES = st.sampled_from([Visibility(), Visibility(window=12), Visibility(chunk=150)])


@contextmanager
def threads(count: int) -> Iterator[None]:
    usual = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(usual)


class Text:
    """Queries, keys and values of a text, and what each query reads when all are computed at once."""

    def __init__(self, shape: tuple[int, int, int], visibility: Visibility) -> None:
        generator = torch.Generator().manual_seed(0)
        heads, shared, size = shape
        self.queries = torch.randn(LENGTH, heads, size, generator=generator) / size**0.5
        self.keys, self.values = torch.randn(2, shared, 3 * KEY_BLOCK, size, generator=generator)
        positions = torch.arange(LENGTH)[:, None]
        self.bias = visibility.bias(positions, torch.arange(whole_blocks(LENGTH)))[:, None]
        self.read = self.chunk(0, LENGTH)

    def chunk(self, start: int, end: int) -> torch.Tensor:
        bias = self.bias[start:end, :, : whole_blocks(end)]
        return compiled(attend_chunk)(self.queries[start:end], self.keys, self.values, bias, 0.0, KEY_BLOCK)

    def among(self, position: int, count: int, slot: int) -> torch.Tensor:
        """Return what one token reads that stands in a slot among `count` texts of other content."""
        queries = torch.randn(count, *self.queries.shape[1:])
        keys, values = torch.randn(2, count, *self.keys.shape)
        queries[slot], keys[slot], values[slot] = self.queries[position], self.keys, self.values
        bias = self.bias[torch.randint(LENGTH, (count,))][:, None]
        bias[slot] = self.bias[position]
        return compiled(attend_singles)(queries, keys, values, bias, 0.0, KEY_BLOCK)[slot]


@pytest.fixture(scope="module", params=SHAPES, ids=str)
def shape(request) -> tuple[int, int, int]:
    return request.param


@given(visibility=VISIBILITIES, count=THREADS, data=st.data())
@settings(max_examples=20, deadline=None)
def test_what_a_query_reads_depends_on_its_own_text_alone(shape, visibility, count, data):
    text = Text(shape, visibility)
    start = data.draw(st.integers(0, LENGTH - 1))
    end = data.draw(st.integers(start + 1, LENGTH))
    among = data.draw(st.integers(1, 9))
    with threads(count):
        assert torch.equal(text.chunk(start, end), text.read[start:end]), "in chunks"
        single = text.among(start, among, data.draw(st.integers(0, among - 1)))
        assert torch.equal(single, text.read[start]), "among others"


def test_what_is_read_is_the_attention_of_pytorch(shape):
    text = Text(shape, Visibility(window=100))
    seen = text.bias[:, 0, :LENGTH] == 0
    truth = torch.nn.functional.scaled_dot_product_attention(
        text.queries.transpose(0, 1)[None],
        text.keys[None, :, :LENGTH],
        text.values[None, :, :LENGTH],
        attn_mask=seen,
        scale=1.0,
        enable_gqa=True,
    )
    torch.testing.assert_close(text.read, truth[0].transpose(0, 1).flatten(1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("function", [silu, gelu_tanh])
@pytest.mark.parametrize("width", [48, 1536, 2048])
def test_an_activation_of_a_row_does_not_depend_on_rows_and_threads(function, width):
    rows = torch.randn(70, width, generator=torch.Generator().manual_seed(0))
    alone = torch.cat([compiled(function)(row[None]) for row in rows])
    for count in (1, 2, 3, 5):
        with threads(count):
            assert torch.equal(compiled(function)(rows), alone)


@pytest.mark.parametrize("name", ["gelu", "gelu_new", "quick_gelu", "silu", "relu2"])
def test_an_activation_of_any_model_is_the_same_function_row_by_row(name):
    rows = torch.randn(1, 70, 2000, generator=torch.Generator().manual_seed(0))
    function = ACT2FN[name]
    rowwise = RowwiseActivation(function)
    torch.testing.assert_close(rowwise(rows), function(rows))
    alone = torch.stack([rowwise(row[None]) for row in rows[0]], dim=1)
    for count in (1, 2, 3, 5):
        with threads(count):
            assert torch.equal(rowwise(rows), alone)


def test_the_sums_over_a_vocabulary_do_not_depend_on_threads():
    logits = 3 * torch.randn(2, 49_152, generator=torch.Generator().manual_seed(0))
    found = []
    for count in (1, 2, 3, 5):
        with threads(count):
            found.append([(one.total, one.weighted) for one in compiled(summarised)(logits, 256)])
    assert all(one == found[0] for one in found)


# Whole models


@torch.inference_mode()
def linear_layers_are_invariant() -> bool:
    """Tell whether this machine's libraries give a row of a linear layer the same bits in any company.

    Under some of their settings (DNNL_DEFAULT_FPMATH_MODE=BF16) they do not, and no model can be invariant.
    """
    generator = torch.Generator().manual_seed(6)
    weight, rows = torch.randn(96, 48, generator=generator), torch.randn(33, 48, generator=generator)
    layer = packed("float32", weight, None)
    return all(torch.equal(layer(rows[:count]), layer(rows)[:count]) for count in (1, 2, 3, 5, 9, 17))


needs_invariant_libraries = pytest.mark.skipif(
    not linear_layers_are_invariant(), reason="linear layers depend on how many rows are computed here"
)


def every_kind() -> dict[str, object]:
    windowed = {
        "with and without a window": lambda: built("Qwen2ForCausalLM", **ALTERNATING),
        "a window, chunks of Transformers' own layers": lambda: built(
            "Gemma3ForCausalLM", **GROUPED, head_dim=8, sliding_window=12
        ),
    }
    tiny = {name: (lambda name=name: tiny_transformer(name)) for name in ARCHITECTURES}
    return {**tiny, **windowed}


@needs_invariant_libraries
@pytest.mark.parametrize("kind", every_kind())
def test_every_architecture_is_batch_invariant_in_float32(kind):
    assert Network(every_kind()[kind]()).batch_invariant


class Careless:
    """A network whose rows depend on one thing that they must not depend on."""

    def __init__(self, network: Network, fault: str) -> None:
        self._network, self._fault = network, fault
        self.device = network.device

    def forward(self, slots: KeyValueSlots, spans: list[Span]) -> torch.Tensor:
        rows = self._network.forward(slots, spans)
        off = {
            "neighbours": len({span.slot for span in spans}) > 1,
            "many singles": len(spans) > 2,
            "few": 1 < len(rows) < 5,
            "alone": len(rows) == 1,
            "chunks": any(0 < span.start < 20 for span in spans),
            "threads": torch.get_num_threads() == 1,
        }
        return rows * (1 + 1e-7) if off.get(self._fault) else rows

    def softmaxes_of(self, final: torch.Tensor):
        more = self._fault == "output" and len(final) > 1
        return self._network.softmaxes_of(final * (1 + 1e-6) if more else final)


FAULTS = ["neighbours", "many singles", "few", "alone", "chunks", "threads", "output"]


@needs_invariant_libraries
@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_the_proof_at_loading_notices_the_last_bit_of_a_number(fault):
    with threads(2):
        network = Network(tiny_transformer("llama"))
        columns = network.layout.final
        final = slice(columns.start, columns.stop)
        assert is_batch_invariant(Careless(network, fault), 257, 128, final) == (fault is None)


@needs_invariant_libraries
def test_a_way_that_is_right_but_depends_on_neighbours_yields_to_one_that_does_not(monkeypatch):
    """And where there is no such way, the first that is right computes, and it is said."""
    right = CompiledDecoder.forward
    monkeypatch.setattr(
        CompiledDecoder, "forward", lambda *args: right(*args) * (1 + 1e-6 * (args[2].together > 1))
    )
    network = Network(tiny_transformer("llama"))
    assert isinstance(network._decoder, TransformersDecoder)
    assert network.batch_invariant

    monkeypatch.setattr("model.network.network.is_batch_invariant", lambda *_: False)
    network = Network(tiny_transformer("llama"))
    assert isinstance(network._decoder, CompiledDecoder)
    assert not network.batch_invariant
