"""The autoregressive loop: ask the model, shape, throw the dice, append, again."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace

from model.internals import Internals, InternalsStore
from model.run import FinishReason, Run, SamplerSettings, Step
from model.sampling import draw, shape, uniform
from model.text import PieceReader


def generate(
    internals: Internals,
    settings: SamplerSettings,
    seed: int,
    max_new_tokens: int,
    stopped: Callable[[], bool] = lambda: False,
) -> Generator[Step, None, FinishReason]:
    """Write on from the end of a text, one step at a time, and return why it ended.

    The model has read every yielded token but the last.
    """
    model = internals.model
    reader = _reader_at_the_end(internals)
    for left in reversed(range(max_new_tokens)):
        position = len(internals)
        if position >= model.info.context_length:
            return "context"
        if stopped():
            return "stop"
        logits = internals.logits(position - 1)  # what the model would say next: (V,)
        shaped = shape(logits, settings, internals.token_ids)  # what the sampler leaves of that
        u = uniform(seed, position)  # the dice
        token_id = draw(shaped, u)  # where they fall
        piece = reader.read(token_id)
        yield Step(
            position=position,
            token_id=token_id,
            token=piece.token,
            text=piece.text,
            u=u,
            logprob=shaped.logprob(token_id),
            probability=shaped.probability(token_id),
            rank=shaped.rank(token_id),
            entropy_bits=shaped.entropy_bits,
            kept=shaped.kept,
        )
        if token_id in model.eos_token_ids:
            return "eos"
        if left > 0:
            internals.extend([token_id])  # the choice becomes part of the text
    return "length"


def write(
    store: InternalsStore,
    run: Run,
    max_new_tokens: int,
    *,
    settings: SamplerSettings | None = None,
    seed: int | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Run]:
    """Continue a run and yield it after every step; the last one says why it ended.

    Args:
        store: where the internals are kept, during and after.
        run: with no steps yet, or any number of them.
        max_new_tokens: most steps to add.
        settings: of the new steps; the run's own by default.
        seed: of the new draws; the run's own by default.
        stopped: asked before every step.
    """
    settings = run.settings if settings is None else settings
    seed = run.seed if seed is None else seed
    if not run.steps:
        run = replace(run, settings=settings, seed=seed)
    if run.finish_reason == "eos":
        yield run
        return
    with store.writer(run.token_ids) as internals:
        steps = generate(internals, settings, seed, max_new_tokens, stopped)
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                yield run.finished(end.value)
                return
            run = run.with_step(step if settings == run.settings else replace(step, settings=settings))
            yield run


def _reader_at_the_end(internals: Internals) -> PieceReader:
    reader = internals.model.text.reader()
    for token_id in internals.token_ids:
        reader.read(token_id)
    return reader
