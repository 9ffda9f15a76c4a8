"""What would have come, had another token stood there: a run that leaves another one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from model.engine.generation import step_of
from model.sampler.sampling import ShapedDistribution, shaped, uniform
from model.texts.run import Run, Step

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.engine.engine import Engine


def branched(engine: "Engine", run: Run, position: int, token_id: int) -> Run:
    """Return a run up to a position, with a token there that a person chose.

    The step says what the model and the sampler thought of the token, and which number the dice showed
    that were not asked: the one that the run recorded there, or, past its end, the one of its seed.
    `Engine.write` goes on from there, and computes nothing again that the two texts share. An end of text
    that was put there by hand does not end the run.

    Args:
        engine: holds the internals of the text, or computes them again.
        run: the text that is left; it stays as it is.
        position: from the end of the prompt to the end of the text, where the token is added.
        token_id: any token of the vocabulary.

    Raises:
        UnknownPrecision: the model was not loaded in the run's number format.
        ValueError: no token can be put there, or the model has no such token.
    """
    first, last = max(1, len(run.prompt_token_ids)), len(run.token_ids)
    if not first <= position <= last:
        raise ValueError(f"a branch must leave between positions {first} and {last}, not at {position}")
    if position >= engine.model.info.context_length:
        raise ValueError("the text already fills the model's context; branch earlier")
    if not 0 <= token_id < engine.model.info.vocab_size:
        raise ValueError(f"a token id must be from 0 to {engine.model.info.vocab_size - 1:,}, not {token_id}")
    previous = run.token_ids[:position]
    softmax = engine.read(previous, run.precision).softmax(position - 1)
    coin, landmarks = run.coin_at(position), engine.model.landmarks
    left = shaped(softmax, run.settings_at(position), previous, coin=coin, landmarks=landmarks)
    piece = engine.model.text.pieces([*previous, token_id])[-1]
    known = run.step_at(position)
    # A text that was written on under another seed has other dice there than those of the run's seed.
    u = uniform(run.seed, position) if known is None else known.u
    own = None if known is None else known.settings
    step = step_of(left, piece, position, u, forced=True)
    return run.cut_at(position).with_step(replace(step, settings=own))


def forced_run(engine: "Engine", run: Run, token_ids: Sequence[int]) -> Run:
    """Return a run with tokens behind it that were not drawn, such as those that a search has chosen.

    Every step is forced and has its true numbers, as in `branched`.

    Args:
        engine: reads the whole text, if it does not know it.
        run: where they are added; it stays as it is.
        token_ids: of the vocabulary; none return the run.

    Raises:
        UnknownPrecision: the model was not loaded in the run's number format.
        ValueError: there is no token before them, the text would not fit into the model's context, or the
            model has no such token.
    """
    if not token_ids:
        return run
    for step, _ in forced_steps(engine, run, token_ids):
        run = run.with_step(step)
    return run.finished("eos" if token_ids[-1] in engine.model.eos_token_ids else "length")


def forced_steps(
    engine: "Engine", run: Run, token_ids: Sequence[int]
) -> Iterator[tuple[Step, ShapedDistribution]]:
    """Yield the steps of `forced_run`, each with what could have stood there.

    Args:
        engine: reads the whole text, if it does not know it.
        run: where they are added; it stays as it is.
        token_ids: of the vocabulary.

    Raises:
        UnknownPrecision: the model was not loaded in the run's number format.
        ValueError: as `forced_run` does.
    """
    first, text = len(run.token_ids), (*run.token_ids, *token_ids)
    if first < 1:
        raise ValueError("a text with no token cannot be continued")
    softmaxes = engine.read(text, run.precision).softmaxes(range(first - 1, len(text) - 1))
    pieces = engine.model.text.pieces(text)[first:]
    for position, (piece, softmax) in enumerate(zip(pieces, softmaxes, strict=True), start=first):
        coin, landmarks = run.coin_at(position), engine.model.landmarks
        left = shaped(softmax, run.settings, text[:position], coin=coin, landmarks=landmarks)
        yield step_of(left, piece, position, uniform(run.seed, position), forced=True), left
