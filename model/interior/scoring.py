"""A text that somebody brings, scored: how likely the model finds each token after those before it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from model.engine.internals import AT_ONCE
from model.lab.branching import forced_steps
from model.numbers import LN2
from model.sampler.distribution import Floats
from model.sampler.sampling import ShapedDistribution
from model.texts.given import AS_IT_IS
from model.texts.likelihood import Likelihood
from model.texts.run import Run, Step
from model.tokenizer.pieces import TokenText
from model.tokenizer.typed import TypedText

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.engine.engine import Engine
    from model.network.language_model import LanguageModel


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
    """UTF-8 bytes of what was typed for the tokens scored so far. Of tokens that nobody typed, bytes that
    they write; a special one counts as it is written."""

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
        return self.total_bits / self.scored_bytes if self.scored_bytes > 0 else None

    @property
    def ratios(self) -> Floats:
        """(n,) the probability of every scored token over that of the most likely one, in [0, 1]."""
        logprobs = np.array([step.logprob for step in self.run.steps])
        ratios: Floats = np.exp(logprobs - np.array([leader.logprob for leader in self.leaders]))
        return ratios


def scoring(
    engine: "Engine", text: str | TypedText | Sequence[int], precision: str | None = None, seed: int = 42
) -> Iterator[ScoredText]:
    """Yield a text as it is scored, a few dozen tokens at a time, and at last in full.

    The model reads it in one go, before the first is yielded with no scores yet. Whoever stops listening
    stops it.

    Args:
        engine: reads the text, if it does not know it.
        text: as typed, or token ids that nobody typed.
        precision: the number format; the model's usual one by default.
        seed: of the dice that the steps show; nobody throws them.

    Raises:
        UnknownPrecision: the model was not loaded in this number format.
        UnreadableText: the text holds half a character, or a token that the model does not know.
        ValueError: there is no token, too many for the model's context, or one that it does not know.
    """
    model = engine.model
    typed = model.typed(text) if isinstance(text, str) else text
    token_ids, slices = (
        (typed.token_ids, typed.slices) if isinstance(typed, TypedText) else (tuple(typed), ())
    )
    if not token_ids:
        raise ValueError("a text with no token cannot be scored")
    form = engine.precision(precision)
    engine.read(token_ids, form)
    first = slices[0] if slices else model.text.pieces(token_ids[:1])[0].text
    run = Run(model.info.identity, first, token_ids[:1], AS_IT_IS, seed, precision=form)
    so_far = ScoredText(run if len(token_ids) > 1 else run.finished("length"), token_ids)
    yield so_far
    steps, count = forced_steps(engine, run, token_ids[1:]), _ByteCount(run, model.text)
    while some := list(islice(steps, AT_ONCE)):
        so_far = _grown(so_far, some, slices, model, count)
        yield so_far


def scored(
    engine: "Engine", text: str | TypedText | Sequence[int], precision: str | None = None, seed: int = 42
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
    return ScoredText(run, run.token_ids, scored_bytes=_ByteCount(run, text).of(run.steps))


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
    slices: Sequence[str],
    model: "LanguageModel",
    count: "_ByteCount",
) -> ScoredText:
    """Return the text with more tokens scored.

    Args:
        so_far: the text.
        some: the next steps, and what could have stood there.
        slices: what was typed for each token of the text; empty if nobody typed it.
        model: whose tokens they are.
        count: has counted the bytes so far.
    """
    steps = tuple(_as_typed(step, slices, model.text) for step, _ in some)
    run = replace(so_far.run, steps=so_far.run.steps + steps)
    if len(run.token_ids) == len(so_far.token_ids):
        run = run.finished("eos" if steps[-1].token_id in model.eos_token_ids else "length")
    return replace(
        so_far,
        run=run,
        leaders=so_far.leaders + tuple(_leader(left) for _, left in some),
        scored_bytes=so_far.scored_bytes + count.of(steps),
    )


def _as_typed(step: Step, slices: Sequence[str], text: TokenText) -> Step:
    """Return a step with what was typed for it, if its text does not say so."""
    if not slices or (slices[step.position] == step.text and not text.special(step.token_id)):
        return step
    return replace(step, typed=slices[step.position])


def _leader(left: ShapedDistribution) -> Leader:
    token_id = int(left.most_likely(1)[0])
    return Leader(token_id, left.logprob(token_id))


class _ByteCount:
    """Counts the bytes of the steps of a run: what was typed, and of what nobody typed what it writes."""

    def __init__(self, run: Run, text: TokenText) -> None:
        self._reader = text.reader()
        for token_id in run.prompt_token_ids:
            self._reader.read(token_id)

    def of(self, steps: Iterable[Step]) -> int:
        """Return the bytes of the next steps."""
        return sum(self._one(step) for step in steps)

    def _one(self, step: Step) -> int:
        begun = self._reader.begun
        self._reader.read(step.token_id)
        # What was typed stands with the last token of a character. What earlier ones have counted of it goes
        # off here, and may be more than stands here: ½ is written as 1, ⁄ and 2, and stands with the 2. Bytes
        # with which a token begins the next character count here, since that takes them off.
        if step.typed is None:
            return self._reader.size
        return len(step.typed.encode()) - begun + self._reader.begun
