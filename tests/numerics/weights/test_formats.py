"""Models in other number formats: close to float32, beside it, and sharing what is not rounded."""

import copy
import platform

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from transformers import AutoModelForCausalLM
from transformers.pytorch_utils import Conv1D

from model.kernels.formats import FORMATS, PACKED, available, converted, linear_layers, packed, packs
from model.kernels.packed_linear import (
    INT8_BLOCK,
    Float16Linear,
    Float32Linear,
    Int8Linear,
    PackedLinear,
    Unrepresentable,
    lossless_factor,
)
from model.network.network import Network
from model.weights.embedded import embedded_model as embedded_folder
from model.weights.precision import PROBE_TEXT, PROBE_TOKENS, divergence
from tests.tiny import ARCHITECTURES, tiny_transformer

CPU = torch.device("cpu")
IDS = torch.tensor([list(range(3, 60))])
LARGEST_ERROR = {"float16 weights": 0.03, "int8 weights": 0.6, "bfloat16": 0.4, "float16": 0.1}
"""Of any logit, in standard deviations of the logits; random weights amplify what is rounded."""
LARGEST_DIVERGENCE = {"float16 weights": 5e-6, "int8 weights": 1.2e-2, "bfloat16": 4e-3, "float16": 1e-4}
"""Mean nats of the embedded model over 32 tokens; measured: 2.3e-6, 7.9e-3, 2.2e-3 and 2.4e-5."""
LINEAR_ERROR = {"float32": 1e-4, "float16 weights": 0.01, "int8 weights": 0.3}
OTHERS = available(CPU)[1:]
PACKED_HERE = tuple(form for form in PACKED if packs(form))
WHOLE = ("bfloat16", "float16")

needs_float16 = pytest.mark.skipif(not packs("float16 weights"), reason="FBGEMM is for x86")
needs_int8 = pytest.mark.skipif(not packs("int8 weights"), reason="the kernel is not in this PyTorch")
every_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)


@torch.inference_mode()
def logits(transformer, ids=IDS) -> torch.Tensor:
    """Return (T, V) logits of Transformers' own forward pass, as float32."""
    return transformer(ids, use_cache=False).logits[0].float()


@every_architecture
@pytest.mark.parametrize("form", OTHERS)
def test_the_logits_of_every_format_are_close_to_float32(architecture, form):
    transformer = tiny_transformer(architecture)
    exact, rounded = logits(transformer), logits(converted(transformer, form))
    assert 0 < (rounded - exact).abs().max() / exact.std() <= LARGEST_ERROR[form]


@every_architecture
@pytest.mark.parametrize("form", OTHERS)
def test_the_first_model_stays_as_it_is_and_usable(architecture, form):
    transformer = tiny_transformer(architecture)
    before, exact = copy.deepcopy(transformer), logits(transformer)
    second = converted(transformer, form)
    assert [type(module) for module in transformer.modules()] == [type(module) for module in before.modules()]
    known = before.state_dict()
    assert all(torch.equal(tensor, known[name]) for name, tensor in transformer.state_dict().items())
    assert transformer.dtype == torch.float32
    assert transformer.config.to_dict() == before.config.to_dict()
    logits(second)
    assert torch.equal(logits(transformer), exact)
    second.set_attn_implementation("eager")
    assert transformer.config._attn_implementation != "eager"


@every_architecture
@pytest.mark.parametrize("form", PACKED_HERE)
def test_formats_of_the_weights_share_every_parameter_that_is_left(architecture, form):
    transformer = tiny_transformer(architecture)
    second = converted(transformer, form)
    first = {id(tensor) for tensor in (*transformer.parameters(), *transformer.buffers())}
    assert {id(parameter) for parameter in second.parameters()} <= first
    assert not [module for module in second.modules() if isinstance(module, nn.Linear | Conv1D)]
    assert second.get_input_embeddings().weight is transformer.get_input_embeddings().weight
    assert second.dtype == torch.float32
    assert not any(module.training for module in second.modules())


@every_architecture
@pytest.mark.parametrize("form", PACKED_HERE)
def test_the_output_embedding_is_converted_also_where_it_is_tied(architecture, form):
    transformer = tiny_transformer(architecture)
    before, second = transformer.get_output_embeddings(), converted(transformer, form)
    output = second.get_output_embeddings()
    assert isinstance(output, PackedLinear)
    assert (output.in_features, output.out_features) == (before.in_features, before.out_features)
    assert transformer.get_output_embeddings() is before


def test_some_of_the_tiny_models_are_tied_and_some_are_not():
    tied = [tiny_transformer(architecture).config.tie_word_embeddings for architecture in ARCHITECTURES]
    assert any(tied) and not all(tied)


