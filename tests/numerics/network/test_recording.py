"""What is recorded is what the model computed: an eager forward pass of Transformers is the judge."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from model.engine.engine import Engine
from model.engine.internals import MEAN_HEAD, Internals
from model.network.language_model import LanguageModel
from model.network.transformers_decoder import TransformersDecoder
from model.reference.truth import UnrecordableModel, truth_of
from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from tests.conftest import TINY_ARCHITECTURES
from tests.numerics.architectures import ALTERNATING, GROUPED, SMALL, built, language_model
from tests.numerics.writing import PLENTY, byte_ids
from tests.tiny import tiny_model, tiny_transformer

PROMPT = "Then the other one, in 1984: 'ça va'"
NEW_TOKENS = 12
ATTENTION_TOLERANCE = 1e-4


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


def eager_pass(judge: Any, token_ids):
    """Return the outputs of a model that knows nothing of the recording attention."""
    judge.set_attn_implementation("eager")
    with torch.inference_mode():
        return judge(torch.tensor([list(token_ids)]), output_attentions=True, output_hidden_states=True)


def recorded(model: LanguageModel, judge: Any, tolerance: float) -> Recorded:
    """Generate some tokens after a prompt and judge the whole text."""
    prompt_ids = model.encode(PROMPT)
    run = Run(model=model.info.identity, prompt=PROMPT, prompt_token_ids=prompt_ids)
    with Engine(model, PLENTY) as engine:
        settings = SamplerSettings(temperature=1.5, top_k=0, top_p=1.0)
        *_, run = engine.write(run, NEW_TOKENS, settings=settings)
        internals = engine.read(run.token_ids)
    assert internals.token_ids[: len(prompt_ids)] == prompt_ids
    assert len(internals) > len(prompt_ids) + 1, "some of the text was generated, one token at a time"
    return Recorded(model, internals, eager_pass(judge, internals.token_ids), tolerance)


@pytest.fixture(scope="module")
def tiny_text(tiny_models) -> Recorded:
    architecture = tiny_models.info.name.removeprefix("tiny-")
    return recorded(tiny_models, tiny_transformer(architecture), 1e-4)


@pytest.fixture(
    scope="module", params=[*TINY_ARCHITECTURES, pytest.param("embedded", marks=pytest.mark.embedded)]
)
def judged(request) -> Recorded:
    """The text of every model in turn; the embedded one is loaded only when its turn comes."""
    if request.param == "embedded":
        judge = request.getfixturevalue("embedded_transformer")
        return recorded(request.getfixturevalue("embedded_model"), judge, 1e-3)
    return recorded(tiny_model(request.param), tiny_transformer(request.param), 1e-4)


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
    recording = text.internals.recording
    *entering, final = text.truth.hidden_states
    for layer, truth in enumerate(entering):
        found = recording.vectors(recording.layout.residual[layer], text.length)[:, 0]
        scale = truth.abs().max().item()
        np.testing.assert_allclose(found, truth[0], atol=text.tolerance * max(1, scale))
    # Transformers' last hidden state is already normed; the residual stream after the last layer is not.
    np.testing.assert_allclose(normed(text), final[0], atol=10 * text.tolerance)


def normed(text: Recorded) -> torch.Tensor:
    """Return the (T, width) vectors after the final norm."""
    recording = text.internals.recording
    return recording.vectors(recording.layout.final, text.length)[:, 0]


def test_attention_of_every_layer_and_head_is_the_models_own(judged):
    assert_attention_is_right(judged)


def test_a_row_of_attention_is_the_models_own_without_the_other_rows(judged):
    layer, position = judged.model.info.layers - 1, judged.length - 2
    truth = judged.truth.attentions[layer][0, :, position, : position + 1].numpy()
    for head, own in [*enumerate(truth), (MEAN_HEAD, truth.mean(axis=0))]:
        row = judged.internals.attention_row(layer, head, position)
        np.testing.assert_allclose(row, own, atol=ATTENTION_TOLERANCE)


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
    recording = tiny_text.internals.recording
    norms = {"gpt2": "ln_f", "neox": "final_layer_norm", "opt": "decoder.final_layer_norm"}
    architecture = tiny_text.model.info.name.removeprefix("tiny-")
    norm = tiny_transformer(architecture).base_model.get_submodule(norms.get(architecture, "norm"))
    leaving = recording.vectors(recording.layout.residual[-1], tiny_text.length)[:, 0]
    with torch.inference_mode():
        np.testing.assert_allclose(norm(leaving), normed(tiny_text), atol=1e-5)


@pytest.mark.parametrize("chunk", [1, 2, 7, 31, 32, 33])
def test_a_text_read_at_once_and_one_read_in_chunks_leave_the_same_record(tiny_models, monkeypatch, chunk):
    token_ids = tiny_models.encode(PROMPT * 2)
    with Engine(tiny_models, PLENTY) as engine:
        at_once = engine.read(token_ids)
    monkeypatch.setattr("model.engine.lane.CHUNK_ALONE", chunk)
    with Engine(tiny_models, PLENTY) as engine:
        in_chunks = engine.read(token_ids)
    for layer in range(tiny_models.info.layers):
        np.testing.assert_allclose(
            at_once.attention_heads(layer, len(token_ids)),
            in_chunks.attention_heads(layer, len(token_ids)),
            atol=1e-5,
        )
    last = len(token_ids) - 1
    np.testing.assert_allclose(at_once.logits(last), in_chunks.logits(last), atol=1e-4)


def test_attention_through_a_sliding_window_is_right_on_a_text_longer_than_the_window():
    window = 4
    shape = {**GROUPED, "sliding_window": window}
    text = recorded(language_model("MistralForCausalLM", **shape), built("MistralForCausalLM", **shape), 1e-4)
    assert text.length > 3 * window
    assert_attention_is_right(text)
    assert_logits_are_right(text)
    weights = text.internals.attention(1, 0, text.length)
    assert (np.tril(weights, -window) == 0).all(), "nothing beyond the window"
    assert (np.diagonal(weights, -window + 1) > 0).all(), "everything within"


def test_layers_with_and_without_a_window_can_alternate():
    text = recorded(
        language_model("Qwen2ForCausalLM", **ALTERNATING), built("Qwen2ForCausalLM", **ALTERNATING), 1e-4
    )
    assert_attention_is_right(text)
    assert (np.tril(text.internals.attention(0, 0, text.length), -4) == 0).all()
    assert (np.tril(text.internals.attention(1, 0, text.length), -4) > 0).any()


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        pytest.param("BloomForCausalLM", {"hidden_size": 32, "n_layer": 2, "n_head": 4}, id="own attention"),
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


def test_a_model_prepared_for_recording_computes_in_a_pass_of_ours_or_not_at_all():
    """Its attention would let the tokens of all texts see each other."""
    transformer = tiny_transformer("gpt2")
    TransformersDecoder(transformer, truth_of(transformer).rules)
    with pytest.raises(RuntimeError, match="inside a forward pass only"):
        transformer(torch.tensor([byte_ids(9)]))


def test_under_another_attention_it_answers_like_any_other_transformer():
    token_ids = torch.tensor([byte_ids(9)])
    transformer = tiny_transformer("gpt2")
    TransformersDecoder(transformer, truth_of(transformer).rules)
    transformer.set_attn_implementation("eager")
    with torch.inference_mode():
        found, truth = transformer(token_ids).logits, tiny_transformer("gpt2")(token_ids).logits
    np.testing.assert_allclose(found, truth, atol=1e-4)
