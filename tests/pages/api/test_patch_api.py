"""The endpoint of activation patching: its numbers against Transformers, and what it refuses."""

import json
from typing import Any

import pytest
import torch

from tests.pages.refusals import refused
from viz.api.patch import PatchApi

CLEAN, CORRUPTED = "The capital of Italy is the city of", "The capital of Japan is the city of"
DIFFERS = 3


@pytest.fixture
def api(service: Any) -> PatchApi:
    return PatchApi(service)


def test_a_patched_stream_is_that_of_transformers_with_a_hook(real_service: Any, judge: Any) -> None:
    told = PatchApi(real_service).patch(CLEAN, CORRUPTED, " Rome", " Tokyo")
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    layers, values = judge.config.num_hidden_layers, told["values"]
    assert [len(row) for row in values] == [len(told["tokens_clean"])] * layers
    assert (told["tokens_clean"][DIFFERS], told["tokens_corrupted"][DIFFERS]) == (" Italy", " Japan")
    clean, corrupted = (torch.tensor([real_service.encode(text)]) for text in (CLEAN, CORRUPTED))
    (answer,), (distractor,) = (real_service.encode(text) for text in (" Rome", " Tokyo"))

    def difference(ids: torch.Tensor) -> float:
        with torch.inference_mode():
            logits = judge(ids, use_cache=False).logits[0, -1]
        return float(logits[answer] - logits[distractor])

    was, wanted = difference(corrupted), difference(clean)
    assert told["logit_difference_clean"] == pytest.approx(wanted, abs=1e-3)
    assert told["logit_difference_corrupted"] == pytest.approx(was, abs=1e-3)
    with torch.inference_mode():
        streams = judge(clean, use_cache=False, output_hidden_states=True).hidden_states
    for layer, position in ((0, DIFFERS), (24, DIFFERS), (26, 7)):

        def patch(_: Any, args: Any, layer: int = layer, position: int = position) -> Any:
            found = args[0].clone()
            found[:, position] = streams[layer][:, position]
            return (found, *args[1:])

        hook = judge.model.layers[layer].register_forward_pre_hook(patch)
        share = (difference(corrupted) - was) / (wanted - was)
        hook.remove()
        assert values[layer][position] == pytest.approx(share, abs=1e-3)
    assert values[0][DIFFERS] == pytest.approx(1, abs=1e-3), "there sits all the difference at first"
    assert values[0][:DIFFERS] == [0.0] * DIFFERS


@pytest.mark.parametrize("site", ["residual", "attention", "mlp", "head"])
def test_every_site_has_its_map(api: PatchApi, site: str) -> None:
    told = api.patch("in the an", "an the an", "z", "q", site)
    info = api.service.model.info
    columns = info.heads if site == "head" else len(told["tokens_clean"])
    assert [len(row) for row in told["values"]] == [columns] * info.layers


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"clean": ""}, "clean prompt is empty"),
        ({"clean": "in the in the"}, "The clean prompt is longer"),
        ({"corrupted": "an the an the"}, "The corrupted prompt is longer"),
        ({"corrupted": "in the an"}, "Both prompts are the same"),
        ({"answer": ""}, "answer is empty"),
        ({"answer": "zz"}, "The answer must be one token"),
        ({"distractor": "zz"}, "The distractor must be one token"),
        ({"distractor": "z"}, "same token"),
        ({"site": "neuron"}, "residual, attention, mlp, head"),
        ({"clean": "x" * 5000}, "clean prompt"),
        ({"clean": 7}, "clean prompt is empty"),
        ({"answer": "\ud800"}, "answer"),
    ],
)
def test_what_cannot_be_patched_is_said(api: PatchApi, changes: dict[str, Any], message: str) -> None:
    given = {"clean": "in the an", "corrupted": "an the an", "answer": "z", "distractor": "q"} | changes
    assert message in refused(lambda: api.patch(**given))


def test_lengths_that_differ_are_told_token_by_token(api: PatchApi) -> None:
    said = refused(lambda: api.patch("in the an", "in the an an", "z", "q"))
    plain = said.replace("\u2068", "").replace("\u2069", "")
    assert "6 tokens, in · ␣the · ␣ · an · ␣ · an;" in plain and "has 4: in · ␣the · ␣ · an." in plain
