"""A text that somebody brings, scored: how likely the model finds each token after those before it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from model.branching import forced_steps
from model.distribution import Floats
from model.given import AS_IT_IS
from model.internals import AT_ONCE
from model.likelihood import Likelihood
from model.run import LN2, Run, Step
from model.sampling import ShapedDistribution
from model.text import TokenText

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.engine import Engine


class Leader(NamedTuple):
    """The token that the model found most likely where another may stand."""

    token_id: int
    logprob: float
    """Natural log of its probability."""


@dataclass(frozen=True, eq=False)
class ScoredText:
    """A text and what the model thinks of it, as far as the scoring has got.

    The first token is given: nothing stands before it to predict it from. It has no score and counts
    nowhere, neither as a token nor with its bytes. To have the first token of a text scored, put the
    model's token for the beginning or the end of a text before it.
    """

    run: Run
    """The first token as the prompt and every other as a forced step; unfinished while it is scored."""
    token_ids: tuple[int, ...]
    """Of the whole text."""
    leaders: tuple[Leader, ...] = ()
    """Of every step."""
    scored_bytes: int = 0
    """UTF-8 bytes of the tokens scored so far; a special token counts as it is written."""

    @property
    def done(self) -> float:
        """Share of the tokens that have a score, 0 to 1."""
        return (1 + len(self.run.steps)) / len(self.token_ids)

    @property
    def likelihood(self) -> Likelihood:
        """Of the scored tokens: their number, logprob, mean logprob and perplexity."""
        return Likelihood.of(self.run.steps)

    @property
    def perplexity(self) -> float | None:
        """Of the scored tokens: exp of Transformers' loss on the text. None for a single token."""
        return self.likelihood.perplexity

    @property
    def total_bits(self) -> float:
        """Surprisal of all scored tokens together: what an ideal coder would need to write them."""
        return -self.likelihood.logprob / LN2

    @property
    def bits_per_byte(self) -> float | None:
        """Total bits over the bytes of the scored tokens (Gao et al. 2020, arXiv:2101.00027).

        Comparable between models of different vocabularies, as perplexity is not. None without bytes.
        """
        return self.total_bits / self.scored_bytes if self.scored_bytes else None

    @property
    def ratios(self) -> Floats:
        """(n,) the probability of every scored token over that of the most likely one, in [0, 1]."""
        logprobs = np.array([step.logprob for step in self.run.steps])
        ratios: Floats = np.exp(logprobs - np.array([leader.logprob for leader in self.leaders]))
        return ratios


def scoring(
    engine: "Engine", text: str | Sequence[int], precision: str | None = None, seed: int = 42
) -> Iterator[ScoredText]:
    """Yield a text as it is scored, a few dozen tokens at a time, and at last in full.

    The model reads it in one go, before the first is yielded with no scores yet. Whoever stops listening
    stops it.

    Args:
        engine: reads the text, if it does not know it.
        text: written out, or its token ids.
        precision: the number format; the model's usual one by default.
        seed: of the dice that the steps show; nobody throws them.

    Raises:
        UnknownPrecision: the model was not loaded in this number format.
        UnreadableText: the text holds half a character.
        ValueError: there is no token, too many for the model's context, or one that it does not know.
    """
    model = engine.model
    token_ids = model.encode(text) if isinstance(text, str) else tuple(text)
    if not token_ids:
        raise ValueError("a text with no token cannot be scored")
    form = engine.precision(precision)
    engine.read(token_ids, form)
    first = model.text.pieces(token_ids[:1])[0].text
    run = Run(model.info.identity, first, token_ids[:1], AS_IT_IS, seed, precision=form)
    so_far = ScoredText(run if len(token_ids) > 1 else run.finished("length"), token_ids)
    yield so_far
    steps = forced_steps(engine, run, token_ids[1:])
    while some := list(islice(steps, AT_ONCE)):
        so_far = _grown(so_far, some, model.text, model.eos_token_ids)
        yield so_far


def scored(
    engine: "Engine", text: str | Sequence[int], precision: str | None = None, seed: int = 42
) -> ScoredText:
    """Return a text once it is scored; arguments and errors as of `scoring`."""
    *_, last = scoring(engine, text, precision, seed)
    return last


def scored_run(run: Run, text: TokenText) -> ScoredText:
    """Return a run as a text whose steps count and whose prompt does not; without leaders.

    Args:
        run: written or scored; the numbers of its steps are taken as they are.
        text: the vocabulary of its model.
    """
    return ScoredText(run, run.token_ids, scored_bytes=_bytes(run.steps, text))


def ratios_of(engine: "Engine", run: Run) -> Floats:
    """Return (n,) the `ratios` of the steps of any run, whose leaders nobody wrote down.

    Args:
        engine: reads the text, if it does not know it.
        run: its prompt does not count.

    Raises:
        UnknownPrecision: the model was not loaded in the run's number format.
    """
    first, token_ids = len(run.prompt_token_ids), run.token_ids
    softmaxes = engine.read(token_ids, run.precision).softmaxes(range(first - 1, len(token_ids) - 1))
    chosen = zip(run.steps, softmaxes, strict=True)
    ratios: Floats = np.array([softmax.powers(np.array([step.token_id]))[0] for step, softmax in chosen])
    return ratios


def _grown(
    so_far: ScoredText,
    some: Sequence[tuple[Step, ShapedDistribution]],
    text: TokenText,
    eos_token_ids: Collection[int],
) -> ScoredText:
    """Return the text with more tokens scored."""
    steps = tuple(step for step, _ in some)
    run = replace(so_far.run, steps=so_far.run.steps + steps)
    if len(run.token_ids) == len(so_far.token_ids):
        run = run.finished("eos" if steps[-1].token_id in eos_token_ids else "length")
    return replace(
        so_far,
        run=run,
        leaders=so_far.leaders + tuple(_leader(left) for _, left in some),
        scored_bytes=so_far.scored_bytes + _bytes(steps, text),
    )


def _leader(left: ShapedDistribution) -> Leader:
    token_id = int(left.most_likely(1)[0])
    return Leader(token_id, left.logprob(token_id))


def _bytes(steps: Sequence[Step], text: TokenText) -> int:
    return sum(len(text.bytes_of(step.token_id)) for step in steps)
