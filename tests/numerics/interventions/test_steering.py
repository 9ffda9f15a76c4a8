"""A direction that is added while the model writes: beside Transformers with a hook of the test's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from model.engine.engine import Engine
from model.interventions.limits import MOST_TOKENS
from model.interventions.steering import (
    WHERES,
    Direction,
    NoDirection,
    Where,
    direction,
    divergences,
    steered,
    written_side_by_side,
)
from model.reference.anatomy import layers_of
from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from tests.tiny import ARCHITECTURES, tiny_model, tiny_transformer

TOWARD, AWAY = (7, 21, 3, 99, 140), (7, 130, 61)
TEXT = (5, 5, 30, 61, 12, 200, 8, 17)
CLOSE = 1e-4
GREEDY = SamplerSettings(temperature=0.0, top_k=0, top_p=1.0)


class Pair:
    """A model that is steered, and the same of Transformers."""

    def __init__(self, kind: str) -> None:
        self.model, self.truth = tiny_model(kind), tiny_transformer(kind)
        self.truth.set_attn_implementation("eager")

    def leaving(self, token_ids: tuple[int, ...], layer: int) -> Tensor:
        """What leaves a layer of Transformers, (T, width)."""
        seen: list[Tensor] = []

        def note(_: nn.Module, _args: Any, output: Any) -> None:
            seen.append(first(output)[0])

        hook = layers_of(self.truth)[layer].register_forward_hook(note)
        self.read(token_ids)
        hook.remove()
        return seen[0]

    def read(self, token_ids: tuple[int, ...]) -> Tensor:
        """What Transformers says after a text."""
        with torch.inference_mode():
            logits: Tensor = self.truth(torch.tensor([token_ids]), use_cache=False).logits[0, -1]
        return logits

    @contextmanager
    def pushed(self, vector: np.ndarray, layer: int, start: int) -> Iterator[None]:
        """Transformers with a vector added to what leaves a layer, from a position on."""

        def push(_: nn.Module, _args: Any, output: Any) -> Any:
            found = first(output).clone()
            found[:, start:] += torch.from_numpy(vector)
            return (found, *output[1:]) if isinstance(output, tuple) else found

        hook = layers_of(self.truth)[layer].register_forward_hook(push)
        try:
            yield
        finally:
            hook.remove()


def first(output: Any) -> Tensor:
    found: Tensor = output[0] if isinstance(output, tuple) else output
    return found


@pytest.fixture(scope="module", params=ARCHITECTURES)
def pair(request: pytest.FixtureRequest) -> Pair:
    return Pair(request.param)


def test_a_direction_is_the_difference_at_the_last_tokens_as_long_as_the_stream(pair: Pair) -> None:
    for layer in range(pair.model.info.layers):
        found = direction(pair.model, TOWARD, AWAY, layer)
        one, other = (pair.leaving(ids, layer)[-1].numpy() for ids in (TOWARD, AWAY))
        lengths = np.linalg.norm(one), np.linalg.norm(other)
        expected = (one - other) / np.linalg.norm(one - other) * sum(lengths) / 2
        np.testing.assert_allclose(found.vector, expected, atol=CLOSE)
        assert found.cosine == pytest.approx(float(one @ other / np.prod(lengths)), abs=CLOSE)
        assert (found.layer, found.model) == (layer, pair.model.info.identity)


@pytest.mark.parametrize("where", WHERES)
@pytest.mark.parametrize("strength", [-0.7, 1.3])
def test_a_steered_text_is_what_transformers_writes_with_the_vector_added_by_a_hook(
    pair: Pair, where: Where, strength: float
) -> None:
    layer = pair.model.info.layers - 1
    found = direction(pair.model, TOWARD, AWAY, layer)
    variant = steered(found, strength, len(TEXT), where)
    start = len(TEXT) - 1 if where == "end" else 0
    ids = TEXT
    with pair.pushed(strength * found.vector, layer, start):
        after = pair.read(TEXT)
        for _ in range(5):
            ids = (*ids, int(pair.read(ids).argmax()))
    run = Run(pair.model.info.identity, "x", TEXT, GREEDY, 1)
    steps = [step.token_id for _, step in written_side_by_side(pair.model, run, len(TEXT), [variant], 5)]
    assert tuple(steps) == ids[len(TEXT) :][: len(steps)]
    (effect,) = divergences(pair.model, TEXT, [variant])
    p, q = (logits.double().log_softmax(-1) for logits in (pair.read(TEXT), after))
    assert effect.kl == pytest.approx(float((p.exp() * (p - q)).sum()), abs=CLOSE)
    assert effect.kl > CLOSE


def test_without_strength_the_text_is_the_one_that_the_engine_writes() -> None:
    model = tiny_model("qwen2")
    settings = SamplerSettings(temperature=1.1, top_k=40)
    with Engine(model, 1 << 26) as engine:
        *_, run = engine.write(Run(model.info.identity, "x", TEXT, settings, 7), 12)
    found = direction(model, TOWARD, AWAY, 1)
    for where in WHERES:
        for position in (len(TEXT), len(TEXT) + 4):
            variants = [steered(found, strength, position, where) for strength in (-2.0, 0.0, 2.0)]
            texts: list[list[int]] = [[], [], []]
            dice: list[list[float]] = [[], [], []]
            count = len(run.token_ids) - position
            for number, step in written_side_by_side(model, run, position, variants, count):
                texts[number].append(step.token_id)
                dice[number].append(step.u)
            assert tuple(texts[1]) == run.token_ids[position:]
            assert texts[0] != texts[1] != texts[2]
            shared = min(map(len, dice))
            assert dice[0][:shared] == dice[1][:shared] == dice[2][:shared]
            assert divergences(model, TEXT, variants)[1].kl < CLOSE


def test_the_opposite_direction_is_that_of_the_prompts_the_other_way_round() -> None:
    model = tiny_model("llama")
    one, other = direction(model, TOWARD, AWAY, 0), direction(model, AWAY, TOWARD, 0)
    np.testing.assert_allclose(one.vector, -other.vector, atol=CLOSE)
    assert isinstance(one, Direction) and one.cosine == pytest.approx(other.cosine)


def test_what_has_no_direction_is_refused() -> None:
    model = tiny_model("gpt2")
    with pytest.raises(NoDirection):
        direction(model, TOWARD, TOWARD, 0)
    for toward, away, layer, why in [
        (TOWARD, (4,), 0, "2 to"),
        ((1,) * (MOST_TOKENS + 1), AWAY, 0, "tokens"),
        (TOWARD, AWAY, 3, "from 0 to 2"),
        (TOWARD, AWAY, -1, "from 0 to 2"),
    ]:
        with pytest.raises(ValueError, match=why):
            direction(model, toward, away, layer)
