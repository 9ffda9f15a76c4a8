"""What is recorded is what the model computed: an eager forward pass of Transformers is the judge."""

import copy
import inspect
from dataclasses import dataclass

import numpy as np
import pytest
import torch
import transformers

from model.generation import write
from model.internals import MEAN_HEAD, Internals, InternalsStore
from model.language_model import LanguageModel, UnrecordableModel
from model.run import Run, SamplerSettings
from tests.conftest import TINY_ARCHITECTURES
from tests.tiny import tiny_model, tiny_tokenizer

PROMPT = "Then the other one, in 1984: 'ça va'"
NEW_TOKENS = 12
ATTENTION_TOLERANCE = 1e-4
SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
GROUPED = {**SMALL, "num_key_value_heads": 2}


@dataclass
class Recorded:
    """A text with generated tokens, what was recorded of it, and what an eager pass says."""

    model: LanguageModel
    internals: Internals
    truth: transformers.modeling_outputs.CausalLMOutputWithPast
    tolerance: float
    """Of logits, log-probabilities and, relative to the largest, the residual stream."""

    @property
    def length(self) -> int:
        return len(self.internals)


def eager_pass(model: LanguageModel, token_ids):
    """Return the outputs of a copy of the model that knows nothing of the recording attention."""
    judge = copy.deepcopy(model._transformer)
    judge.set_attn_implementation("eager")
    with torch.inference_mode():
        return judge(torch.tensor([list(token_ids)]), output_attentions=True, output_hidden_states=True)


def recorded(model: LanguageModel, tolerance: float) -> Recorded:
    """Generate some tokens after a prompt and judge the whole text."""
    prompt_ids = model.encode(PROMPT)
    run = Run(model=model.info.identity, prompt=PROMPT, prompt_token_ids=prompt_ids)
    store = InternalsStore(model, 2**30)
    *_, run = write(store, run, NEW_TOKENS, settings=SamplerSettings(temperature=1.5, top_k=0, top_p=1.0))
    internals = store.get(run.token_ids)
    assert internals.token_ids[: len(prompt_ids)] == prompt_ids
    assert len(internals) > len(prompt_ids) + 1, "some of the text was generated, one token at a time"
    return Recorded(model, internals, eager_pass(model, internals.token_ids), tolerance)


@pytest.fixture(scope="module")
def tiny_text(tiny_models) -> Recorded:
    return recorded(tiny_models, 1e-4)


@pytest.fixture(
    scope="module", params=[*TINY_ARCHITECTURES, pytest.param("embedded", marks=pytest.mark.embedded)]
)
def judged(request) -> Recorded:
    """The text of every model in turn; the embedded one is loaded only when its turn comes."""
    if request.param == "embedded":
        return recorded(request.getfixturevalue("embedded_model"), 1e-3)
    return recorded(tiny_model(request.param), 1e-4)


def assert_attention_is_right(text: Recorded) -> None:
    for layer in range(text.model.info.layers):
        truth = text.truth.attentions[layer][0].numpy()
        heads = text.internals.attention_heads(layer, text.length)
        np.testing.assert_allclose(heads, truth, atol=ATTENTION_TOLERANCE)
        for head in range(text.model.info.heads):
            alone = text.internals.attention(layer, head, text.length)
            np.testing.assert_allclose(alone, truth[head], atol=ATTENTION_TOLERANCE)
        mean = text.internals.attention(layer, MEAN_HEAD, text.length)
        np.testing.assert_allclose(mean, truth.mean(axis=0), atol=ATTENTION_TOLERANCE)


def assert_logits_are_right(text: Recorded) -> None:
    truth = text.truth.logits[0]
    for position in range(text.length):
        logits = text.internals.logits(position)
        assert logits.dtype == np.float32
        np.testing.assert_allclose(logits, truth[position].numpy(), atol=text.tolerance)
        ours = torch.from_numpy(logits.copy()).log_softmax(-1)
        theirs = truth[position].log_softmax(-1)
        np.testing.assert_allclose(ours, theirs, atol=text.tolerance)


def assert_residual_stream_is_right(text: Recorded) -> None:
    recording = text.internals._recording
    *entering, final = text.truth.hidden_states
    for layer, truth in enumerate(entering):
        found = recording.residual[layer].upto(text.length)
        scale = truth.abs().max().item()
        np.testing.assert_allclose(found, truth[0], atol=text.tolerance * max(1, scale))
    # Transformers' last hidden state is already normed; the residual stream after the last layer is not.
    np.testing.assert_allclose(recording.final.upto(text.length), final[0], atol=10 * text.tolerance)


def test_attention_of_every_layer_and_head_is_the_models_own(judged):
    assert_attention_is_right(judged)


def test_attention_of_a_shorter_text_is_the_corner_of_that_of_the_longer_one(judged):
    whole = judged.internals.attention(0, 0, judged.length)
    part = judged.internals.attention(0, 0, 5)
    np.testing.assert_allclose(part, whole[:5, :5], atol=1e-6)


