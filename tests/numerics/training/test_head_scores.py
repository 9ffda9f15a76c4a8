"""The scores of heads that learn: against those of the room, by hand, and of a circuit that is planted."""

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from model.interior.head_quantities import QUANTITIES, Rows
from model.numbers import OutOfRange
from model.training.head_scores import head_scores, repeats
from tests.tiny import CONTEXT, tiny_transformer

SIZE = 24
"""Tokens, positions and channels of each of the three parts of the planted circuit's stream."""


def attentions_of(model, tokens):
    """Return (layers, sequences, heads, T, T) weights of another pass than the one that is tested."""
    model.set_attn_implementation("eager")
    with torch.no_grad():
        return torch.stack(model(tokens, output_attentions=True).attentions)


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
@pytest.mark.parametrize("name", ["previous_token", "induction", "first_token"])
def test_a_score_is_the_mean_of_the_room_s_measure_over_the_same_sequences(architecture, name):
    scores = head_scores(tiny_transformer(architecture), 256, CONTEXT, seed=3)
    given = repeats(256, CONTEXT, seed=3)
    positions = torch.arange(given.tokens.shape[1])
    of_sequences = []
    attentions = attentions_of(tiny_transformer(architecture), given.tokens)
    for index, tokens in enumerate(given.tokens):
        rows = Rows(tokens, positions[:, None], positions[None], None)
        values = torch.stack([QUANTITIES[name](layer[index], rows) for layer in attentions])
        of_sequences.append(values[..., 1:].nanmean(-1))
    np.testing.assert_allclose(getattr(scores, name), torch.stack(of_sequences).mean(0), atol=1e-6)


def test_a_score_is_what_one_adds_up_by_hand():
    model = tiny_transformer("gpt2")
    scores = head_scores(model, 100, 20, seed=1)
    tokens = repeats(100, 20, seed=1).tokens
    weights = attentions_of(model, tokens).numpy()
    found = []
    for index, sequence in enumerate(tokens.tolist()):
        for query, token in enumerate(sequence):
            if token in sequence[:query]:
                found.append(weights[:, index, :, query, sequence.index(token) + 1])
    np.testing.assert_allclose(scores.induction, np.mean(found, axis=0), atol=1e-6)
    previous = [weights[:, :, :, t, t - 1] for t in range(1, 20)]
    np.testing.assert_allclose(scores.previous_token, np.mean(previous, axis=(0, 2)), atol=1e-6)


@pytest.mark.parametrize(("vocab_size", "context"), [(3, 4), (5, 128), (32, 64), (1000, 4), (1000, 2048)])
def test_no_token_stands_twice_but_by_the_repetition(vocab_size, context):
    given = repeats(vocab_size, context, seed=0)
    assert given.tokens.shape[1] <= min(context, 64)
    for tokens, queries, distance in zip(given.tokens, given.queries, given.distance, strict=True):
        assert torch.equal(tokens[queries], tokens[queries - distance])
        assert len(set(tokens.tolist())) == len(tokens) - len(queries)
        assert len(queries) <= distance <= queries[0]


def test_distances_vary_and_the_seed_tells_which():
    given = repeats(256, 128, seed=0)
    assert len(set(given.distance[:, 0].tolist())) > 4
    assert torch.equal(given.tokens, repeats(256, 128, seed=0).tokens)
    assert not torch.equal(given.tokens, repeats(256, 128, seed=1).tokens)


def test_a_planted_circuit_is_found_head_by_head():
    scores = head_scores(planted_circuit(), SIZE, SIZE)
    assert scores.previous_token[0, 0] > 0.99
    assert scores.first_token[0, 1] > 0.99
    # Not all of it: nothing stands before the first token, which passes for its own predecessor.
    assert scores.induction[1, 0] > 0.95
    others = np.ones((2, 3), dtype=bool)
    others[1, 0] = False
    assert scores.induction[others].max() < 0.2


@torch.no_grad()
def planted_circuit():
    """Return two layers of which one head looks back by one, one at the first token, and one does induction.

    The stream of a token holds, each as one number that stands out, its id, its position, and, written by
    the first layer, the id of the token before.
    """
    shape = GPT2Config(
        vocab_size=SIZE,
        n_positions=SIZE,
        n_embd=3 * SIZE,
        n_layer=2,
        n_head=3,
        bos_token_id=None,
        eos_token_id=None,
    )
    model = GPT2LMHeadModel(shape).eval()
    for parameter in model.transformer.h.parameters():
        parameter.zero_()
    token, position, before = (slice(part * SIZE, (part + 1) * SIZE) for part in range(3))
    one, strong = torch.eye(SIZE), 30 * torch.eye(SIZE)
    model.transformer.wte.weight.zero_()[:, token] = 4 * one
    model.transformer.wpe.weight.zero_()[:, position] = 4 * one
    for block in model.transformer.h:
        block.ln_1.weight.fill_(1)
        block.ln_2.weight.fill_(1)
    width = 3 * SIZE
    first, second = (block.attn.c_attn.weight for block in model.transformer.h)
    first[position, 0:SIZE] = strong.roll(-1, 1)  # head 0 asks for the position before
    first[position, SIZE : 2 * SIZE] = strong[:, :1].sum() * torch.eye(SIZE)[0]  # head 1 asks for the first
    for head in range(2):
        first[position, width + head * SIZE : width + (head + 1) * SIZE] = one
    first[token, 2 * width : 2 * width + SIZE] = one
    model.transformer.h[0].attn.c_proj.weight[0:SIZE, before] = 4 * one
    second[token, 0:SIZE] = strong  # asks for the token whose predecessor is the query's own
    second[before, width : width + SIZE] = one
    return model


def test_the_model_is_left_as_it_was():
    model = tiny_transformer("llama").train()
    model.set_attn_implementation("sdpa")
    head_scores(model, 256, CONTEXT)
    assert model.training
    assert model.config._attn_implementation == "sdpa"
    assert all(parameter.grad is None for parameter in model.parameters())


def test_scores_go_into_json_with_their_shape():
    lists = head_scores(tiny_transformer("gpt2"), 256, CONTEXT).to_dict()
    assert {name: np.shape(rows) for name, rows in lists.items()} == {
        "previous_token": (3, 4),
        "induction": (3, 4),
        "first_token": (3, 4),
    }


@pytest.mark.parametrize(("vocab_size", "context"), [(2, 64), (256, 3)])
def test_too_small_a_model_is_told(vocab_size, context):
    with pytest.raises(OutOfRange, match="must be between"):
        repeats(vocab_size, context, seed=0)
