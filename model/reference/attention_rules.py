"""What the attention of each layer does, asked of Transformers itself, not of names in a configuration.

A model is run over a few tokens with an attention of ours that writes down what every layer hands to it. Its
masks are asked for as rules: Transformers builds each from a function of two positions, and that function
answers for positions far beyond any window, which a short text never reaches.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, PreTrainedModel
from transformers.masking_utils import AttentionMaskInterface

from model.reference.anatomy import attending_by, decoder_of, text_config
from model.reference.attention_rule import AttentionRule, Visibility

NAME = "asking"
CPU = torch.device("cpu")
FARTHEST = 1 << 20
"""Positions beyond this one are not asked for."""
CLOSE = 1e-4
"""Relative difference that rounding may cause."""
PLAIN_ARGUMENTS = {
    "scaling",
    "sliding_window",
    "softcap",
    "dropout",
    "is_causal",
    "position_ids",
    "use_cache",
    "cache",
    "output_attentions",
    "output_hidden_states",
    "output_router_logits",
    "return_dict",
    "cache_position",
    "cu_seq_lens_q",
    "cu_seq_lens_k",
    "layer_idx",
    "logits_to_keep",
}
"""What a layer may hand to its attention without making it another one than ours, or than a rule says."""


class UnknownRule(Exception):
    """A layer's attention does something that is not computed here; the message says what."""


@dataclass
class Asked:
    """What one layer handed to its attention."""

    key: Tensor
    """(1, heads, n, size)."""
    mask: Tensor | None
    arguments: dict[str, Any]
    scaling: float


@dataclass
class Asking:
    """A pass over a few tokens at positions that may lie far apart."""

    positions: Tensor
    """(n,), growing."""
    context: int
    kinds: list[Visibility] = field(default_factory=list)
    """Of the masks that the model asked for."""
    layers: dict[int, Asked] = field(default_factory=dict)


@torch.inference_mode()
def rules_of(transformer: PreTrainedModel, context: int) -> tuple[AttentionRule, ...]:
    """Return the rule of each layer.

    Args:
        transformer: causal LM; it is left as it was.
        context: most tokens of a text.

    Raises:
        UnknownRule: a layer has no attention that could be asked, or it is none of these rules.
    """
    asking = _asked(transformer, _spread(context), context)
    if len(asking.kinds) > 1:
        asking = _asked(transformer, _spread(context, asking.kinds), context)
    layers = text_config(transformer).num_hidden_layers
    if sorted(asking.layers) != list(range(layers)):
        raise UnknownRule(
            f"only {len(asking.layers)} of its {layers} layers take their attention from Transformers' "
            "attention interface"
        )
    return tuple(_rule(asking, asking.layers[layer]) for layer in range(layers))


@torch.inference_mode()
def constant_length(transformer: PreTrainedModel, context: int) -> int:
    """Return the length up to which what a token's key is does not depend on how long the text is.

    Factors of some rotary embeddings change for all positions once the text is longer than those that the
    model was first trained on (dynamic NTK; LongRoPE, arXiv:2402.13753).

    Args:
        transformer: causal LM; it is left as it was.
        context: most tokens of a text.
    """
    first = 3

    def keys(last: int) -> list[Tensor]:
        asking = _asked(transformer, torch.tensor([*range(first), last]), context)
        return [asking.layers[layer].key[:, :, :first] for layer in sorted(asking.layers)]

    if context <= first + 1:
        return context
    short = keys(first)

    def same(last: int) -> bool:
        return all(
            torch.allclose(ours, theirs, rtol=CLOSE, atol=CLOSE)
            for ours, theirs in zip(short, keys(last), strict=True)
        )

    low, high = first, context  # the same at `low`, not at `high`
    if same(context - 1):
        return context
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if same(middle) else (low, middle)
    keys(first)  # some embeddings remember the longest text
    return low + 1


def _asked(transformer: PreTrainedModel, positions: Tensor, context: int) -> Asking:
    device = transformer.device
    asking = Asking(positions.to(device), min(context, FARTHEST))
    ids = torch.arange(len(positions), device=device)[None] % text_config(transformer).vocab_size
    with attending_by(transformer, NAME), _asking_by(asking):
        # A mask of its own kind: positions with gaps would be taken for several texts.
        decoder_of(transformer)(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            position_ids=asking.positions[None],
            use_cache=False,
        )
    return asking


