"""Where the weights of a head come from: the queries and the keys that met in it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.engine.internals import Internals
from model.numbers import within


@dataclass(frozen=True, eq=False)
class QueriesKeys:
    """The vectors of one head, as they meet: turned by their positions where the model does that."""

    queries: NDArray[np.float32]
    """(T, size)."""
    keys: NDArray[np.float32]
    """(T, size); heads that share keys (grouped-query attention) show the same ones."""
    scaling: float
    """Factor on query times key. Softmax over the keys that a query sees gives its attention weights."""


def queries_and_keys(internals: Internals, layer: int, head: int, length: int) -> QueriesKeys:
    """Return the queries and keys of one head, from the recording.

    Args:
        internals: of a text of at least `length` tokens.
        layer: counted from 0.
        head: counted from 0.
        length: number of leading tokens, T.

    Raises:
        OutOfRange: the model has no such layer or head.
    """
    info = internals.model.info
    layer = int(within("layer", layer, 0, info.layers - 1, whole=True))
    head = int(within("head", head, 0, info.heads - 1, whole=True))
    recording, layout = internals.recording, internals.recording.layout
    queries, keys = layout.queries[layer], layout.keys[layer]
    sharing = queries.heads // keys.heads

    def work() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        asked = recording.vectors(queries, length)[:, head].float().cpu().numpy()
        return asked, recording.vectors(keys, length)[:, head // sharing].float().cpu().numpy()

    return QueriesKeys(*internals.model.read(work), layout.rules[layer].scaling)