@every_architecture
@pytest.mark.parametrize("form", WHOLE)
def test_a_whole_format_computes_what_transformers_does_with_that_dtype(architecture, form, tmp_path):
    transformer = tiny_transformer(architecture)
    transformer.save_pretrained(tmp_path)
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=getattr(torch, form)).eval()
    second = converted(transformer, form)
    assert torch.equal(logits(second), logits(loaded))
    assert second.dtype == second.config.dtype == getattr(torch, form)
    tied = second.get_output_embeddings().weight is second.get_input_embeddings().weight
    assert tied == transformer.config.tie_word_embeddings


@needs_float16
@every_architecture
def test_float16_weights_compute_in_float32_with_the_weights_rounded(architecture):
    transformer = tiny_transformer(architecture)
    rounded = copy.deepcopy(transformer)
    output, table = rounded.get_output_embeddings(), rounded.get_input_embeddings().weight
    output.weight = nn.Parameter(table.detach().clone()) if output.weight is table else output.weight
    for layer, *_ in linear_layers(rounded):
        layer.weight.data = layer.weight.data.half().float()
    second = converted(transformer, "float16 weights")
    torch.testing.assert_close(logits(second), logits(rounded), rtol=0, atol=1e-4)


@torch.inference_mode()
@pytest.mark.parametrize("form", [form for form in ("float32", "float16 weights") if packs(form)])
@pytest.mark.parametrize("saved", [torch.float32, torch.bfloat16])
def test_a_row_is_the_same_to_the_last_bit_in_any_company(form, saved):
    generator = torch.Generator().manual_seed(1)
    for width, height in ((48, 265), (768, 1536), (1024, 96), (1536, 576), (576, 4097)):
        weight = torch.randn(height, width, generator=generator).to(saved).float()
        layer, rows = packed(form, weight, None), torch.randn(33, width, generator=generator)
        alone = torch.cat([layer(row[None]) for row in rows])
        for count in (1, 2, 5, 16, 33):
            assert torch.equal(layer(rows[:count]), alone[:count]), (width, height, count)


@torch.inference_mode()
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("form", PACKED_HERE)
@pytest.mark.parametrize("conv", [False, True])
def test_linear_layers_and_conv1d_take_any_leading_dimensions_with_and_without_bias(form, bias, conv):
    transformer = tiny_transformer("gpt2")
    generator = torch.Generator().manual_seed(2)
    layer = Conv1D(96, 48) if conv else nn.Linear(48, 96, bias=bias)
    layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator))
    if bias:
        layer.bias.copy_(100 * torch.randn(96, generator=generator))
    transformer.transformer.h[0].attn.c_proj = layer
    second = converted(transformer, form).transformer.h[0].attn.c_proj
    assert (second.in_features, second.out_features) == (48, 96)
    x = torch.randn(3, 4, 48, generator=generator)
    for rows in (x, x.transpose(0, 1), x[0], x[0, 0], x[:, :0], x.expand(2, 3, 4, 48)):
        result, exact = second(rows), layer(rows.contiguous())
        assert (result.shape, result.dtype) == (exact.shape, torch.float32)
        torch.testing.assert_close(result, exact, rtol=0, atol=LINEAR_ERROR[form])


SAVED = st.sampled_from([torch.float16, torch.bfloat16, torch.float32])


@given(SAVED, st.integers(0, 2**32), st.floats(1e-12, 1e12), st.floats(0, 6))
def test_a_lossless_factor_brings_every_weight_into_float16_and_back_to_the_last_bit(
    saved, seed, size, spread
):
    generator = torch.Generator().manual_seed(seed)
    weight = (
        size
        * torch.randn(7, 16, generator=generator)
        * 10 ** (-spread * torch.rand(7, 16, generator=generator))
    )
    weight = weight.to(saved).float()
    factor = lossless_factor(weight)
    if factor is not None:
        assert torch.equal((weight * factor).half().float() / factor, weight)
        assert torch.equal(weight * factor / factor, weight)


def test_weights_saved_in_half_precision_have_a_lossless_factor_and_others_have_none():
    weight = 0.02 * torch.randn(300, 200, generator=torch.Generator().manual_seed(4))
    assert lossless_factor(weight.half().float()) == 1.0
    assert lossless_factor(weight.bfloat16().float()) > 1.0
    assert lossless_factor(torch.zeros(3, 4)) == 1.0
    for other in (weight, weight * float("inf"), weight * float("nan"), weight.bfloat16().float() * 1e-30):
        assert lossless_factor(other) is None


@needs_float16
@torch.inference_mode()
@pytest.mark.parametrize("saved", [torch.float16, torch.bfloat16])
def test_float16_holds_the_weights_it_is_given_and_gives_each_back(saved):
    """A product with the identity reads them; among them the smallest numbers there are of float16."""
    weight = 0.02 * torch.randn(64, 32, generator=torch.Generator().manual_seed(5)).to(saved).float()
    weight[3] = 2.0**-24
    weight = weight.to(saved).float()
    layer = packed("float32", weight, None)
    assert isinstance(layer, Float16Linear)
    assert torch.equal(layer(torch.eye(32)).T, weight)


