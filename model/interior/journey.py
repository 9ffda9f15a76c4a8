"""The way of one token through the model, in numbers: the sizes of the model, and what the step was like."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from model.interior.explain import Explanation
from model.interior.lens import LensLayer

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.engine.internals import Internals


@dataclass(frozen=True)
class ModelSizes:
    """The sizes and kinds of the parts of a model; see `model.reference.kinds.Kinds` for the latter."""

    layers: int
    heads: int
    key_heads: int
    """Heads of keys and values: fewer than the others where these share them (Ainslie et al. 2023)."""
    head_size: int
    """Numbers of a query and of a key."""
    scaling: float
    """Factor on query times key."""
    width: int
    """Numbers of the residual stream."""
    vocab_size: int
    neurons: int | None
    experts: bool
    gated: bool
    activation: str | None
    norm: Literal["layer", "rms"] | None
    position: Literal["rotary", "learned", "sinusoidal"] | None
    tied: bool
    factor: float
    """On the scores of the output embedding, which make the logits."""
    cap: float | None
    """Below which logits lie (Gemma 2, arXiv:2408.00118); None for none."""
    beside: bool | None
    """Whether the MLP reads what attention reads, not what that has added to. None: they are not simply
    added to the stream."""


def model_sizes(internals: "Internals") -> ModelSizes:
    """Return the sizes of the model that read a text of at least one token."""
    from model.network.unknown_part import UnknownPart  # noqa: PLC0415 - its folder imports torch

    model, layout = internals.model, internals.recording.layout
    parts, kinds = model.networks[internals.format].parts, model.kinds

    def beside() -> bool | None:
        try:
            return parts.mlp(internals.recording, 0, 0)[0].beside
        except UnknownPart:
            return None

    return ModelSizes(
        layers=model.info.layers,
        heads=layout.queries[0].heads,
        key_heads=layout.keys[0].heads,
        head_size=layout.queries[0].size,
        scaling=layout.rules[0].scaling,
        width=layout.residual[0].size,
        vocab_size=model.info.vocab_size,
        neurons=kinds.neurons,
        experts=kinds.experts,
        gated=kinds.gated,
        activation=kinds.activation,
        norm=kinds.norm,
        position=kinds.position,
        tied=kinds.tied,
        factor=parts.logit_function.factor,
        cap=parts.logit_function.cap,
        beside=model.read(beside),
    )


@dataclass(frozen=True)
class Look:
    """Where attention looked most, standing at the query."""

    token: str
    """Raw text of the token that was looked at."""
    weight: float
    """Share of the row, 0 to 1."""
    layer: int
    head: int | None
    """None for the mean over the layer's heads."""
    itself: bool = False
    """Whether that is the query's own token."""
    first: float | None = None
    """Weight on the first token of the text, where that is the largest: then the next largest is told."""


@dataclass(frozen=True)
class StepNumbers:
    """One step: what was read, what could have followed, and what did. Tokens are raw texts."""

    read: tuple[str, ...]
    """The tokens up to the query, T of them."""
    leading: str
    """What the model finds most likely next."""
    leading_probability: float
    """By the model itself, as is the entropy."""
    entropy_bits: float
    kept: int
    """Tokens that the sampler leaves."""
    kept_mass: float
    """What the model gave these together."""
    u: float | None
    """The draw; None where nobody threw."""
    chosen: str | None
    """What stands there; None past the end."""
    rank: int | None
    """Of the chosen one, 1 the most likely."""
    probability: float | None
    """Of the chosen one, by the model itself."""
    shaped_probability: float | None
    """Of the chosen one, after the sampler."""
    forced: bool
    """Put there by a person."""
    look: Look | None = None
    """None where attention was not read."""
    settled: int | None = None
    """First layer, from 0, from which on the lens says what the model says in the end; -1 for the embedding.
    None where the lens was not read."""


def look_of(row: NDArray[np.floating], read: Sequence[str], layer: int, head: int | None = None) -> Look:
    """Return where a row of attention looks most.

    Many heads rest on the first token when they have nothing to look at (Xiao et al. 2023, arXiv:2309.17453).
    Where that is the largest weight, the largest of the others is told beside it.

    Args:
        row: (T,) weights of the query on the tokens up to itself.
        read: (T,) their raw texts.
        layer: counted from 0.
        head: counted from 0; None for the mean over the layer's heads.
    """
    most = int(np.argmax(row))
    if most > 0 or len(row) == 1:
        return Look(read[most], float(row[most]), layer, head, itself=most == len(row) - 1)
    other = 1 + int(np.argmax(row[1:]))
    itself = other == len(row) - 1
    return Look(read[other], float(row[other]), layer, head, itself=itself, first=float(row[0]))


def step_numbers(
    why: Explanation,
    read: Sequence[str],
    token_of: Callable[[int], str],
    *,
    look: Look | None = None,
    layers: Sequence[LensLayer] = (),
) -> StepNumbers:
    """Return the numbers of a step.

    Args:
        why: the choice.
        read: raw texts of the tokens up to the query.
        token_of: the raw text of a token id.
        look: where attention looked most, if that is known.
        layers: (L + 1,) what the model would have said after each layer, if that is known.
    """
    shaped, chosen = why.shaped, why.token_id
    first = int(shaped.most_likely(1)[0])
    return StepNumbers(
        read=tuple(read),
        leading=token_of(first),
        leading_probability=float(shaped.probabilities[first]),
        entropy_bits=shaped.entropy_bits,
        kept=shaped.kept,
        kept_mass=shaped.kept_mass,
        u=why.u,
        chosen=None if chosen is None else token_of(chosen),
        rank=None if chosen is None else shaped.rank(chosen),
        probability=None if chosen is None else float(shaped.probabilities[chosen]),
        shaped_probability=None if chosen is None else float(shaped.shaped[chosen]),
        forced=why.forced,
        look=look,
        settled=settled(layers),
    )


def settled(layers: Sequence[LensLayer]) -> int | None:
    """Return the first layer from which on the leading token stays that of the output.

    Args:
        layers: (L + 1,) from the embedding to the output.

    Returns:
        the layer from 0, -1 for the embedding; None for no layers.
    """
    if not layers:
        return None
    last = layers[-1].token_ids[0]
    alike = sum(1 for _ in takewhile(lambda one: one.token_ids[0] == last, reversed(layers)))
    return len(layers) - alike - 1
