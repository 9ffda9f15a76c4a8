"""A causal LM in which activations can be changed while it reads: Transformers' own layers, in float32.

What the page shows is computed from packed weights, which neither hooks nor gradients reach. So the model is
loaded a second time, once somebody asks what would happen without a part of it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from model.network.changes import Change, Site, Variant
from model.network.hooked_pass import NAME, HookedPass, Past, passing
from model.network.hooks import hook
from model.network.mlp import down_projection
from model.network.recording import Layout
from model.network.unknown_part import UnknownPart
from model.reference.anatomy import decoder_of, layers_of
from model.reference.logit_function import LogitFunction
from model.reference.sublayers import output_projection

ROWS = 256
"""Tokens of a batch: more are hardly faster, and others wait as long."""
KEYS = 32_768
"""Keys of all texts of a batch together, which bound its memory."""


@dataclass(frozen=True, eq=False)
class CleanPass:
    """A text as the model reads it, nothing changed."""

    token_ids: tuple[int, ...]
    past: Past
    logits: Tensor
    """(V,) of the token after the text."""
    _seen: dict[tuple[Site, int], Tensor]
    _heads: tuple[int, ...]

    def at(self, site: Site, layer: int, head: int | None = None) -> Tensor:
        """Return (T, size) the activations at a site: see `Site`.

        Raises:
            UnknownPart: the model has no such site that could be told apart, or it is none of `KEPT`.
        """
        _require((site, layer), self._seen)
        found = self._seen[site, layer][0]
        return found if head is None else found.view(len(found), self._heads[layer], -1)[:, head]

    @property
    def places(self) -> Collection[tuple[Site, int]]:
        """Sites and layers of which there are activations."""
        return self._seen.keys()


class HookedModel:
    """The model. Its passes follow one another: whoever uses it does so from one thread."""

    def __init__(self, transformer: PreTrainedModel, layout: Layout, logit_function: LogitFunction) -> None:
        """Take a causal LM in float32, which is of no use to others afterwards.

        Args:
            transformer: freshly loaded.
            layout: of its recordings.
            logit_function: what it does to its logits.

        Raises:
            UnknownPart: it is not known which part of it is what.
        """
        transformer.requires_grad_(False).eval()
        transformer.set_attn_implementation(NAME)
        self._rules, self._logit_function = layout.rules, logit_function
        self._base, self._layers = decoder_of(transformer), layers_of(transformer)
        self._output: Any = transformer.get_output_embeddings()
        self.embedding: Any = transformer.get_input_embeddings()
        """Token ids to the (..., width) vectors that `logits_of_embeddings` takes."""
        self.device = transformer.device
        self.heads = tuple(queries.heads for queries in layout.queries)
        """By layer."""
        self.width = layout.residual[0].size
        """Of the residual stream."""
        downs = [down_projection(layer, self.width) for layer in self._layers]
        self.has_mlps = all(down is not None for down in downs)
        """Whether every layer has one MLP that can be told apart."""
        always: tuple[Site, ...] = ("residual", "attention", "head")
        self._sites = {(site, layer) for layer in range(self.layers) for site in always}
        self._sites |= {("residual", self.layers)}
        of_mlp: tuple[Site, ...] = ("mlp", "neuron")
        self._sites |= {
            (site, layer) for layer, down in enumerate(downs) if down is not None for site in of_mlp
        }
        for index, (layer, down) in enumerate(zip(self._layers, downs, strict=True)):
            read = self.heads[index] * layout.values[index].size
            hook(layer, index, output_projection(layer, read, self.width), down, self.heads[index])

    @property
    def layers(self) -> int:
        """How many there are."""
        return len(self._layers)

    @torch.inference_mode()
    def clean(self, token_ids: Sequence[int]) -> CleanPass:
        """Read a text, nothing changed."""
        now = HookedPass(self._rules, [()], Past())
        now.seen = {}
        final = self._run(now, self._ids(token_ids))
        logits = self.unembedded(final[:, -1])[0]
        return CleanPass(tuple(token_ids), now.now, logits, now.seen, self.heads)

    def batches(self, length: int, variants: Sequence[Variant]) -> Iterator[Sequence[Variant]]:
        """Yield variants in groups that are computed together, and take a moment each.

        Args:
            length: of the text.
            variants: best in the order of the layers that they change: see `logits`.
        """
        batch: list[Variant] = []
        start = length
        for variant in variants:
            wider = min(start, self._begin(variant, length - 1)[0])
            count = len(batch) + 1
            if batch and (count * (length - wider) > ROWS or count * length > KEYS):
                yield batch
                batch, wider = [], self._begin(variant, length - 1)[0]
            batch, start = [*batch, variant], wider
        if batch:
            yield batch

    @torch.inference_mode()
    def logits(self, clean: CleanPass, variants: Sequence[Variant]) -> Tensor:
        """Return (n, V) the logits of the token after a text in n variants of its reading.

        Only what a change can reach is computed: the layers from the first changed one on, and the positions
        from the first changed one on; what lies before is that of the clean reading.

        Raises:
            UnknownPart: a change at a site that the model does not have.
        """
        for variant in variants:
            self._require(variant)
        begins = [self._begin(variant, len(clean.token_ids) - 1) for variant in variants]
        start, layer = (min(some) for some in zip(*begins, strict=True))
        entering = clean.at("residual", layer)[start:].expand(len(variants), -1, -1)
        now = HookedPass(self._rules, variants, clean.past.first(start), layer, entering)
        final = self._run(now, self._ids(clean.token_ids[start:], len(variants)))
        return self.unembedded(final[:, -1])

    @torch.inference_mode()
    def read(self, variant: Variant, token_ids: Sequence[int], past: Past) -> tuple[Tensor, Past]:
        """Read the next tokens of a text in which something is changed.

        Args:
            variant: what is changed.
            token_ids: the tokens.
            past: of those before them, as `read` returned it.

        Returns:
            (V,) the logits of the token after them, and the past that they belong to now.

        Raises:
            UnknownPart: a change at a site that the model does not have.
        """
        self._require(variant)
        now = HookedPass(self._rules, [variant], past)
        final = self._run(now, self._ids(token_ids))
        return self.unembedded(final[:, -1])[0], now.now

    def logits_of_embeddings(self, embeddings: Tensor) -> Tensor:
        """Return (B, V) the logits of the tokens after B texts, given as (B, T, width) vectors.

        Gradients pass.
        """
        now = HookedPass(self._rules, [()] * len(embeddings), Past())
        return self.unembedded(self._run(now, {"inputs_embeds": embeddings})[:, -1])

    def neurons_with_gradients(
        self, clean: CleanPass, layer: int, token_id: int, start: int = 0
    ) -> tuple[Tensor, Tensor]:
        """Return (n, F) what the neurons of a layer say, and the gradients of a logprob by each of that.

        Args:
            clean: the text.
            layer: counted from 0; the passes forth and back go through it and those above it.
            token_id: the token after the text whose logprob is followed.
            start: the first position; the n are those from it on.

        Raises:
            UnknownPart: the layer has not one MLP that can be told apart.
        """
        found: list[Tensor] = []

        def leaf(activations: Tensor) -> Tensor:
            found.append(activations.detach().clone().requires_grad_())
            return found[0]

        # A copy: what was computed in inference mode has no part in gradients.
        entering = clean.at("residual", layer)[None, start:].clone()
        variant: Variant = (Change("neuron", layer, leaf, start=start),)
        now = HookedPass(self._rules, [variant], clean.past.first(start), layer, entering)
        final = self._run(now, self._ids(clean.token_ids[start:]))
        if not found:
            raise UnknownPart(f"The MLP of layer {layer} is not one whose neurons could be told apart.")
        logprob = self.unembedded(final[:, -1])[0].log_softmax(-1)[token_id]
        (gradients,) = torch.autograd.grad(logprob, found)
        return found[0].detach(), gradients

    def unembedded(self, final: Tensor) -> Tensor:
        """Return (n, V) logits of (n, width) what the final norm returned."""
        logits: Tensor = self._logit_function(self._output(final).float())
        return logits

    def _require(self, variant: Variant) -> None:
        for one in variant:
            if isinstance(one, Change):
                _require((one.site, one.layer), self._sites)

    def _begin(self, variant: Variant, last: int) -> tuple[int, int]:
        """Return the first position and the first layer that a variant reaches."""
        position, layer = last, self.layers - 1
        for one in variant:
            if isinstance(one, Change):
                position, layer = min(position, one.start), min(layer, one.layer)
            else:
                position, layer = min(position, one.position + 1), 0
        return position, layer

    def _ids(self, token_ids: Sequence[int], copies: int = 1) -> dict[str, Tensor]:
        return {"input_ids": torch.tensor([list(token_ids)] * copies, device=self.device)}

    def _run(self, now: HookedPass, inputs: dict[str, Tensor]) -> Tensor:
        """Return (B, n, width) what the final norm returned of a piece."""
        length = next(iter(inputs.values())).shape[1]
        positions = torch.arange(now.start, now.start + length, device=self.device)
        with passing(now):
            output = self._base(**inputs, position_ids=positions[None], use_cache=False)
        final: Tensor = output.last_hidden_state
        return final


def _require(place: tuple[Site, int], known: Collection[tuple[Site, int]]) -> None:
    if place not in known:
        site, layer = place
        raise UnknownPart(f"Layer {layer} of this model has no {site} that could be told apart.")
