"""Made-up numbers for the figures: small, seeded, and with the awkward tokens that models do produce."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.sampler.effects import RankedCurve, TemperatureSweep, ranked_curve, temperature_sweep
from model.sampler.sampling import shape
from model.sampler.settings import SamplerSettings
from model.texts.run import Step
from viz.figures.figure import Figure
from viz.figures.theme import DARK, LIGHT

THEMES = {"light": LIGHT, "dark": DARK}
AWKWARD = ["<b>", "</script>", "&", "%{x}", "\n", "😀", '"q"', "<br>", "$a$", "{0}"]
AWKWARD_SAFE = ["&lt;b&gt;", "&lt;/script&gt;", "&amp;", "%{x}", "↵", "😀", '"q"', "&lt;br&gt;", "$a$", "{0}"]


def steps(count: int, *, first: int = 8, tokens: list[str] | None = None) -> list[Step]:
    """Return steps from position `first` on, with repeating tokens unless some are given."""
    rng = np.random.default_rng(count)
    words = tokens or [" the", " cat"]
    return [
        Step(
            position=first + index,
            token_id=index % len(words),
            token=words[index % len(words)],
            text=words[index % len(words)],
            u=0.5,
            logprob=-float(rng.exponential(2.0)),
            probability=0.5,
            rank=1 + index,
            entropy_bits=float(rng.uniform(0, 8)),
            kept=3,
        )
        for index in range(count)
    ]


def causal(size: int) -> NDArray[np.float32]:
    """Return (size, size) attention weights: rows sum to 1, zeros above the diagonal."""
    scores = np.exp(np.random.default_rng(size).normal(0, 2, (size, size))) * np.tri(size)
    return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)


def logits(size: int = 5000) -> NDArray[np.float32]:
    """Return (size,) logits with token 0 the most likely, then 1, and so on."""
    return -np.sort(-np.random.default_rng(7).gumbel(0, 2.5, size)).astype(np.float32)


def sweep(count: int = 6) -> TemperatureSweep:
    """Return the sweep of the `count` leading tokens."""
    return temperature_sweep(logits(), range(count))


def curve(settings: SamplerSettings) -> RankedCurve:
    """Return the ranked curve of the sample logits under the settings."""
    return ranked_curve(shape(logits(), settings, [0, 3]))


def reread(figure: Figure) -> dict[str, Any]:
    """Return the figure as the browser gets it."""
    return json.loads(figure.to_json())


def texts(figure: Figure) -> list[str]:
    """Return what the annotations of a figure say."""
    return [annotation.text for annotation in figure.layout.annotations]