@needs_float16
@every_architecture
@pytest.mark.parametrize("saved", ["float16", "bfloat16"])
def test_a_model_saved_in_half_precision_takes_half_the_bytes_in_float32_and_is_exact(architecture, saved):
    transformer = tiny_transformer(architecture).to(getattr(torch, saved)).float()
    exact, second = logits(transformer), converted(transformer, "float32")
    layers = [layer for layer in second.modules() if isinstance(layer, PackedLinear)]
    assert layers and all(isinstance(layer, Float16Linear) for layer in layers)
    torch.testing.assert_close(logits(second), exact, rtol=0, atol=1e-4)
    recorded = Network(transformer)  # which compares its probe with what Transformers computes
    assert recorded.batch_invariant


@needs_float16
def test_a_model_saved_in_float32_keeps_float32():
    second = converted(tiny_transformer("llama"), "float32")
    assert {type(layer) for layer in second.modules() if isinstance(layer, PackedLinear)} == {Float32Linear}


@needs_int8
def test_int8_weights_lie_within_half_a_step_of_the_weights_and_keep_rows_of_zeros():
    weight = (
        torch.randn(40, 96, generator=torch.Generator().manual_seed(3)) * torch.logspace(-6, 6, 40)[:, None]
    )
    weight[7] = 0
    layer = Int8Linear(weight, None)
    assert layer.codes.dtype == torch.int8
    error = (layer.codes * layer.scales.float()[:, None] - weight).abs()
    # The scale is rounded to 8 bits, so that the largest weight of a row may be cut by half a percent.
    assert (error <= 0.5 * layer.scales.float()[:, None] + weight.abs() / 256).all()
    assert not layer.codes[7].any()


@needs_int8
def test_int8_leaves_alone_the_layers_whose_rows_its_kernel_would_overrun():
    transformer = tiny_transformer("gpt2")
    odd = nn.Linear(INT8_BLOCK * 3 - 1, 48)
    transformer.odd = odd
    second = converted(transformer, "int8 weights")
    assert type(second.odd) is nn.Linear
    assert second.odd.weight is odd.weight


@needs_int8
def test_a_kind_of_linear_layer_that_may_compute_something_else_is_left_alone():
    class Twice(nn.Linear):
        def forward(self, x):
            return 2 * super().forward(x)

    transformer = tiny_transformer("gpt2")
    transformer.twice = Twice(48, 48)
    assert type(converted(transformer, "int8 weights").twice) is Twice


@pytest.mark.parametrize(
    ("form", "weight"),
    [
        ("float16 weights", 65_505.0),
        ("float16", -65_505.0),
        ("float16 weights", float("nan")),
        ("int8 weights", float("inf")),
        ("bfloat16", 3.4e38),
    ],
)
def test_a_weight_beyond_the_format_is_refused_by_name_and_never_becomes_another_number(form, weight):
    transformer = tiny_transformer("llama")
    transformer.model.layers[1].mlp.up_proj.weight.data[5, 7] = weight
    with pytest.raises(Unrepresentable, match=r"model\.layers\.1\.mlp\.up_proj.*do not fit into torch\."):
        converted(transformer, form)


@needs_float16
def test_the_largest_number_of_float16_is_still_accepted():
    layer = Float16Linear(torch.full((16, 16), 65_504.0), None)
    assert layer(torch.eye(16)).eq(65_504).all()


@every_architecture
def test_float32_packed_is_float32(architecture):
    transformer = tiny_transformer(architecture)
    torch.testing.assert_close(
        logits(converted(transformer, "float32")), logits(transformer), rtol=0, atol=1e-4
    )


@pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="other kernels elsewhere")
def test_no_format_is_left_out_of_these_tests_where_pytorch_has_all_kernels():
    assert set(OTHERS) == set(FORMATS) - {"float32"}
    assert set(PACKED_HERE) == set(PACKED)


def test_float32_is_the_model_itself_where_nothing_packs_it(monkeypatch):
    monkeypatch.setattr("model.kernels.formats.packs", lambda form: False)
    transformer = tiny_transformer("gpt2")
    assert converted(transformer, "float32") is transformer


def test_every_device_has_float32_first_and_packed_weights_are_for_the_processor():
    assert available(CPU)[0] == "float32"
    assert {"bfloat16", "float16"} <= set(available(CPU)) <= set(FORMATS)
    assert available(torch.device("cuda")) == ("float32", "bfloat16", "float16")
    assert available(torch.device("mps")) == ("float32", "float16")


@pytest.mark.embedded
def test_the_embedded_model_diverges_little_in_every_format(embedded_model):
    """From its files: the fixture makes sure of them, but its own model is prepared for recording already."""
    folder, _ = embedded_folder(print)
    transformer = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    ids = embedded_model.encode(PROBE_TEXT)
    assert len(ids) >= PROBE_TOKENS
    for form in available(CPU)[1:]:
        found = divergence(transformer, converted(transformer, form), ids[:32])
        assert 0 < found <= LARGEST_DIVERGENCE[form], form
