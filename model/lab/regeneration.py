"""A run that somebody shared, written again here: does it come out the same, and if not, from where on?"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from model.engine.continuation import Continuation
from model.engine.generation import step_of
from model.lab.branching import forced_run
from model.lab.replay import Replay, Replaying
from model.sampler.sampling import shaped
from model.texts.given import AS_IT_IS
from model.texts.recipe import Recipe
from model.texts.run import Run

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from model.engine.engine import Engine


@dataclass(frozen=True)
class Regeneration:
    """A recipe and what became of it here, as far as it has got."""

    shared: Run
    """The text as it was shared, with the numbers that the model here gives it. From the token on that the
    dice do not give here, its steps are forced: nobody drew them."""
    run: Run
    """The same prompt, settings and dice, as they come out here."""
    parted: int | None = None
    """Position of the first token of `run` that differs; None as long as none does."""


class Regenerating:
    """A recipe that is followed. Whoever iterates, once, drives it; any thread may stop it."""

    def __init__(
        self,
        engine: "Engine",
        recipe: Recipe,
        prompt_token_ids: Sequence[int],
        precision: str,
        owner: Hashable = None,
    ) -> None:
        """Prepare to follow a recipe.

        Args:
            engine: writes.
            recipe: what to write.
            prompt_token_ids: of its prompt, in the vocabulary of the model here.
            precision: the number format, one that the model has here.
            owner: as `Engine.write` takes it.

        Raises:
            ValueError: a setting or a token means nothing to the model here, or the text is too long for it.
        """
        self._engine, self._recipe, self._owner = engine, recipe, owner
        model = engine.model
        self._empty = recipe.begun(model.info.identity, prompt_token_ids, precision)
        if len(self._empty.token_ids) + len(recipe.steps) > model.info.context_length:
            raise ValueError(f"it has more than the {model.info.context_length:,} tokens of the context here")
        for settings in {recipe.settings, *(step.settings or recipe.settings for step in recipe.steps)}:
            settings.require_known(model.info.vocab_size)
        self._stopped = False
        self._under_way: Replaying | Continuation | None = None

    @property
    def same_vocabulary(self) -> bool:
        """Whether the token ids of the recipe write its text here, so that token can be told from token."""
        prompt, ids = self._empty.prompt_token_ids, self._recipe.token_ids
        if len(prompt) != self._recipe.prompt_tokens or not all(
            one < self._engine.model.info.vocab_size for one in ids
        ):
            return False
        pieces = self._engine.model.text.pieces((*prompt, *ids))[len(prompt) :]
        return "".join(piece.text for piece in pieces) == self._recipe.text

    def stop(self) -> None:
        """Let it end before its next token, and free its place."""
        self._stopped = True
        if self._under_way is not None:
            self._under_way.stop()

    @property
    def stopped(self) -> bool:
        """Whether somebody has stopped it."""
        return self._stopped

    @property
    def ahead(self) -> int:
        """Its number in the waiting line, 1 for the next; 0 while nothing is waited for."""
        return 0 if self._under_way is None else self._under_way.ahead

    def __iter__(self) -> Iterator[Regeneration]:
        """Yield it after every step, and at last as it ended. Whoever stops listening stops it.

        Raises:
            Exception: what went wrong while it was computed.
        """
        try:
            yield from self._by_token() if self.same_vocabulary else self._by_text()
        finally:
            self.stop()

    def _by_token(self) -> Iterator[Regeneration]:
        shared = self._as_shared()
        self._under_way = replaying = Replaying(self._engine, shared, owner=self._owner)
        if self._stopped:
            replaying.stop()
        for replay in replaying:
            yield _of(replay)

    def _as_shared(self) -> Run:
        """Return the shared text, every step with the numbers that the model here gives it."""
        run, recipe, model = self._empty, self._recipe, self._engine.model
        token_ids = (*run.token_ids, *recipe.token_ids)
        if not recipe.steps:
            return replace(run, finish_reason=recipe.finish_reason)
        first = len(run.token_ids)
        softmaxes = self._engine.read(token_ids[:-1], run.precision).softmaxes(
            range(first - 1, len(token_ids) - 1)
        )
        pieces = model.text.pieces(token_ids)[first:]
        steps = []
        for position, (told, piece, softmax) in enumerate(
            zip(recipe.steps, pieces, softmaxes, strict=True), start=first
        ):
            coin = run.coin_at(position) if told.coin is None else told.coin
            left = shaped(
                softmax,
                told.settings or recipe.settings,
                token_ids[:position],
                coin=coin,
                landmarks=model.landmarks,
            )
            step = step_of(left, piece, position, told.u, forced=told.forced)
            steps.append(replace(step, settings=told.settings, typed=told.typed))
        return replace(run, steps=tuple(steps), finish_reason=recipe.finish_reason)

    def _by_text(self) -> Iterator[Regeneration]:
        """Write with the recipe's dice, and compare what is written: another vocabulary has other tokens."""
        empty, recipe = self._empty, self._recipe
        draws = {len(empty.token_ids) + index: step.u for index, step in enumerate(recipe.steps)}
        shared = self._as_given()
        if not recipe.steps:
            yield Regeneration(shared, replace(empty, finish_reason=recipe.finish_reason))
            return
        self._under_way = written = self._engine.write(
            empty, len(recipe.steps), draws=draws, owner=self._owner
        )
        if self._stopped:
            written.stop()
        for run in written:
            yield Regeneration(shared, run, self._leaves_text(run))

    def _as_given(self) -> Run:
        """Return the shared text as a text that was given to the model here."""
        recipe, model = self._recipe, self._engine.model
        typed = model.typed(recipe.prompt + recipe.text)
        if len(typed.token_ids) > model.info.context_length:
            raise ValueError(f"it has more than the {model.info.context_length:,} tokens of the context here")
        first, *rest = typed.token_ids
        begun = replace(
            self._empty,
            prompt=typed.slices[0],
            prompt_token_ids=(first,),
            settings=AS_IT_IS,
            seed=recipe.seed,
        )
        return forced_run(self._engine, begun, rest)

    def _leaves_text(self, run: Run) -> int | None:
        """Return the position of the first token that writes something else than the text that was shared."""
        so_far = ""
        for step in run.steps:
            so_far += step.text
            if not self._recipe.text.startswith(so_far):
                return step.position
        ended = run.finish_reason is not None and so_far != self._recipe.text
        return len(run.token_ids) if ended else None


def _of(replay: Replay) -> Regeneration:
    if replay.divergence is None:
        return Regeneration(replay.original, replay.run)
    parted = replay.divergence.position
    steps = tuple(
        replace(step, forced=step.forced or step.position >= parted) for step in replay.original.steps
    )
    return Regeneration(replace(replay.original, steps=steps), replay.run, parted)


def regenerated(
    engine: "Engine", recipe: Recipe, prompt_token_ids: Sequence[int], precision: str
) -> Regeneration:
    """Return what became of a recipe once it has ended; see `Regenerating`."""
    *_, last = Regenerating(engine, recipe, prompt_token_ids, precision)
    return last
