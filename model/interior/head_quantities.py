"""Every attention head of a model as one number: how it looks, by measures that the field has names for.

A measure gives each row of a pattern (each query) a value of its own, or NaN where the row says nothing. A
head's value over a text is the mean over the rows that do; of one query it is that row's. The first token
can look at nothing but itself, so row 0 never says anything.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.engine.internals import Internals
from model.numbers import LN2, within

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from torch import Tensor

ROWS = 128
"""Rows of a pattern that are in memory at the same time, of all heads of a layer."""
THUMBNAIL = 32
"""Rows and columns of a thumbnail."""

Values = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Rows:
    """Some consecutive rows of the attention patterns of a text: whose they are, and what they could see."""

    tokens: "Tensor"
    """(T,) ids of the tokens up to the last query."""
    queries: "Tensor"
    """(R, 1) positions."""
    keys: "Tensor"
    """(1, T) positions."""
    key: int | None
    """The position that a person chose."""

    @property
    def earlier_same(self) -> "Tensor":
        """(R, T) whether the key holds the query's token, earlier in the text."""
        same: Tensor = self.tokens == self.tokens[self.queries]
        return same & (self.keys < self.queries)


Quantity = Callable[["Tensor", Rows], "Tensor"]
"""From (heads, R, T) weights to (heads, R) values of the rows, NaN where a row says nothing."""


def entropy(weights: "Tensor", rows: Rows) -> "Tensor":
    """Entropy of the row in bits: 0 for a look at one token, log2(n) for an even one at n (Shannon 1948)."""
    return -weights.xlogy(weights).sum(-1) / LN2


def distance(weights: "Tensor", rows: Rows) -> "Tensor":
    """Tokens looked back, on average over the weights (Vig & Belinkov 2019, arXiv:1906.04284)."""
    return (weights * (rows.queries - rows.keys)).sum(-1)


def first_token(weights: "Tensor", rows: Rows) -> "Tensor":
    """Weight on the first token: the attention sink (Xiao et al. 2023, arXiv:2309.17453)."""
    return _weight_on(rows.keys == 0, weights)


def previous_token(weights: "Tensor", rows: Rows) -> "Tensor":
    """Weight on the token before the query's own (Elhage et al. 2021). In row 1 that is the first token."""
    return _weight_on(rows.keys == rows.queries - 1, weights)


def itself(weights: "Tensor", rows: Rows) -> "Tensor":
    """Weight of the query on its own token."""
    return _weight_on(rows.keys == rows.queries, weights)


def duplicate_token(weights: "Tensor", rows: Rows) -> "Tensor":
    """Weight on earlier places of the query's token, all together (Wang et al. 2022, arXiv:2211.00593).

    Rows whose token has not come before say nothing.
    """
    return _weight_on(rows.earlier_same, weights)


def induction(weights: "Tensor", rows: Rows) -> "Tensor":
    """Weight on what came after earlier places of the query's token, over all of those together.

    The prefix-matching score (Elhage et al. 2021; Olsson et al. 2022, arXiv:2209.11895) for any text: of
    query i the weight on all j + 1 < i where token j is token i. Rows where there is no such j say
    nothing. In "a a" what came after the first a is the query itself; that is `self`, and does not count
    here (in TransformerLens it does).
    """
    after = rows.earlier_same.roll(1, -1)  # no earlier key stands last, so none comes around to the first
    return _weight_on(after & (rows.keys < rows.queries), weights)


def confidence(weights: "Tensor", rows: Rows) -> "Tensor":
    """Largest weight on any one token but the first (Voita et al. 2019, arXiv:1905.09418).

    They leave out the end of a sentence, where heads rest that find nothing; here that is the first token.
    """
    return weights.masked_fill(rows.keys == 0, 0.0).amax(-1)


def chosen_token(weights: "Tensor", rows: Rows) -> "Tensor":
    """Weight on one chosen token. Rows before it, which cannot see it, say nothing."""
    return _weight_on((rows.keys == rows.key) & (rows.keys <= rows.queries), weights)


QUANTITIES: Mapping[str, Quantity] = {
    "entropy": entropy,
    "distance": distance,
    "first_token": first_token,
    "previous_token": previous_token,
    "self": itself,
    "duplicate_token": duplicate_token,
    "induction": induction,
    "confidence": confidence,
    "token": chosen_token,
}
"""What there is, in the order in which it is offered."""


