"""Attention rollout: how much of each token could have come to the end of the text, by attention alone."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.interventions.token_scores import Progress, Scoring, TokenScores

if TYPE_CHECKING:
    from model.engine.internals import Internals


def attention_rollout(internals: "Internals", length: int) -> Scoring:
    """Score tokens by the attention rolled out over the layers (Abnar and Zuidema 2020).

    Rollout is the product over the layers, the last one in front, of A = 0.5 W + 0.5 I: W the attention
    weights, mean over the heads, and I the residual connection. Its row of the last token is what is asked
    for, so one row is all that is multiplied. The numbers are shares, say nothing for or against a token, and
    are the same whichever token is asked about.

    Args:
        internals: the recorded attention of the text, or of one that begins with it.
        length: tokens of the text.
    """
    layers = internals.model.info.layers
    row = np.zeros(length)
    row[-1] = 1.0
    for done, layer in enumerate(reversed(range(layers))):
        yield Progress(done, layers)
        row = rolled_back(row, internals.attention_heads(layer, length))
    return TokenScores("rollout", row)


def rolled_back(row: NDArray[np.float64], weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return a row of the rollout with one more layer beneath it.

    Args:
        row: (T,) of the layers above.
        weights: (heads, T, T) of the layer.
    """
    return np.asarray(0.5 * row @ weights.mean(axis=0, dtype=np.float64) + 0.5 * row)
