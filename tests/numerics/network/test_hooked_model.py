"""A model with something taken away, beside Transformers with hooks of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor, nn

from model.network.changes import Change, Masked, Variant, added, replaced_by, zero
from model.network.hooked_model import KEYS, ROWS, CleanPass, HookedModel
from model.network.hooked_pass import Past
from model.network.language_model import LanguageModel
from model.network.unknown_part import UnknownPart
from model.reference.anatomy import layers_of
from model.reference.sublayers import output_projection
from tests.numerics.architectures import ALTERNATING, GROUPED, built, language_model
from tests.tiny import ARCHITECTURES, tiny_model, tiny_tokenizer, tiny_transformer

TEXT = [7, 21, 3, 99, 140, 5, 5, 30, 61, 12, 200, 8, 17, 2]
LAST = len(TEXT) - 1
CLOSE = 1e-4
OTHERS = {
    "gemma2": ("Gemma2ForCausalLM", {**GROUPED, "head_dim": 8, "sliding_window": 5}),
    "sliding": ("Qwen2ForCausalLM", ALTERNATING),
}
"""Beside the five of the tests: norms behind attention, capped scores, and windows."""
KINDS = (*ARCHITECTURES, *OTHERS)


class Pair:
    """A model that is changed, and the same of Transformers."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        if kind in OTHERS:
            name, config = OTHERS[kind]
            self.model, self.truth = language_model(name, **config), built(name, **config)
        else:
            self.model, self.truth = tiny_model(kind), tiny_transformer(kind)
        self.truth.set_attn_implementation("eager")
        self.clean: CleanPass = self.model.intervene(lambda hooked: hooked.clean(TEXT))

    def logits(self, *variants: Variant) -> Tensor:
        """What the model says with changes."""
        return self.model.intervene(lambda hooked: hooked.logits(self.clean, variants))

    def read_by_truth(self, **more: object) -> Tensor:
        """What Transformers says after the text."""
        positions = torch.arange(len(TEXT))[None]
        with torch.inference_mode():
            return self.truth(torch.tensor([TEXT]), position_ids=positions, **more).logits[0, -1]

    @contextmanager
    def without_head(self, layer: int, head: int, start: int = 0) -> Iterator[None]:
        """Transformers with nothing in one head's slice before the output projection."""
        width = self.model.networks["float32"].layout.residual[0].size
        layout = self.model.networks["float32"].layout
        size = layout.values[layer].size
        read = layout.queries[layer].heads * size

        def emptied(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            found = inputs[0].clone()
            found[:, start:, head * size : (head + 1) * size] = 0
            return (found,)

        projection = output_projection(layers_of(self.truth)[layer], read, width)
        assert projection is not None
        hook = projection.register_forward_pre_hook(emptied)
        yield
        hook.remove()


@pytest.fixture(scope="module", params=KINDS)
def pair(request: pytest.FixtureRequest) -> Pair:
    return Pair(request.param)


def test_a_clean_reading_says_what_transformers_says(pair: Pair) -> None:
    torch.testing.assert_close(pair.clean.logits, pair.read_by_truth(), atol=CLOSE, rtol=0)


@pytest.mark.parametrize("start", [0, 9, LAST])
def test_a_head_taken_away_is_its_slice_emptied_before_the_output_projection(pair: Pair, start: int) -> None:
    heads = pair.model.info.heads
    places = [(layer, head) for layer in range(pair.model.info.layers) for head in range(heads)]
    variants: list[Variant] = [
        (Change("head", layer, zero, head=head, start=start),) for layer, head in places
    ]
    found = pair.logits(*variants)
    for row, (layer, head) in zip(found, places, strict=True):
        with pair.without_head(layer, head, start):
            torch.testing.assert_close(row, pair.read_by_truth(), atol=CLOSE, rtol=0)
    assert (found - pair.clean.logits).abs().amax(dim=1).min() > CLOSE  # each of them does something


@pytest.mark.parametrize("position", [0, 6, LAST])
def test_a_masked_token_is_one_that_a_mask_of_transformers_hides_from_all_others(
    pair: Pair, position: int
) -> None:
    def mask(window: int) -> Tensor:
        hidden = torch.ones(len(TEXT), len(TEXT)).triu(1) + torch.ones(len(TEXT), len(TEXT)).tril(-window)
        hidden[:, position] = 1
        hidden[position, position] = 0
        return torch.zeros_like(hidden).masked_fill(hidden > 0, float("-inf"))[None, None]

    whole, window = mask(len(TEXT)), getattr(pair.truth.config, "sliding_window", None)
    by_type = {"full_attention": whole, "sliding_attention": mask(window or len(TEXT))}
    (found,) = pair.logits((Masked(position),))
    truth = pair.read_by_truth(attention_mask=by_type if pair.kind in OTHERS else whole)
    torch.testing.assert_close(found, truth, atol=CLOSE, rtol=0)


def test_putting_back_what_was_there_changes_nothing(pair: Pair) -> None:
    layers, clean = pair.model.info.layers, pair.clean
    variants: list[Variant] = [
        (Change("residual", layer, replaced_by(clean.at("residual", layer))),) for layer in range(layers + 1)
    ]
    for layer in range(layers):
        variants.append((Change("attention", layer, replaced_by(clean.at("attention", layer))),))
        variants.append((Change("mlp", layer, replaced_by(clean.at("mlp", layer))),))
        variants.append((Change("head", layer, replaced_by(clean.at("head", layer, 1)), head=1),))
    for row in pair.logits(*variants):
        torch.testing.assert_close(row, clean.logits, atol=CLOSE, rtol=0)


def test_the_stream_is_what_the_parts_of_the_layers_add_up_to(pair: Pair) -> None:
    clean = pair.clean
    for layer in range(pair.model.info.layers):
        if pair.truth.config.model_type == "gemma2":  # norms stand between its parts and the stream
            continue
        added_up = clean.at("residual", layer) + clean.at("attention", layer) + clean.at("mlp", layer)
        torch.testing.assert_close(added_up, clean.at("residual", layer + 1), atol=CLOSE, rtol=0)


def test_changes_at_later_positions_alone_leave_the_reading_before_them(pair: Pair) -> None:
    direction = torch.linspace(-1, 1, pair.clean.at("residual", 0).shape[1])
    together = pair.logits((Change("residual", 1, added(direction), start=4),), (Masked(0),), ())
    alone = [pair.logits((Change("residual", 1, added(direction), start=4),)), pair.logits((Masked(0),))]
    torch.testing.assert_close(together[:2], torch.cat(alone), atol=CLOSE, rtol=0)
    torch.testing.assert_close(together[2], pair.clean.logits, atol=CLOSE, rtol=0)


def test_a_text_that_goes_on_is_changed_as_one_that_is_read_at_once(pair: Pair) -> None:
    variant: Variant = (Change("head", 0, zero, head=1), Masked(2), Change("mlp", 1, zero, start=3, stop=6))

    def in_pieces(hooked: HookedModel) -> Tensor:
        _, past = hooked.read(variant, TEXT[:5], Past())
        _, past = hooked.read(variant, TEXT[5:6], past)
        return hooked.read(variant, TEXT[6:], past)[0]

    torch.testing.assert_close(pair.model.intervene(in_pieces), pair.logits(variant)[0], atol=CLOSE, rtol=0)


def test_embeddings_are_read_as_their_tokens_and_gradients_reach_them(pair: Pair) -> None:
    def read(hooked: HookedModel) -> tuple[Tensor, Tensor]:
        embeddings = hooked.embedding(torch.tensor([TEXT])).detach().requires_grad_()
        logits = hooked.logits_of_embeddings(embeddings)
        logits[0, 5].backward()
        assert embeddings.grad is not None
        return logits[0].detach(), embeddings.grad[0]

    logits, gradient = pair.model.intervene(read)
    torch.testing.assert_close(logits, pair.clean.logits, atol=CLOSE, rtol=0)
    assert gradient.norm(dim=1).min() > 0 or pair.truth.config.model_type == "qwen2"  # it has windows


def test_batches_hold_all_variants_in_their_order_within_bounds() -> None:
    model = tiny_model("llama")
    length = 120
    variants: list[Variant] = [
        (Change("head", 0, zero, head=0, start=start),) for start in (0, 119, 119, 60, 0, 5) * 20
    ]
    found = model.intervene(lambda hooked: list(hooked.batches(length, variants)))
    assert [one for batch in found for one in batch] == variants
    for batch in found:
        starts = [one.start for (one,) in batch if isinstance(one, Change)]
        assert len(batch) * (length - min(starts)) <= ROWS
        assert len(batch) * length <= KEYS


def test_a_model_that_cannot_be_loaded_again_says_that_nothing_of_it_can_be_changed() -> None:
    transformer = tiny_transformer("gpt2")
    model = LanguageModel(transformer, tiny_tokenizer(), name="x", fingerprint="x", parameters=1)
    with pytest.raises(UnknownPart, match="second time"):
        model.intervene(lambda hooked: hooked.clean(TEXT))