def layer_by_layer(
    internals: Internals,
    names: Collection[str],
    length: int,
    *,
    query: int | None = None,
    key: int | None = None,
) -> Iterator[dict[str, Values]]:
    """Return an iterator that computes one layer after another, the first layer first.

    Args:
        internals: of a text of at least `length` tokens.
        names: of `QUANTITIES`.
        length: number of leading tokens, T.
        query: the only row that counts; None for the mean over all rows.
        key: the position that `token` asks about, from 0 to T - 1.

    Yields:
        (heads,) values by name: NaN where no row says anything.

    Raises:
        OutOfRange: the text has no such query or key.
        ValueError: there is no quantity of that name, or `token` is asked for without a key.
    """
    unknown = [name for name in names if name not in QUANTITIES]
    if unknown:
        raise ValueError(f"there is no quantity {unknown[0]!r}, only {', '.join(QUANTITIES)}")
    if "token" in names and key is None:
        raise ValueError("token needs the position of a key")
    length = int(within("length", length, 1, len(internals), whole=True))
    key = None if key is None else int(within("key", key, 0, length - 1, whole=True))
    asked = range(length)
    if query is not None:
        asked = asked[int(within("query", query, 0, length - 1, whole=True)) :][:1]
    return (_of_layer(internals, layer, names, asked, key) for layer in range(internals.model.info.layers))


def head_quantities(
    internals: Internals,
    names: Collection[str],
    length: int,
    *,
    query: int | None = None,
    key: int | None = None,
) -> dict[str, Values]:
    """Return (layers, heads) values by name; arguments and errors as of `layer_by_layer`."""
    layers = list(layer_by_layer(internals, names, length, query=query, key=key))
    return {name: np.stack([layer[name] for layer in layers]) for name in names}


def ranked(values: NDArray[np.floating]) -> list[tuple[int, int, float]]:
    """Return (layer, head, value) of all (layers, heads) values.

    The largest first, NaN last, and where values tie the lower layer first, then the lower head.
    """
    heads = [(layer, head, float(value)) for (layer, head), value in np.ndenumerate(values)]
    return sorted(heads, key=lambda one: (np.isnan(one[2]), 0.0 if np.isnan(one[2]) else -one[2], *one[:2]))


def patterns(internals: Internals, layer: int, length: int, size: int = THUMBNAIL) -> Values:
    """Return (heads, n, n) small pictures of the attention patterns of a layer, n = min(size, T).

    A cell stands for neighbouring queries and neighbouring keys, as evenly divided as whole tokens can be.
    It holds the weight that falls on all of its keys together, mean over its queries, so that rows still
    sum to 1: a head that looks one token back keeps its diagonal however long the text is, which a mean
    over keys would wash out and a maximum would not tell from a glance.

    Args:
        internals: of a text of at least `length` tokens.
        layer: counted from 0.
        length: number of leading tokens, T.
        size: most rows and columns, at least 1.
    """
    cells = min(size, length)
    of_token = np.arange(length) * cells // length
    member = (of_token[:, np.newaxis] == np.arange(cells)).astype(np.float32)

    def summed(weights: "Tensor", rows: Rows) -> "Tensor":
        return weights @ weights.new_tensor(member[: len(rows.tokens)])

    fine = _by_rows(internals, layer, range(length), None, {"": summed})[""]  # (heads, T, n)
    sums = np.add.reduceat(fine, np.searchsorted(of_token, np.arange(cells)), axis=1)
    return np.asarray(sums / member.sum(axis=0)[:, np.newaxis], dtype=np.float32)


def _weight_on(looked_at: "Tensor", weights: "Tensor") -> "Tensor":
    """Return the weight of every row on some keys together; NaN where the row has none of them."""
    total = (weights * looked_at.float()).sum(-1)
    return total.masked_fill(~looked_at.any(-1), float("nan"))


def _of_layer(
    internals: Internals, layer: int, names: Collection[str], asked: range, key: int | None
) -> dict[str, Values]:
    """Return (heads,) means over the rows asked for that say something."""
    found = _by_rows(internals, layer, asked, key, {name: QUANTITIES[name] for name in names})
    return {name: _mean(values[:, max(0, 1 - asked.start) :]) for name, values in found.items()}


def _by_rows(
    internals: Internals, layer: int, asked: range, key: int | None, wanted: Mapping[str, Quantity]
) -> dict[str, Values]:
    """Return what is wanted of the rows asked for, a few rows at a time, each with the keys it can see."""
    import torch  # noqa: PLC0415 - see above

    from model.network.recording import attention_weights  # noqa: PLC0415 - imports torch

    recording = internals.recording

    def work() -> dict[str, Values]:
        parts: dict[str, list[Tensor]] = {name: [] for name in wanted}
        for first in range(asked.start, asked.stop, ROWS):
            end = min(first + ROWS, asked.stop)
            weights = attention_weights(recording, layer, end, first=first)
            positions = torch.arange(end, device=weights.device)
            tokens = torch.tensor(internals.token_ids[:end], device=weights.device)
            rows = Rows(tokens, positions[first:, None], positions[None], key)
            for name, quantity in wanted.items():
                parts[name].append(quantity(weights, rows))
        return {name: torch.cat(found, dim=1).cpu().numpy() for name, found in parts.items()}

    return internals.model.read(work)


def _mean(values: Values) -> Values:
    """Return (heads,) means of (heads, rows) values over the rows that are not NaN; NaN if all are."""
    told = ~np.isnan(values)
    sums = np.where(told, values, 0.0).sum(axis=1, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return np.asarray(sums / told.sum(axis=1), dtype=np.float32)
