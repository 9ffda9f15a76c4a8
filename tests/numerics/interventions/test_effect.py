"""What a change did to the next token, and what is written with it."""

import math

import numpy as np
import torch

from model.engine.engine import Engine
from model.interventions.effect import effects, effects_of, read_clean
from model.interventions.written import written_with
from model.network.changes import Change, Masked, Variant, zero
from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from tests.tiny import tiny_model

TEXT = (7, 21, 3, 99, 140, 5, 5, 30)


def test_an_effect_is_the_difference_of_logprobs_the_divergence_and_the_new_leaders() -> None:
    before, after = (
        torch.tensor([2.0, 1.0, 0.0, -1.0, 0.5, 0.1]),
        torch.tensor([0.0, 3.0, 0.0, 1.0, 0.5, 0.1]),
    )
    (found,) = effects_of(before, after[None], 1)
    p, q = (np.exp(one.numpy()) / np.exp(one.numpy()).sum() for one in (before, after))
    assert math.isclose(found.change, np.log(q[1] / p[1]), abs_tol=1e-6)
    assert math.isclose(found.kl, float((p * np.log(p / q)).sum()), abs_tol=1e-6)
    assert [one.token_id for one in found.leaders] == [int(one) for one in np.argsort(-q, kind="stable")[:5]]
    assert math.isclose(found.leaders[0].probability, q[1], abs_tol=1e-6)


def test_effects_come_in_the_order_of_their_changes_and_nothing_changed_has_none() -> None:
    model = tiny_model("llama")
    clean = read_clean(model, TEXT)
    variants: list[Variant] = [(), (Masked(2),), (Change("mlp", 1, zero),), ()]
    found = [one for batch in effects(model, clean, variants, 9) for one in batch]
    assert abs(found[0].change) < 1e-5 > abs(found[3].change)
    assert found[0].kl < 1e-6
    assert min(found[1].kl, found[2].kl) > 1e-3
    alone = [next(effects(model, clean, [variant], 9))[0] for variant in variants]
    assert [round(one.change, 4) for one in alone] == [round(one.change, 4) for one in found]


def test_with_nothing_changed_the_engine_writes_the_same_text_with_the_same_dice() -> None:
    model = tiny_model("qwen2")
    settings = SamplerSettings(temperature=1.2, top_k=40, xtc_probability=0.5, xtc_threshold=0.05)
    with Engine(model, 1 << 26) as engine:
        *_, run = engine.write(Run(model.info.identity, "x", TEXT, settings, 7), 12)
    for position in (len(TEXT), len(TEXT) + 5):
        steps = list(written_with(model, run, position, (), len(run.token_ids) - position))
        assert tuple(step.token_id for step in steps) == run.token_ids[position:]
        assert [step.u for step in steps] == [step.u for step in run.steps[position - len(TEXT) :]]


def test_with_everything_of_the_layers_gone_the_last_token_alone_decides() -> None:
    model = tiny_model("gpt2")
    gone = tuple(
        Change(site, layer, zero) for layer in range(model.info.layers) for site in ("attention", "mlp")
    )
    run = Run(model.info.identity, "x", TEXT, SamplerSettings(temperature=0.0), 1)
    other = Run(model.info.identity, "x", (*TEXT[::-1][1:], TEXT[-1]), SamplerSettings(temperature=0.0), 1)
    first, second = (list(written_with(model, one, len(TEXT), gone, 6)) for one in (run, other))
    assert [one.token_id for one in first] == [one.token_id for one in second]