def _spread(context: int, kinds: Sequence[Visibility] = ()) -> Tensor:
    """Return positions from the last one down, at doubling distances, and where each kind's view ends.

    Without the ends two windows that lie close together would look the same.
    """
    last = min(context, FARTHEST) - 1
    back = {last} | {1 << power for power in range(21)} | {0, 3, 5, 6, 7}
    for kind in kinds:
        edges = {kind.window} if kind.window else {last % kind.chunk + 1} if kind.chunk else set()
        back |= {edge + by for edge in edges for by in (-1, 0)}
    return torch.tensor(sorted(last - one for one in back if one <= last))


def _rule(asking: Asking, asked: Asked) -> AttentionRule:
    given = {name: value for name, value in asked.arguments.items() if value is not None}
    unknown = sorted(set(given) - PLAIN_ARGUMENTS)
    if unknown:
        raise UnknownRule(f"its attention also takes {', '.join(unknown)}, which is not computed here")
    softcap = given.get("softcap")
    return AttentionRule(
        asked.scaling, _visibility(asking, asked.mask), None if softcap is None else float(softcap)
    )


def _visibility(asking: Asking, mask: Tensor | None) -> Visibility:
    if mask is None:
        raise UnknownRule("a layer gets no mask, so that nothing says which tokens it may look at")
    seen = (mask if mask.dtype == torch.bool else mask == 0)[0]
    at = asking.positions
    for kind in asking.kinds:
        if torch.equal(seen.all(0), kind.seen(at[:, None], at)) and torch.equal(seen.any(0), seen.all(0)):
            return kind
    raise UnknownRule("a layer looks at its text through a mask that is no causal window")


def visibility_of(
    rule: Callable[[Tensor, Tensor], Tensor], context: int, device: torch.device = CPU
) -> Visibility:
    """Return the visibility that a function of positions stands for, up to a length.

    Args:
        rule: positions of queries (n, 1) and of keys (1, m) to bool, which keys are seen.
        context: most tokens of a text.
        device: of the positions that the function takes.

    Raises:
        UnknownRule: it is none.
    """
    every = torch.arange(context, device=device)

    def first_seen(query: int) -> int:
        return int(rule(torch.tensor([[query]], device=device), every[None])[0].int().argmax())

    last = context - 1
    first = first_seen(last)
    found = Visibility()
    if first > 0:
        slides = first_seen(last - 1) == first - 1
        found = (
            Visibility(window=last - first + 1) if slides else Visibility(chunk=first - first_seen(first - 1))
        )
    bounds = {edge for edge in (found.window, found.chunk) if edge is not None}
    queries = {first, last, 0, context // 2, context // 3}
    queries |= {edge * times + by for edge in bounds for times in (1, 2, 3) for by in (-1, 0, 1)}
    for query in sorted(queries):
        if 0 <= query < context:
            at = torch.tensor([[query]], device=device)
            if not torch.equal(rule(at, every[None]).expand(1, context), found.seen(at, every[None])):
                raise UnknownRule("a layer looks at its text through a mask that is no causal window")
    return found


_now: ContextVar[Asking | None] = ContextVar("asking", default=None)


@contextmanager
def _asking_by(asking: Asking) -> Iterator[None]:
    token = _now.set(asking)
    try:
        yield
    finally:
        _now.reset(token)


def _attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    **arguments: Any,
) -> tuple[Tensor, None]:
    """Write down what a layer hands over, and let every token read what came before it."""
    asking = _now.get()
    assert asking is not None
    scaling = arguments.get("scaling")
    scaling = query.shape[-1] ** -0.5 if scaling is None else float(scaling)
    layer: int = module.layer_idx  # type: ignore[assignment]
    asking.layers[layer] = Asked(key, attention_mask, arguments, scaling)
    read = scaled_dot_product_attention(query, key, value, is_causal=True, scale=scaling, enable_gqa=True)
    return read.transpose(1, 2).contiguous(), None


def _mask(*, mask_function: Callable[..., Tensor], **_: Any) -> Tensor:
    """Return (1, 1, n, n) the mask at the positions of the pass, and note which kind it is."""
    asking = _now.get()
    assert asking is not None
    device = asking.positions.device
    nothing = torch.zeros((), dtype=torch.long, device=device)
    kind = visibility_of(
        lambda queries, keys: mask_function(nothing, nothing, queries, keys), asking.context, device
    )
    if kind not in asking.kinds:
        asking.kinds.append(kind)
    at = asking.positions
    return kind.seen(at[:, None], at)[None, None]


AttentionInterface.register(NAME, _attention)
AttentionMaskInterface.register(NAME, _mask)
