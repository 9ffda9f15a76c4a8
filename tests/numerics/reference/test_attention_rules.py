"""What Transformers says of its own masks holds for texts far longer than any that is read when loading."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import masking_utils

from model.engine.engine import Engine
from model.reference.attention_rule import AttentionRule, Visibility
from model.reference.attention_rules import UnknownRule, _spread, constant_length, rules_of, visibility_of
from model.reference.logit_function import LogitFunction, UnknownLogits, logit_function_of
from tests.numerics.architectures import ALTERNATING, GROUPED, SMALL, built, language_model
from tests.numerics.writing import PLENTY, at_once, ended, start_with
from tests.tiny import tiny_transformer

WINDOW = {**GROUPED, "sliding_window": 12}
GEMMA = {**GROUPED, "head_dim": 8}
LONGROPE = {
    **GROUPED,
    "max_position_embeddings": 128,
    "original_max_position_embeddings": 16,
    "rope_parameters": {
        "rope_type": "longrope",
        "rope_theta": 10_000.0,
        "short_factor": [1.0] * 4,
        "long_factor": [4.0] * 4,
        "original_max_position_embeddings": 16,
        "factor": 8.0,
    },
}
WIDER = {
    "a window in the mask alone, Qwen2-MoE": (
        "Qwen2MoeForCausalLM",
        {**WINDOW, "use_sliding_window": True, "layer_types": ["sliding_attention"] * 2},
    ),
    "a window in the mask alone, Phi-MoE": ("PhimoeForCausalLM", WINDOW),
    "windows and whole texts, Gemma 3": ("Gemma3ForCausalLM", {**GEMMA, "sliding_window": 12}),
    "capped attention and logits, Gemma 2": (
        "Gemma2ForCausalLM",
        {**GEMMA, "sliding_window": 12, "attn_logit_softcapping": 0.5, "final_logit_softcapping": 3.0},
    ),
    "chunks, Llama 4": (
        "Llama4ForCausalLM",
        {**GEMMA, "attention_chunk_size": 12, "intermediate_size_mlp": 48},
    ),
    "scaled logits, Granite": ("GraniteForCausalLM", {**GROUPED, "logits_scaling": 13.0}),
    "scaled logits, Cohere": ("CohereForCausalLM", GROUPED),
    "capped logits, Gemma 3": ("Gemma3ForCausalLM", {**GEMMA, "final_logit_softcapping": 30.0}),
}
"""Kinds of attention and of logits, with boundaries that end within forty tokens."""
BEYOND_THE_PROBE = {
    "a window of 100 in the mask alone, Qwen2-MoE": (
        "Qwen2MoeForCausalLM",
        {
            **WINDOW,
            "sliding_window": 100,
            "use_sliding_window": True,
            "layer_types": ["sliding_attention"] * 2,
        },
    ),
    "chunks of 100, Llama 4": (
        "Llama4ForCausalLM",
        {**GEMMA, "attention_chunk_size": 100, "intermediate_size_mlp": 48},
    ),
}
"""Boundaries that the text read when loading does not reach: what is known of them is what rules say."""


@pytest.mark.parametrize("name", [*WIDER, *BEYOND_THE_PROBE])
def test_a_text_far_beyond_every_boundary_is_the_models_own(name):
    kind, config = (WIDER | BEYOND_THE_PROBE)[name]
    length = 250 if name in BEYOND_THE_PROBE else 70
    config = {**config, "max_position_embeddings": 512}
    model, judge = language_model(kind, **config), built(kind, **config)
    token_ids = torch.randint(256, (length,), generator=torch.Generator().manual_seed(3)).tolist()
    judge.set_attn_implementation("eager")
    with torch.inference_mode():
        truth = judge(torch.tensor([token_ids]), output_attentions=True, use_cache=False)
    with Engine(model, PLENTY) as engine:
        internals = engine.read(token_ids)
    for position in range(len(token_ids)):
        ours = torch.from_numpy(internals.logits(position).copy()).log_softmax(-1)
        torch.testing.assert_close(ours, truth.logits[0, position].log_softmax(-1), rtol=0, atol=1e-3)
    for layer, attention in enumerate(truth.attentions):
        heads = internals.attention_heads(layer, len(token_ids))
        np.testing.assert_allclose(heads, attention[0], atol=1e-4)


@given(
    visibility=st.builds(Visibility, window=st.none() | st.integers(1, 300))
    | st.builds(Visibility, chunk=st.integers(1, 300)),
    context=st.integers(1, 700),
)
def test_a_rule_of_transformers_is_found_for_every_window_and_chunk(visibility, context):
    if visibility.window is not None:
        rule = masking_utils.sliding_window_causal_mask_function(visibility.window)
    elif visibility.chunk is not None:
        rule = masking_utils.chunked_causal_mask_function(visibility.chunk, torch.zeros(1, dtype=torch.long))
    else:
        rule = masking_utils.causal_mask_function
    nothing = torch.zeros((), dtype=torch.long)
    found = visibility_of(lambda query, key: rule(nothing, nothing, query, key), context)
    at = torch.arange(context)
    assert torch.equal(found.seen(at[:, None], at), visibility.seen(at[:, None], at))


VISIBILITIES = st.builds(Visibility, window=st.none() | st.integers(1, 3000)) | st.builds(
    Visibility, chunk=st.integers(1, 3000)
)


@given(pair=st.tuples(VISIBILITIES, VISIBILITIES), context=st.integers(1, 3000))
def test_two_kinds_of_mask_are_told_apart_at_the_positions_that_are_asked_for(pair, context):
    at, every = _spread(context, pair), torch.arange(context)[None]
    last = torch.tensor([[context - 1]])
    one, other = (kind.seen(last, every) for kind in pair)
    few, others = (kind.seen(last, at[None]) for kind in pair)
    assert torch.equal(few, others) == torch.equal(one, other)


def test_a_mask_that_looks_ahead_is_no_rule_of_ours():
    with pytest.raises(UnknownRule, match="no causal window"):
        visibility_of(lambda query, key: (key <= query + 1) & (query >= 0), 64)


def test_rules_are_read_without_changing_the_model():
    transformer = built("Qwen2ForCausalLM", **ALTERNATING)
    before = transformer.config._attn_implementation
    rules = rules_of(transformer, 128)
    assert [rule.visibility for rule in rules] == [Visibility(window=4), Visibility()]
    assert rules[0].scaling == pytest.approx(8**-0.5)
    assert transformer.config._attn_implementation == before


def test_factors_that_change_with_the_length_of_a_text_bound_it():
    assert constant_length(built("Phi3ForCausalLM", **LONGROPE), 128) == 16
    assert constant_length(built("LlamaForCausalLM", **GROUPED), 2048) == 2048
    assert constant_length(tiny_transformer("gpt2"), 128) == 128


def test_a_model_whose_factors_change_is_right_up_to_there_and_ends_its_texts_there():
    model, judge = (make("Phi3ForCausalLM", **LONGROPE) for make in (language_model, built))
    model.eos_token_ids = frozenset()
    longest = model.info.context_length
    assert longest == 16
    with Engine(model, PLENTY) as engine:
        short, long = (
            ended(one) for one in at_once(engine, [start_with([7] * 5, seed=1), start_with([9] * 12)], 60)
        )
        alone_engine = engine.read(short.token_ids)
    assert (len(short.token_ids), len(long.token_ids)) == (longest, longest)
    assert short.finish_reason == "context"
    with torch.inference_mode():
        truth = judge(torch.tensor([short.token_ids]), use_cache=False).logits[0].log_softmax(-1)
    for position in range(longest):
        ours = torch.from_numpy(alone_engine.logits(position).copy()).log_softmax(-1)
        torch.testing.assert_close(ours, truth[position], rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    ("kind", "config", "expected"),
    [
        ("LlamaForCausalLM", GROUPED, LogitFunction()),
        ("GPTNeoXForCausalLM", SMALL, LogitFunction()),
        ("Gemma3ForCausalLM", {**GEMMA, "final_logit_softcapping": 30.0}, LogitFunction(cap=30.0)),
        ("GraniteForCausalLM", {**GROUPED, "logits_scaling": 13.0}, LogitFunction(1 / 13.0)),
        ("CohereForCausalLM", {**GROUPED, "logit_scale": 0.25}, LogitFunction(0.25)),
    ],
)
def test_what_a_model_does_to_its_logits_is_found_by_trying(kind, config, expected):
    assert logit_function_of(built(kind, **config)) == expected


def test_logits_that_are_changed_in_another_way_are_refused(monkeypatch):
    transformer = tiny_transformer("llama")
    own = type(transformer).forward

    def squared(self, **arguments):
        output = own(self, **arguments)
        output["logits"] = output.logits * output.logits.abs()
        return output

    monkeypatch.setattr(type(transformer), "forward", squared)
    with pytest.raises(UnknownLogits, match="more than a factor and a cap"):
        logit_function_of(transformer)


def test_a_cap_of_scores_is_part_of_the_rule():
    rule = AttentionRule(0.5, softcap=2.0)
    torch.testing.assert_close(rule.capped(torch.tensor([0.0, 1e6])), torch.tensor([0.0, 2.0]))
    assert AttentionRule(0.5).capped(torch.tensor(7.0)) == 7.0
