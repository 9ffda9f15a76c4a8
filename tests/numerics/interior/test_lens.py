"""The logit lens is the final norm and the output embedding of Transformers on its own hidden states."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.interior.lens import kl_bits, lens, lens_grid
from model.network.unknown_part import UnknownPart
from model.sampler.distribution import Softmax
from tests.conftest import TINY_ARCHITECTURES
from tests.numerics.architectures import GROUPED, SMALL, built, language_model
from tests.numerics.dissected import LENGTH, Dissected, dissected, internals_of, prepared
from tests.numerics.writing import byte_ids

POSITION = 7
TOKEN = 40


@pytest.fixture(scope="module", params=TINY_ARCHITECTURES)
def text(request) -> Dissected:
    return dissected(request.param)


def assert_says(layer, logits: torch.Tensor, own: torch.Tensor) -> None:
    """Compare a layer of the lens with (V,) logits of its own and of the model's output."""
    logprobs, final = logits.double().log_softmax(-1), own.double().log_softmax(-1)
    probabilities = logprobs.exp()
    order = logprobs.argsort(descending=True)
    assert layer.token_ids == tuple(order[: len(layer.token_ids)].tolist())
    np.testing.assert_allclose(layer.probabilities, probabilities[order[: len(layer.token_ids)]], atol=1e-4)
    assert layer.probability == pytest.approx(probabilities[TOKEN].item(), abs=1e-4)
    assert layer.rank == 1 + order.tolist().index(TOKEN)
    entropy = -(probabilities * logprobs).sum() / np.log(2)
    assert layer.entropy_bits == pytest.approx(entropy.item(), abs=1e-3)
    divergence = (final.exp() * (final - logprobs)).sum() / np.log(2)
    assert layer.kl_bits == pytest.approx(divergence.item(), abs=1e-3)


def test_each_layer_says_what_the_final_norm_and_the_output_embedding_make_of_its_stream(text):
    found = lens(text.internals, POSITION, TOKEN)
    with torch.inference_mode():
        truth = text.lm_head(text.norm(text.stream[:, POSITION]))
    assert [layer.layer for layer in found] == list(range(len(text.stream)))
    for layer, logits in zip(found, truth, strict=True):
        assert_says(layer, logits, text.logits[POSITION])


def test_the_last_layer_says_what_the_model_said(text):
    last = lens(text.internals, POSITION, TOKEN, leading=5)[-1]
    assert_says(last, text.logits[POSITION], text.logits[POSITION])
    own = text.internals.softmax(POSITION)
    assert last.token_ids == tuple(own.leading(5).tolist())
    np.testing.assert_allclose(last.probabilities, own.of(own.leading(5)), atol=1e-6)
    assert last.kl_bits == 0


def test_the_grid_holds_the_lens_of_every_position_and_asks_for_the_token_that_stands_next(text):
    token_ids = byte_ids(LENGTH)
    columns = list(lens_grid(text.internals, token_ids, range(3, LENGTH)))
    assert [column.position for column in columns] == list(range(3, LENGTH))
    for column in columns[:-1]:
        assert column.token_id == token_ids[column.position + 1]
        assert column.layers == lens(text.internals, column.position, column.token_id, leading=1)
    assert columns[-1].token_id is None
    assert all(layer.rank is None and layer.probability is None for layer in columns[-1].layers)


def test_tokens_behind_the_text_that_is_looked_at_are_not_asked_for(text):
    [column] = lens_grid(text.internals, byte_ids(POSITION + 1), range(POSITION, POSITION + 1))
    assert len(text.internals) > POSITION + 1
    assert column.token_id is None


def test_a_column_that_nobody_asks_for_is_not_computed(monkeypatch):
    internals = dissected("gpt2").internals
    reads = []
    read = internals.model.read
    monkeypatch.setattr(internals.model, "read", lambda work: reads.append(1) or read(work))
    columns = lens_grid(internals, byte_ids(LENGTH), range(LENGTH))
    assert len(reads) == 0
    assert next(columns).position == 0
    assert next(columns).position == 1
    assert len(reads) == 2


@pytest.mark.parametrize(("position", "token_id"), [(LENGTH, 1), (-1, 1), (0, -1), (0, 10_000)])
def test_what_is_not_there_has_no_lens(position, token_id):
    with pytest.raises(IndexError):
        lens(dissected("gpt2").internals, position, token_id)


def test_a_model_whose_final_norm_is_not_found_says_so_and_does_everything_else(monkeypatch):
    monkeypatch.setattr("model.network.transformers_decoder.candidates", lambda *_: iter(()))
    internals = internals_of(language_model("OlmoForCausalLM", **GROUPED))
    with pytest.raises(UnknownPart, match="final norm"):
        lens(internals, POSITION, TOKEN)
    np.testing.assert_allclose(internals.attention(0, 0, LENGTH).sum(axis=-1), 1, atol=1e-5)
    assert internals.softmax(POSITION).probabilities.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        pytest.param(
            "OPTForCausalLM",
            {**SMALL, "ffn_dim": 48, "word_embed_proj_dim": 16, "do_layer_norm_before": False},
            id="no norm and a projection",
        ),
        pytest.param(
            "OPTForCausalLM",
            {**SMALL, "ffn_dim": 48, "word_embed_proj_dim": 16},
            id="a norm and a projection",
        ),
        pytest.param("OlmoForCausalLM", GROUPED, id="a norm without weights"),
        pytest.param("GemmaForCausalLM", {**GROUPED, "head_dim": 8}, id="weights counted from 1"),
    ],
)
def test_whatever_stands_between_the_last_layer_and_the_output_is_found(kind, config):
    internals, judge = internals_of(prepared(built(kind, **config))), built(kind, **config)
    leaving: list[torch.Tensor] = []
    layers = getattr(judge.base_model, "decoder", judge.base_model).layers
    layers[0].register_forward_hook(lambda _, __, output: leaving.append(output))
    beyond = layers[1]
    beyond.forward = lambda hidden_states, **_: hidden_states
    with torch.inference_mode():
        logits = judge(torch.tensor([byte_ids(LENGTH)])).logits[0, POSITION]
    found = lens(internals, POSITION, TOKEN)
    assert_says(found[1], logits, torch.from_numpy(internals.logits(POSITION)))


scores = st.lists(st.floats(-30, 30, width=32), min_size=2, max_size=20)


@given(scores, st.randoms(use_true_random=False))
def test_the_divergence_of_a_distribution_is_nothing_from_itself_and_never_less_from_another(own, random):
    other = random.sample(own, len(own))
    ours, theirs = (Softmax(np.array(one, dtype=np.float32)) for one in (own, other))
    assert kl_bits(ours, ours) == 0
    expected = np.sum(ours.probabilities * np.log2(ours.probabilities / theirs.probabilities))
    assert kl_bits(ours, theirs) == pytest.approx(max(0, expected), abs=1e-6)


def test_a_token_that_cannot_come_costs_nothing():
    own = Softmax(np.array([0.0, 0.0, -np.inf], dtype=np.float32))
    assert kl_bits(own, Softmax(np.zeros(3, dtype=np.float32))) == pytest.approx(np.log2(1.5))
