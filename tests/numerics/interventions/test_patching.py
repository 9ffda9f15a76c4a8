"""Activations of one run in another: beside Transformers with hooks of the test's own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from model.interventions.limits import MOST_TOKENS
from model.interventions.patching import (
    MOST_POSITIONS,
    Contrast,
    Place,
    TooAlike,
    contrast,
    patched,
    variant_at,
    written_after,
)
from model.network.changes import KEPT, Change, Site, Variant, replaced_by
from model.network.mlp import down_projection
from model.reference.anatomy import layers_of
from model.reference.sublayers import output_projection
from tests.tiny import ARCHITECTURES, tiny_model, tiny_transformer

CLEAN = (7, 21, 3, 99, 140, 5, 8, 30, 61, 12)
CORRUPTED = (7, 21, 77, 99, 140, 5, 8, 130, 61, 12)
ANSWER, DISTRACTOR = 33, 90
FIRST = 2
CLOSE = 1e-4


class Pair:
    """Both prompts as the model reads them, and Transformers beside it."""

    def __init__(self, kind: str) -> None:
        self.model, self.truth = tiny_model(kind), tiny_transformer(kind)
        self.truth.set_attn_implementation("eager")
        with torch.inference_mode():
            clean, corrupted = self.truth(torch.tensor([CLEAN, CORRUPTED]), use_cache=False).logits[:, -1]
        self.answer, self.distractor = int((clean - corrupted).argmax()), int((clean - corrupted).argmin())
        self.contrast = contrast(self.model, CLEAN, CORRUPTED, self.answer, self.distractor)
        self.layout = self.model.networks["float32"].layout
        self.differences = self.difference(CORRUPTED), self.difference(CLEAN)
        self.clean_activations = {
            (site, layer): self.activations(site, layer)
            for site, layer in product(KEPT, range(self.model.info.layers))
        }

    def module(self, site: Site, layer: int) -> tuple[nn.Module, bool]:
        """Return the module whose activations a site has, and whether they are what it is given."""
        one = layers_of(self.truth)[layer]
        width = self.layout.residual[0].size
        if site == "residual":
            return one, True
        if site == "mlp":
            down = down_projection(one, width)
            assert down is not None
            return down, False
        read = self.layout.queries[layer].heads * self.layout.values[layer].size
        projection = output_projection(one, read, width)
        assert projection is not None
        return projection, site == "head"

    def difference(self, token_ids: tuple[int, ...]) -> float:
        """What Transformers says after a prompt, of answer less distractor."""
        with torch.inference_mode():
            logits = self.truth(torch.tensor([token_ids]), use_cache=False).logits[0, -1]
        return float(logits[self.answer] - logits[self.distractor])

    @contextmanager
    def hooked(self, site: Site, layer: int, becomes: Callable[[Tensor], Tensor]) -> Iterator[None]:
        """Let Transformers work with other activations at a site, (1, T, size) each."""
        module, given = self.module(site, layer)

        def before(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            if args:
                return (becomes(shaped(args[0])).view(args[0].shape), *args[1:]), kwargs
            return args, {**kwargs, "hidden_states": becomes(kwargs["hidden_states"])}

        def after(_: nn.Module, _args: Any, output: Tensor) -> Tensor:
            return becomes(shaped(output)).view(output.shape)

        hook = (
            module.register_forward_pre_hook(before, with_kwargs=True)
            if given
            else module.register_forward_hook(after)
        )
        try:
            yield
        finally:
            hook.remove()

    def activations(self, site: Site, layer: int) -> Tensor:
        """What the clean run of Transformers has at a site, (1, T, size)."""
        seen: list[Tensor] = []

        def note(found: Tensor) -> Tensor:
            seen.append(found.clone())
            return found

        with self.hooked(site, layer, note):
            self.difference(CLEAN)
        return seen[0]

    def truly_restored(self, place: Place) -> float:
        """The share of the gap, from Transformers alone."""
        clean = self.clean_activations[place.site, place.layer]

        def becomes(found: Tensor) -> Tensor:
            changed = found.clone()
            if place.site == "head":
                size = self.layout.values[place.layer].size
                part = slice(place.column * size, (place.column + 1) * size)
                changed[..., part] = clean[..., part]
            else:
                changed[:, place.column] = clean[:, place.column]
            return changed

        with self.hooked(place.site, place.layer, becomes):
            now = self.difference(CORRUPTED)
        was, wanted = self.differences
        return (now - was) / (wanted - was)


def shaped(found: Tensor) -> Tensor:
    return found.view(1, len(CLEAN), -1)


@pytest.fixture(scope="module", params=ARCHITECTURES)
def pair(request: pytest.FixtureRequest) -> Pair:
    return Pair(request.param)


def restored(pair: Pair, *variants: Variant) -> np.ndarray:
    found: np.ndarray = pair.model.intervene(
        lambda hooked: pair.contrast.restored(hooked.logits(pair.contrast.corrupted, variants))
    )
    return found


def test_the_logit_differences_are_those_of_transformers(pair: Pair) -> None:
    assert pair.contrast.clean_difference == pytest.approx(pair.difference(CLEAN), abs=CLOSE)
    assert pair.contrast.corrupted_difference == pytest.approx(pair.difference(CORRUPTED), abs=CLOSE)


@pytest.mark.parametrize("site", KEPT)
def test_every_cell_of_a_map_is_what_transformers_says_with_that_place_patched(
    pair: Pair, site: Site
) -> None:
    *before, values = patched(pair.model, pair.contrast, site)
    layers = pair.model.info.layers
    columns = pair.model.info.heads if site == "head" else len(CLEAN)
    assert values.shape == (layers, columns) and not np.isnan(values).any()
    assert all(np.isnan(one).any() for one in before)
    for layer, column in product(range(layers), range(columns) if site == "head" else (0, FIRST, 6, 9)):
        expected = pair.truly_restored(Place(site, layer, column))
        assert values[layer, column] == pytest.approx(expected, abs=CLOSE), (layer, column)


def test_the_stream_of_all_positions_brings_everything_back_and_nothing_patched_brings_nothing(
    pair: Pair,
) -> None:
    streams = [
        (Change("residual", layer, replaced_by(pair.contrast.clean.at("residual", layer))),)
        for layer in range(pair.model.info.layers + 1)
    ]
    found = restored(pair, (), *streams)
    np.testing.assert_allclose(found[0], 0, atol=CLOSE)
    np.testing.assert_allclose(found[1:], 1, atol=CLOSE)


def test_before_the_first_token_that_differs_nothing_can_come_back(pair: Pair) -> None:
    assert pair.contrast.first == FIRST
    *_, values = patched(pair.model, pair.contrast, "residual")
    assert (values[:, :FIRST] == 0).all()
    np.testing.assert_allclose(values[0, [3, 4, 5, 6, 8, 9]], 0, atol=CLOSE)  # where the tokens are the same
    last = restored(pair, variant_at(pair.contrast, Place("residual", 0, FIRST)))
    np.testing.assert_allclose(values[0, FIRST], last[0], atol=CLOSE)


def test_a_prompt_goes_on_greedily_as_transformers_writes_it(pair: Pair) -> None:
    """Its prompt patched once, and the new tokens left alone."""
    place = Place("residual", 1, FIRST)
    clean = pair.clean_activations["residual", 1]

    def becomes(found: Tensor) -> Tensor:
        changed = found.clone()
        changed[:, FIRST] = clean[:, FIRST]
        return changed

    for variant, changed in ((), False), (variant_at(pair.contrast, place), True):
        ids = list(CORRUPTED)
        for _ in range(5):
            with torch.inference_mode(), pair_hook(pair, becomes) if changed else nullcontext():
                logits = pair.truth(torch.tensor([ids]), use_cache=False).logits[0, -1]
            ids.append(int(logits.argmax()))
        steps = list(written_after(pair.model, CORRUPTED, variant, 5))
        assert [step.token_id for step in steps] == ids[len(CORRUPTED) :][: len(steps)]
        assert len(steps) == 5 or steps[-1].token_id in pair.model.eos_token_ids


def pair_hook(pair: Pair, becomes: Callable[[Tensor], Tensor]) -> Any:
    """Patch the first tokens of a text of any length."""

    @contextmanager
    def hooked() -> Iterator[None]:
        def before(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            if args:
                return (becomes(args[0]), *args[1:]), kwargs
            return args, {**kwargs, "hidden_states": becomes(kwargs["hidden_states"])}

        hook = layers_of(pair.truth)[1].register_forward_pre_hook(before, with_kwargs=True)
        try:
            yield
        finally:
            hook.remove()

    return hooked()


def test_a_head_is_patched_in_the_prompt_and_left_alone_in_what_follows(pair: Pair) -> None:
    for at in (Place("head", 0, 1), Place("head", 1, 0)):
        steps = list(written_after(pair.model, CORRUPTED, variant_at(pair.contrast, at), 3))
        share = restored(pair, variant_at(pair.contrast, at))
        assert share[0] == pytest.approx(pair.truly_restored(at), abs=CLOSE)
        assert 1 <= len(steps) <= 3


def test_what_cannot_be_compared_is_refused() -> None:
    model = tiny_model("gpt2")
    for clean, corrupted, answer, why in [
        (CLEAN, CORRUPTED[:-1], ANSWER, "10 and 9 tokens"),
        (CLEAN, CLEAN, ANSWER, "equal"),
        (CLEAN, CORRUPTED, DISTRACTOR, "one token"),
        ((1,) * (MOST_TOKENS + 1), (2,) * (MOST_TOKENS + 1), ANSWER, "at most"),
        ((1,) * (MOST_POSITIONS + 1), (2,) * (MOST_POSITIONS + 1), ANSWER, "differ in their last"),
    ]:
        with pytest.raises(ValueError, match=why):
            contrast(model, clean, corrupted, answer, DISTRACTOR)


def test_a_gap_of_nothing_has_no_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Contrast, "clean_difference", 1.25)
    monkeypatch.setattr(Contrast, "corrupted_difference", 1.2)
    with pytest.raises(TooAlike, match="too close") as refused:
        contrast(tiny_model("gpt2"), CLEAN, CORRUPTED, ANSWER, DISTRACTOR)
    assert (refused.value.clean, refused.value.corrupted) == (1.25, 1.2)


def test_whoever_stops_listening_stops_it(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    passes = []
    restore = Contrast.restored
    monkeypatch.setattr(Contrast, "restored", lambda self, logits: passes.append(1) or restore(self, logits))
    going = patched(pair.model, pair.contrast, "residual")
    next(going)
    going.close()
    assert len(passes) == 1
