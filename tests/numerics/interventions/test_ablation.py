"""Heads, attentions, MLPs and tokens taken away, one by one and all together."""

import math
from dataclasses import replace

import pytest
import torch

from model.interventions.ablation import INSTEADS, PARTS, SCOPES, Ablation, ablate
from model.interventions.limits import MOST_TOKENS
from model.interventions.part_effects import part_effects
from model.interventions.reference_means import REFERENCE, reference_means
from model.network.language_model import LanguageModel
from model.network.unknown_part import UnknownPart
from model.numbers import OutOfRange
from model.reference.anatomy import layers_of
from tests.numerics.architectures import GROUPED, language_model
from tests.tiny import tiny_model, tiny_tokenizer, tiny_transformer

TEXT = (7, 21, 3, 99, 140, 5, 5, 30, 61, 12)
ASKED = 44


@pytest.fixture(scope="module")
def llama() -> LanguageModel:
    return tiny_model("llama")


def logprob(transformer, token_id: int = ASKED) -> float:
    """What Transformers gives a token after the text."""
    with torch.inference_mode():
        return float(transformer(torch.tensor([TEXT])).logits[0, -1].log_softmax(-1)[token_id])


@pytest.mark.parametrize(("part", "module"), [("attention", "self_attn.o_proj"), ("mlp", "mlp.down_proj")])
def test_a_layer_without_a_part_is_one_whose_module_writes_nothing(
    llama: LanguageModel, part, module: str
) -> None:
    truth = tiny_transformer("llama")
    before, after = ablate(llama, TEXT, Ablation(part, layer=1), ASKED)
    assert math.isclose(before.logprob_after, logprob(truth), abs_tol=1e-4)
    hook = layers_of(truth)[1].get_submodule(module).register_forward_hook(lambda *args: 0 * args[-1])
    assert math.isclose(after.logprob_after, logprob(truth), abs_tol=1e-4)
    assert after.logprob_before == before.logprob_before == pytest.approx(before.logprob_after, abs=1e-4)
    hook.remove()


def test_the_mean_of_the_text_is_that_of_what_the_module_writes_in_it(llama: LanguageModel) -> None:
    truth = tiny_transformer("llama")
    _, after = ablate(llama, TEXT, Ablation("mlp", layer=0, instead="text_mean"), ASKED)
    down = layers_of(truth)[0].mlp.down_proj
    down.register_forward_hook(lambda *args: args[-1].mean(1, keepdim=True).expand_as(args[-1]))
    assert math.isclose(after.logprob_after, logprob(truth), abs_tol=1e-4)


def test_the_mean_of_other_texts_leaves_out_their_first_tokens(llama: LanguageModel) -> None:
    truth, tokenizer = tiny_transformer("llama"), tiny_tokenizer()
    written: list[torch.Tensor] = []
    hook = layers_of(truth)[2].mlp.down_proj.register_forward_hook(
        lambda *args: written.append(args[-1][0, 1:])
    )
    with torch.inference_mode():
        for text in REFERENCE:
            truth(torch.tensor([tokenizer(text).input_ids]))
    hook.remove()
    mean = torch.cat(written).mean(0)
    torch.testing.assert_close(reference_means(llama).at("mlp", 2), mean, atol=1e-4, rtol=0)
    _, after = ablate(llama, TEXT, Ablation("mlp", layer=2, instead="reference_mean"), ASKED)
    layers_of(truth)[2].mlp.down_proj.register_forward_hook(lambda *args: mean.expand_as(args[-1]))
    assert math.isclose(after.logprob_after, logprob(truth), abs_tol=1e-4)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("instead", INSTEADS)
def test_all_parts_together_have_the_effects_that_each_has_alone(
    llama: LanguageModel, instead, scope
) -> None:
    *_, found = part_effects(llama, TEXT, ASKED, instead, scope)
    assert found.done == found.total == llama.info.layers * (llama.info.heads + 2)
    for layer, head in ((0, 0), (1, 4), (2, 5)):
        alone = Ablation("head", layer, head, 0, instead, scope)
        assert ablate(llama, TEXT, alone, ASKED)[1].change == pytest.approx(
            found.heads[layer, head], abs=1e-4
        )
    for values, part in ((found.attentions, "attention"), (found.mlps, "mlp")):
        alone = replace(alone, part=part, layer=1)
        assert ablate(llama, TEXT, alone, ASKED)[1].change == pytest.approx(values[1], abs=1e-4)


def test_effects_come_from_the_last_layer_on_and_what_is_missing_is_not_a_number() -> None:
    model = tiny_model("gpt2")
    text = TEXT * 11
    steps = list(part_effects(model, text, ASKED, "zero", "text"))
    assert len(steps) > 1
    first = steps[0]
    assert 0 < first.done < first.total
    assert first.mlps[-1] == first.mlps[-1]
    assert first.heads[0, -1] != first.heads[0, -1]
    assert [one.done for one in steps] == sorted(one.done for one in steps)


def test_without_a_token_that_is_followed_the_most_likely_one_is(llama: LanguageModel) -> None:
    with torch.inference_mode():
        leader = int(tiny_transformer("llama")(torch.tensor([TEXT])).logits[0, -1].argmax())
    whole, without = ablate(llama, TEXT, Ablation("token", position=3))
    assert whole.token_id == without.token_id == whole.leaders[0].token_id == leader


def test_what_cannot_be_taken_away_is_said(llama: LanguageModel) -> None:
    for wrong in (Ablation("head", layer=99), Ablation("head", head=6), Ablation("token", position=10)):
        with pytest.raises(OutOfRange):
            ablate(llama, TEXT, wrong)
    for part in PARTS:
        with pytest.raises(ValueError, match=f"{MOST_TOKENS}"):
            ablate(llama, TEXT * 60, Ablation(part))
        with pytest.raises(ValueError, match="no token"):
            ablate(llama, (), Ablation(part))
    with pytest.raises(ValueError, match="no such part"):
        ablate(llama, TEXT, Ablation("nothing"))  # type: ignore[arg-type]


def test_a_mixture_of_experts_has_heads_that_can_be_taken_away_and_no_mlp() -> None:
    model = language_model("MixtralForCausalLM", **GROUPED, num_local_experts=2, num_experts_per_tok=1)
    with pytest.raises(UnknownPart, match="mlp"):
        ablate(model, TEXT, Ablation("mlp"))
    *_, found = part_effects(model, TEXT, ASKED, "zero", "step")
    assert found.done == found.total == 2 * (4 + 1)
    assert all(one != one for one in found.mlps)