def test_attention_sums_to_one_and_never_looks_ahead(judged):
    weights = judged.internals.attention_heads(judged.model.info.layers - 1, judged.length)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)
    assert (np.triu(weights, 1) == 0).all()


def test_logits_and_log_probabilities_of_every_step_are_the_models_own(judged):
    assert_logits_are_right(judged)


def test_the_residual_stream_is_the_models_own_from_the_embedding_to_the_final_norm(judged):
    assert_residual_stream_is_right(judged)


def test_the_final_norm_turns_the_end_of_the_residual_stream_into_what_the_logits_are_made_of(tiny_text):
    recording = tiny_text.internals._recording
    norms = {"gpt2": "ln_f", "neox": "final_layer_norm", "opt": "decoder.final_layer_norm"}
    base = tiny_text.model._transformer.base_model
    norm = base.get_submodule(norms.get(tiny_text.model.info.name.removeprefix("tiny-"), "norm"))
    with torch.inference_mode():
        normed = norm(recording.residual[-1].upto(tiny_text.length))
    np.testing.assert_allclose(normed, recording.final.upto(tiny_text.length), atol=1e-5)


def test_a_text_read_at_once_and_one_read_token_by_token_leave_the_same_record(tiny_models):
    token_ids = tiny_models.encode(PROMPT)
    at_once, by_token = Internals(tiny_models), Internals(tiny_models)
    at_once.extend(token_ids)
    for token_id in token_ids:
        by_token.extend([token_id])
    for layer in range(tiny_models.info.layers):
        np.testing.assert_allclose(
            at_once.attention_heads(layer, len(token_ids)),
            by_token.attention_heads(layer, len(token_ids)),
            atol=1e-5,
        )
    last = len(token_ids) - 1
    np.testing.assert_allclose(at_once.logits(last), by_token.logits(last), atol=1e-4)


def built(kind: str, **config):
    """Return a seeded random Transformers model of the tiny tokenizer's vocabulary."""
    tokenizer = tiny_tokenizer()
    model_class = getattr(transformers, kind)
    ids = {"vocab_size": len(tokenizer), "pad_token_id": None, "bos_token_id": None}
    ids["eos_token_id"] = tokenizer.eos_token_id
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return model_class(model_class.config_class(**ids, initializer_range=0.3, **config)).eval()


def language_model(kind: str, **config) -> LanguageModel:
    return LanguageModel(built(kind, **config), tiny_tokenizer(), name=kind, fingerprint="random")


def test_attention_through_a_sliding_window_is_right_on_a_text_longer_than_the_window():
    window = 4
    model = language_model("MistralForCausalLM", **GROUPED, sliding_window=window)
    text = recorded(model, 1e-4)
    assert text.length > 3 * window
    assert_attention_is_right(text)
    assert_logits_are_right(text)
    weights = text.internals.attention(1, 0, text.length)
    assert (np.tril(weights, -window) == 0).all(), "nothing beyond the window"
    assert (np.diagonal(weights, -window + 1) > 0).all(), "everything within"


def test_layers_with_and_without_a_window_can_alternate():
    layer_types = ["sliding_attention", "full_attention"]
    model = language_model(
        "Qwen2ForCausalLM", **GROUPED, use_sliding_window=True, sliding_window=4, layer_types=layer_types
    )
    text = recorded(model, 1e-4)
    assert_attention_is_right(text)
    assert (np.tril(text.internals.attention(0, 0, text.length), -4) == 0).all()
    assert (np.tril(text.internals.attention(1, 0, text.length), -4) > 0).any()


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        pytest.param("BloomForCausalLM", {"hidden_size": 32, "n_layer": 2, "n_head": 4}, id="own attention"),
        pytest.param(
            "Gemma2ForCausalLM",
            {**GROUPED, "head_dim": 8, "attn_logit_softcapping": 0.05},
            id="capped attention",
        ),
        pytest.param(
            "Gemma2ForCausalLM",
            {**GROUPED, "head_dim": 8, "final_logit_softcapping": 0.5} | {"attn_logit_softcapping": None},
            id="capped logits",
        ),
        pytest.param("BertForMaskedLM", SMALL, id="encoder"),
        pytest.param("BertModel", SMALL, id="encoder without a head"),
        pytest.param("MambaForCausalLM", {"hidden_size": 32, "num_hidden_layers": 2}, id="no attention"),
    ],
)
def test_a_model_that_cannot_be_recorded_is_refused_with_its_name_and_a_reason(kind, config):
    with pytest.raises(UnrecordableModel) as refused:
        language_model(kind, **config)
    message = str(refused.value)
    assert kind in message
    assert any(reason in message for reason in ("cannot be recorded", "size")), message


def test_a_model_loaded_for_recording_still_answers_like_any_other_transformer(tiny_gpt2):
    """Forward passes outside a recording leave nothing behind."""
    recording = tiny_gpt2.new_recording()
    with torch.inference_mode():
        tiny_gpt2._transformer(torch.tensor([tiny_gpt2.encode(PROMPT)]))
    assert recording.nbytes == 0
    assert "recording" not in inspect.signature(tiny_gpt2._transformer.forward).parameters
