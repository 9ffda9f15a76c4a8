"""A model that cannot be shown is refused for what it is, in words, whatever went wrong with it in Python."""

import pytest

from model.reference.attention_calls import attention_calls
from model.reference.refusals import INSTEAD, reason
from model.reference.truth import UnrecordableModel
from tests.numerics.every_architecture import architecture

KINDS = {
    "no attention to show": ["FalconMambaForCausalLM", "MambaForCausalLM", "RwkvForCausalLM"],
    "some of its layers have no attention": ["JambaForCausalLM", "Lfm2ForCausalLM", "Qwen3NextForCausalLM"],
    "beside their attention": ["FalconH1ForCausalLM", "ZayaForCausalLM"],
    "computes its attention itself": ["GPTNeoForCausalLM", "FalconForCausalLM", "GPTJForCausalLM"],
    "bias for distance to it (ALiBi)": ["BloomForCausalLM", "MptForCausalLM"],
    "see those behind them": ["XLNetLMHeadModel", "CpmAntForCausalLM"],
    "attends more than once": ["DiffLlamaForCausalLM", "HrmTextForCausalLM"],
    "sparse attention with an index": ["DeepseekV32ForCausalLM", "MiniMaxM3VLForCausalLM"],
    "adds a bias of its own": ["DogeForCausalLM"],
    "may look at nothing": ["GptOssForCausalLM"],
    "several residual streams": ["Gemma3nForCausalLM"],
    "another number of layers": ["LongcatFlashForCausalLM"],
    "no plain stack of layers": ["BltForCausalLM"],
    "counts its tokens itself": ["BartForCausalLM", "WhisperForCausalLM"],
    "from its padding token on": ["RobertaForCausalLM"],
    "more than an output layer": ["BertLMHeadModel", "ModernBertDecoderForCausalLM"],
    "could not read eight plain tokens": ["MusicgenForCausalLM"],
}
PYTHON = IndexError("tuple index out of range")


@pytest.mark.parametrize(
    ("words", "name"), [(words, name) for words, names in KINDS.items() for name in names]
)
def test_the_reason_says_what_kind_of_model_it_is(words, name):
    found = reason(architecture(name), PYTHON)
    assert words in found
    assert found.startswith(("it ", "its ", "some of its "))
    assert not found.endswith(".")


@pytest.mark.parametrize("name", ["CohereForCausalLM", "GraniteForCausalLM", "Gemma2ForCausalLM"])
def test_a_factor_and_a_cap_of_the_logits_are_no_reason(name):
    assert "logits" not in reason(architecture(name), PYTHON)


def test_a_model_without_a_known_reason_is_refused_without_the_words_of_python():
    found = reason(architecture("LlamaForCausalLM"), PYTHON)
    assert found == "its attention and its output did not come out again from what was recorded of them"


def test_our_own_findings_are_told():
    ours = UnrecordableModel("the output differs by 0.82 from the model's own")
    assert reason(architecture("LlamaForCausalLM"), ours) == str(ours)


def test_whether_a_bias_for_distance_is_added_is_the_configurations_word():
    transformer = architecture("FalconForCausalLM")
    assert "ALiBi" not in reason(transformer, None)
    transformer.config.alibi = True
    assert "ALiBi" in reason(transformer, None)


def test_what_can_be_taken_instead_is_named():
    assert all(name in INSTEAD for name in ("GPT-2", "Pythia", "Llama", "Qwen", "Gemma"))


def test_a_model_that_was_asked_computes_as_before():
    transformer = architecture("MistralForCausalLM")
    before = transformer.config._attn_implementation
    assert [call.further for call in attention_calls(transformer, [5, 6, 7])] == [frozenset()] * 2
    reason(transformer, None)
    assert transformer.config._attn_implementation == before
