"""Which folders pass for causal language models: Transformers' own lists decide, not flags and endings."""

import json

import pytest
from transformers import (
    BartConfig,
    BartForCausalLM,
    BartForConditionalGeneration,
    BertForMaskedLM,
    BertLMHeadModel,
    GPT2ForSequenceClassification,
    LlavaConfig,
    LlavaForConditionalGeneration,
)
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from model.weights.catalog import ModelError
from model.weights.checkpoint import require_causal
from tests.numerics.folders import bert_shape, load, saved
from tests.tiny import tiny_transformer

pytestmark = pytest.mark.usefixtures("own_cache")


def described(folder, model_type, kind, **more):
    """Write a config.json."""
    config = {"model_type": model_type, "architectures": [kind], **more}
    (folder / "config.json").write_text(json.dumps(config))
    return config


def test_a_decoder_whose_configuration_writes_is_decoder_false_is_loaded(tmp_path):
    """GPT-NeoX as Transformers saves it, and so every Pythia that is fine-tuned today."""
    folder = saved(tmp_path / "neox", tiny_transformer("neox"))
    assert json.loads((folder / "config.json").read_text())["is_decoder"] is False
    assert load(folder).info.layers == 3


def test_every_causal_class_of_transformers_passes_for_one(tmp_path):
    for model_type, kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.items():
        config = described(tmp_path, model_type, kind, is_decoder=True)
        assert require_causal(tmp_path, "one of them") == config


@pytest.mark.parametrize(
    ("model_type", "kind"),
    [
        ("gemma3", "Gemma3ForConditionalGeneration"),
        ("emu3", "Emu3ForConditionalGeneration"),
        ("llama4", "Llama4ForConditionalGeneration"),
    ],
)
def test_a_model_that_reads_images_passes_where_transformers_can_load_what_writes(tmp_path, model_type, kind):
    assert described(tmp_path, model_type, kind) == require_causal(tmp_path, "both")


def test_a_masked_encoder_is_refused(tmp_path):
    saved(tmp_path, BertForMaskedLM(bert_shape()))
    with pytest.raises(ModelError, match=r"bert is not a causal language model \(BertForMaskedLM\)"):
        require_causal(tmp_path, "bert")


def test_an_encoder_with_a_causal_head_is_told_that_its_tokens_see_those_behind_them(tmp_path):
    saved(tmp_path, BertLMHeadModel(bert_shape()))
    with pytest.raises(ModelError, match=r"BertLMHeadModel without is_decoder.*see those behind them"):
        require_causal(tmp_path, "bert")


def test_an_encoder_that_was_saved_as_a_decoder_passes_for_one(tmp_path):
    saved(tmp_path, BertLMHeadModel(bert_shape(is_decoder=True)))
    assert require_causal(tmp_path, "bert")["is_decoder"] is True


def test_the_decoder_of_an_encoder_decoder_passes_and_the_whole_does_not(tmp_path):
    shape = {"d_model": 32, "decoder_layers": 1, "encoder_layers": 1, "vocab_size": 300}
    saved(tmp_path / "alone", BartForCausalLM(BartConfig(**shape)))
    saved(tmp_path / "whole", BartForConditionalGeneration(BartConfig(**shape)))
    require_causal(tmp_path / "alone", "bart")
    with pytest.raises(ModelError, match=r"not a causal language model \(BartForConditionalGeneration\)"):
        require_causal(tmp_path / "whole", "bart")


@pytest.mark.parametrize(
    ("model_type", "kind"),
    [
        ("gpt2", GPT2ForSequenceClassification.__name__),
        ("t5", "T5ForConditionalGeneration"),
        (LlavaConfig.model_type, LlavaForConditionalGeneration.__name__),
    ],
)
def test_what_does_not_write_a_text_alone_is_refused(tmp_path, model_type, kind):
    described(tmp_path, model_type, kind)
    with pytest.raises(ModelError, match=rf"not a causal language model \({kind}\).*Choose a decoder"):
        require_causal(tmp_path, "another")


def test_a_kind_that_transformers_does_not_know_is_told_so(tmp_path):
    described(tmp_path, "baichuan", "BaichuanForCausalLM")
    with pytest.raises(ModelError, match=r"Transformers 5\S* does not know \(BaichuanForCausalLM\).*not run"):
        require_causal(tmp_path, "baichuan")
