"""Attention whose order of summation depends on nothing but the position of the query in its own text.

Libraries of matrix products choose the order in which they add by the shape of the matrices, and by the
number of threads. Where texts are computed together, shapes depend on who else is there: a text would get
other last bits among others than alone, and sooner or later another token (batch invariance: He et al. 2025,
"Defeating Nondeterminism in LLM Inference"). So every product here has one shape, whoever is in the pass: the
queries of one token that share a key-value head, by `KEY_BLOCK` keys. Blocks of a text are added in their
order, and what stands beyond its end weighs exactly nothing.

All of it runs without the interpreter (TorchScript): see `compiled_layers`.
"""

import torch
from torch import Tensor

KEY_BLOCK = 128
"""Keys of one product on a processor. More compute more than a short text needs; fewer take more calls."""
KEY_BLOCK_ELSEWHERE = 1024
"""On a graphics card, where a call costs more than what it computes."""


def key_block_on(device: torch.device) -> int:
    """Return the keys of one product on a device."""
    return KEY_BLOCK if device.type == "cpu" else KEY_BLOCK_ELSEWHERE


def whole_blocks(length: int, key_block: int = KEY_BLOCK) -> int:
    """Return the length of the blocks that hold so many keys."""
    return -(-length // key_block) * key_block


def products(left: Tensor, right: Tensor) -> Tensor:
    """Return (n, a, c) of (n, a, b) and (n, b, c); one alone is computed twice, as it goes another way."""
    if left.size(0) == 1:
        return torch.bmm(left.expand(2, -1, -1), right.expand(2, -1, -1))[:1]
    return torch.bmm(left, right)


def weights_of(scores: Tensor, bias: Tensor, cap: float) -> Tensor:
    """Return the softmax over the last dimension of scores, capped if `cap` is above 0, plus a bias.

    A cap turns a score s into cap * tanh(s / cap) (Gemma 2, arXiv:2408.00118).
    """
    scores = scores.float()
    if cap > 0.0:
        scores = scores.div_(cap).tanh_().mul_(cap)
    return torch.softmax(scores.add_(bias), -1)


def attend_singles(
    query: Tensor, keys: Tensor, values: Tensor, bias: Tensor, cap: float, key_block: int
) -> Tensor:
    """Return (n, heads * size of a value) what the queries of one token of each of n texts read.

    Args:
        query: (n, heads, size), scaled.
        keys: (n, key-value heads, length, size), as are values, with room for whole blocks.
        values: see `keys`.
        bias: (n, 1, 1, L) that is added to the scores: -inf where a text must not look; L whole blocks.
        cap: of the scores; 0 for none.
        key_block: keys of one product.
    """
    n, sharing = query.size(0), query.size(1) // keys.size(1)
    grouped = query.reshape(n * keys.size(1), sharing, query.size(2))
    parts: list[Tensor] = []
    for first in range(0, bias.size(-1), key_block):
        block = keys[:, :, first : first + key_block].flatten(0, 1)
        parts.append(products(grouped, block.transpose(1, 2)))
    scores = torch.cat(parts, -1) if len(parts) > 1 else parts[0]
    by_text = scores.view(n, 1, query.size(1), bias.size(-1))
    weights = weights_of(by_text, bias, cap).view(scores.size()).to(values.dtype)
    read = products(weights[:, :, :key_block], values[:, :, :key_block].flatten(0, 1))
    for first in range(key_block, bias.size(-1), key_block):
        block = values[:, :, first : first + key_block].flatten(0, 1)
        read += products(weights[:, :, first : first + key_block], block)
    return read.reshape(n, -1)


def attend_chunk(
    query: Tensor, keys: Tensor, values: Tensor, bias: Tensor, cap: float, key_block: int
) -> Tensor:
    """Return (c, heads * size of a value) what the queries of c tokens of one text read.

    Args:
        query: (c, heads, size), scaled.
        keys: (key-value heads, length, size), as are values, with room for whole blocks.
        values: see `keys`.
        bias: (c, 1, L) that is added to the scores: -inf where a token must not look; L whole blocks.
        cap: of the scores; 0 for none.
        key_block: keys of one product.
    """
    count, shared = query.size(0), keys.size(0)
    sharing = query.size(1) // shared
    read: list[Tensor] = []
    for head in range(shared):
        mine = query[:, head * sharing : (head + 1) * sharing]
        parts: list[Tensor] = []
        for first in range(0, bias.size(-1), key_block):
            block = keys[head, first : first + key_block].t()
            parts.append(products(mine, block.expand(count, -1, -1)))
        scores = torch.cat(parts, -1) if len(parts) > 1 else parts[0]
        weights = weights_of(scores, bias, cap).to(values.dtype)
        one = products(weights[:, :, :key_block], values[head, :key_block].expand(count, -1, -1))
        for first in range(key_block, bias.size(-1), key_block):
            block = values[head, first : first + key_block]
            one += products(weights[:, :, first : first + key_block], block.expand(count, -1, -1))
        read.append(one)
    return torch.cat(read, 1).flatten(1)
