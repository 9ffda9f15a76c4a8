"""Contrast sets: one sentence, several words in one place of it, and what the model thinks comes next.

What differs between the rows of such a set is one word alone, so what differs between their numbers is due to
it: in this model and in this sentence, and no more is measured. The idea is that of Kiritchenko and Mohammad
2018, "Examining Gender and Race Bias in Two Hundred Sentiment Analysis Systems" (arXiv:1805.04508: templates
with one slot), Rudinger et al. 2018, "Gender Bias in Coreference Resolution" (arXiv:1804.09301: occupations
and pronouns), Nangia et al. 2020, "CrowS-Pairs" (arXiv:2010.00133) and Nadeem et al. 2021, "StereoSet"
(arXiv:2004.09456: how likely a model finds one of two sentences). Blodgett et al. 2021, "Stereotyping
Norwegian Salmon", say what such sets often get wrong: sentences that differ in more than they seem to, and
conclusions about what was never measured.

Probabilities are the model's own, before any sampler, computed and not sampled: they have no interval.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from model.sampler.distribution import Floats, Softmax

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.engine.engine import Engine
    from model.network.language_model import LanguageModel

SLOT = re.compile(r"\{[^{}]*\}")
"""Where a filler is put: {} or {with a name}."""
MOST_TOKENS = 128
"""Of a prompt and its continuation together."""
LEAST_LOGPROB, LEAST_REST = -700.0, 2.0**-24
"""Bounds within which log-odds are told: those of a probability beside 0, and of one that float32 cannot tell
from 1."""


class UnmeasurableText(ValueError):
    """A prompt and a continuation that cannot be measured as they are."""

    def __init__(self, why: str, prompt: str, continuation: str, tokens: int = 0) -> None:
        super().__init__(f"{why}: {prompt!r} and {continuation!r}")
        self.why = why
        """`together`: the prompt's tokens are others before this continuation; `long`: too many tokens;
        `nothing`: a continuation of no token."""
        self.prompt, self.continuation, self.tokens = prompt, continuation, tokens


@dataclass(frozen=True)
class ContrastSet:
    """One template, what is put into its slot, and what may come after it."""

    template: str
    """With one slot."""
    fillers: tuple[str, ...]
    continuations: tuple[str, ...]
    """As they follow the prompt: with a space before them where one belongs there."""

    def __post_init__(self) -> None:
        """Check it.

        Raises:
            ValueError: not one slot, no filler, no continuation, or an empty one.
        """
        slots = len(SLOT.findall(self.template))
        if slots != 1:
            raise ValueError(f"a template has one slot, not {slots}")
        if not all(one.strip() for one in (*self.fillers, *self.continuations)):
            raise ValueError("no filler and no continuation may be empty")
        if not self.fillers or not self.continuations:
            raise ValueError("a contrast set needs a filler and a continuation at least")

    def prompt(self, filler: str) -> str:
        """Return the template with a filler in its slot."""
        return SLOT.sub(lambda _: filler, self.template)


@dataclass(frozen=True)
class Measured:
    """How likely one continuation is after one prompt."""

    token_ids: tuple[int, ...]
    """Of the continuation."""
    logprobs: tuple[float, ...]
    """Of each of them after those before it, nats."""

    @property
    def logprob(self) -> float:
        """Of the whole continuation given the prompt, nats: the sum of those of its tokens (chain rule)."""
        return sum(self.logprobs)


@dataclass(frozen=True, eq=False)
class Probe:
    """A contrast set as far as it has been measured."""

    contrast: ContrastSet
    precision: str
    """The number format that computed it."""
    rows: tuple[tuple[Measured, ...], ...] = ()
    """By filler, in each by continuation; the first fillers while it is under way."""
    stopped: bool = False

    @property
    def fillers(self) -> tuple[str, ...]:
        """Those that have been measured."""
        return self.contrast.fillers[: len(self.rows)]

    @property
    def logprobs(self) -> Floats:
        """(n, m) by filler and continuation, nats."""
        found: Floats = np.array([[one.logprob for one in row] for row in self.rows], dtype=np.float64)
        return found.reshape(len(self.rows), len(self.contrast.continuations))

    @property
    def log_odds(self) -> Floats:
        """(n, m) log of p / (1 - p), nats, within what floats can tell."""
        logprobs = np.maximum(self.logprobs, LEAST_LOGPROB)
        found: Floats = logprobs - np.log(np.maximum(-np.expm1(logprobs), LEAST_REST))
        return found

    def against(self, reference: int | None = None) -> Floats:
        """Return (n, m) how far log-odds lie above those of a reference, nats.

        Args:
            reference: index of a filler; None for the mean of the log-odds of all fillers.

        Raises:
            IndexError: no such filler has been measured.
        """
        odds = self.log_odds
        if not len(odds):
            return odds
        compared: Floats = odds - (odds.mean(axis=0) if reference is None else odds[reference])
        return compared


def measuring(
    engine: "Engine",
    contrast: ContrastSet,
    precision: str | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Probe]:
    """Yield a contrast set with nothing measured, after each filler, and once more where it was stopped.

    What is read for it is forgotten: it pushes no text out that somebody looks at.

    Args:
        engine: reads the texts.
        contrast: the set.
        precision: the number format; the model's usual one by default.
        stop: asked before every filler whether to end.

    Raises:
        UnknownPrecision: the model was not loaded in this number format.
        UnmeasurableText: see there; before anything is read.
        UnreadableText: half a character, or a token that the model does not know.
    """
    form = engine.precision(precision)
    most = min(MOST_TOKENS, engine.model.info.context_length)
    texts = [
        [split(engine.model, contrast.prompt(filler), one, most) for one in contrast.continuations]
        for filler in contrast.fillers
    ]
    probe = Probe(contrast, form)
    yield probe
    for of_filler in texts:
        if stop():
            yield replace(probe, stopped=True)
            return
        probe = replace(probe, rows=(*probe.rows, _measured(engine, of_filler, form)))
        yield probe


def split(
    model: "LanguageModel", prompt: str, continuation: str, most: int = MOST_TOKENS
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the token ids of a prompt and of what follows it.

    Both are read as one text, as the model would read them: spaces at the end of the prompt belong to the
    first word after it. (Pieces read by themselves may be other tokens.)

    Args:
        model: whose tokens they are.
        prompt: as typed.
        continuation: as typed.
        most: tokens of both together.

    Raises:
        UnmeasurableText: the tokens of the prompt are others before this continuation, there are too many, or
            none is left for the continuation.
        UnreadableText: half a character, or a token that the model does not know.
    """
    before = model.typed(prompt.rstrip()).token_ids
    whole = model.typed(prompt + continuation).token_ids
    if len(whole) > most:
        raise UnmeasurableText("long", prompt, continuation, len(whole))
    if not before or whole[: len(before)] != before:
        raise UnmeasurableText("together", prompt, continuation)
    if len(whole) == len(before):
        raise UnmeasurableText("nothing", prompt, continuation)
    return before, whole[len(before) :]


def _measured(
    engine: "Engine", texts: Sequence[tuple[tuple[int, ...], tuple[int, ...]]], form: str
) -> tuple[Measured, ...]:
    """Return how likely each continuation is; a prompt is read once for all of them."""
    prompts = {prompt for prompt, _ in texts}
    read = {one: engine.read(one, form) for one in prompts}
    first = {one: internals.softmax(len(one) - 1) for one, internals in read.items()}
    longer = {(*prompt, *after[:-1]) for prompt, after in texts if len(after) > 1}
    read |= dict(zip(sorted(longer), engine.read_all(sorted(longer), form), strict=True)) if longer else {}
    found = []
    for prompt, after in texts:
        softmaxes = [first[prompt]]
        if len(after) > 1:
            places = range(len(prompt), len(prompt) + len(after) - 1)
            softmaxes += read[*prompt, *after[:-1]].softmaxes(places)
        found.append(Measured(after, tuple(map(_logprob, softmaxes, after))))
    engine.forget([*prompts, *longer], form)
    return tuple(found)


def _logprob(softmax: Softmax, token_id: int) -> float:
    """Return the natural log of the probability of a token; finite also where that is 0 as a float."""
    return float(softmax.scores[token_id]) - softmax.log_partition
