"""What a model asks of Transformers' attention interface, seen on a few tokens."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, PreTrainedModel
from transformers.masking_utils import AttentionMaskInterface, eager_mask

from model.reference.anatomy import attending_by
from model.reference.attention_rules import PLAIN_ARGUMENTS

NAME = "listening"
TOKENS = 8


@dataclass(frozen=True)
class Call:
    """One request for attention."""

    further: frozenset[str]
    """Names of what it gave beside queries, keys, values and a mask, and which must change the weights."""
    biased: bool
    """Whether its mask prefers some keys to others, beside hiding some."""


def attention_calls(transformer: PreTrainedModel, token_ids: list[int]) -> list[Call]:
    """Let a model read a text, and return its requests in their order.

    Raises:
        Exception: whatever the model's own forward pass raises.
    """
    calls: list[Call] = []
    with attending_by(transformer, NAME), _listening(calls), torch.inference_mode():
        transformer(torch.tensor([token_ids], device=transformer.device), use_cache=False)
    return calls


_heard: ContextVar[list[Call] | None] = ContextVar("attention calls", default=None)


@contextmanager
def _listening(calls: list[Call]) -> Iterator[None]:
    token = _heard.set(calls)
    try:
        yield
    finally:
        _heard.reset(token)


def _attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None = None,
    **further: Any,
) -> tuple[Tensor, None]:
    """Note the request; what is returned has the right shape only."""
    calls = _heard.get()
    if calls is not None:
        tensors = {name for name, given in further.items() if isinstance(given, Tensor)} - PLAIN_ARGUMENTS
        calls.append(Call(frozenset(tensors), _biased(attention_mask)))
    heads = value.mean(2, keepdim=True).repeat_interleave(query.shape[1] // value.shape[1], 1)
    return heads.expand(-1, -1, query.shape[2], -1).transpose(1, 2).contiguous(), None


def _biased(mask: Tensor | None) -> bool:
    if mask is None or mask.dtype == torch.bool:
        return False
    seen = mask[mask > torch.finfo(mask.dtype).min / 2]
    return bool((seen != 0).any())


AttentionInterface.register(NAME, _attention)
AttentionMaskInterface.register(NAME, eager_mask)
