"""The endpoint that takes something away, against Transformers with a hook of the test's own."""

import json
from typing import Any

import pytest
import torch

from tests.pages.refusals import refused
from viz.api.ablate import AblateApi

TEXT = "The capital of France is Paris. The capital of Italy is"


@pytest.fixture
def api(service: Any) -> AblateApi:
    return AblateApi(service)


@pytest.fixture
def real(real_service: Any) -> AblateApi:
    return AblateApi(real_service)


@pytest.mark.parametrize("position", [5, "end"])
def test_without_a_head_the_embedded_model_says_what_transformers_says_without_it(
    real: AblateApi, judge: Any, position: Any
) -> None:
    ids = real.service.encode(TEXT)
    at = len(ids) if position == "end" else position
    found = real.ablate(TEXT, at, 11, 3)
    assert json.loads(json.dumps(found, allow_nan=False)) == found

    def emptied(_: Any, inputs: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
        read = inputs[0].clone()
        read[..., 3 * 64 : 4 * 64] = 0
        return (read,)

    with torch.inference_mode():
        before = judge(torch.tensor([ids[:at]])).logits[0, -1].log_softmax(-1)
        hook = judge.model.layers[11].self_attn.o_proj.register_forward_pre_hook(emptied)
        after = judge(torch.tensor([ids[:at]])).logits[0, -1].log_softmax(-1)
        hook.remove()
    token_id = ids[at] if at < len(ids) else int(before.argmax())
    assert found["token_id"] == token_id
    assert found["logprob_before"] == pytest.approx(float(before[token_id]), abs=1e-4)
    assert found["logprob_after"] == pytest.approx(float(after[token_id]), abs=1e-4)
    assert found["kl"] == pytest.approx(float((before.exp() * (before - after)).sum()), abs=1e-4)
    assert [one["token_id"] for one in found["top"]] == after.topk(5).indices.tolist()
    assert found["top"][0]["probability"] == pytest.approx(float(after.exp().max()), abs=1e-4)


def test_every_part_can_be_taken_away_and_what_is_no_part_is_refused(api: AblateApi) -> None:
    for part in ("attention", "mlp", "head", "token"):
        assert api.ablate("a small text", 6, 1, 2, part)["logprob_after"] < 0
    for wrong in (
        {"position": 0}, {"position": 99}, {"layer": 77}, {"head": -1}, {"part": "soul"}, {"instead": "love"},
        {"scope": "everywhere"}, {"part": "token", "token_position": 6}, {"layer": "one"}, {"text": ""},
        {"part": ["head"]},
    ):  # fmt: skip
        assert refused(lambda wrong=wrong: api.ablate(**{"text": "a small text", "position": 6, **wrong}))
