"""What a chi-square test says, in plain words; its numbers for who asks."""

import math
from html import escape

from model.sampler.goodness_of_fit import ChiSquare
from viz.words.strings import say

LIKELY, RARE = 0.05, 0.001
"""P-values above the first are as expected; below the second, something else than chance is at work."""


def fit_words(test: ChiSquare | None) -> str:
    """Return what the test means, in one or two sentences.

    Args:
        test: of shares against their probabilities; None where too little was counted for one.
    """
    if test is None:
        return say("page.fit.none")
    if math.isinf(test.statistic):
        return say("page.fit.impossible")
    kind = "fits" if test.p_value >= LIKELY else "unusual" if test.p_value >= RARE else "off"
    hundredths = 100 * test.p_value
    return say(f"page.fit.{kind}", often=f"{hundredths:.0f}" if hundredths >= 1 else "<1")


def fit_numbers(test: ChiSquare | None) -> str:
    """Return statistic, degrees of freedom and p-value in a sentence; empty where there are none."""
    if test is None or math.isinf(test.statistic):
        return ""
    return say(
        "page.fit.numbers",
        p=f"{test.p_value:.2g}",
        statistic=f"{test.statistic:.1f}",
        degrees=test.degrees_of_freedom,
    )


def on_demand(*sentences: str) -> str:
    """Return sentences that are closed at first, as escaped HTML; nothing where there are none."""
    told = " ".join(escape(sentence) for sentence in sentences if sentence)
    summary = escape(say("page.fit.more"))
    return f'<details class="say"><summary>{summary}</summary>{told}</details>' if told else ""
