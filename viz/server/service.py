"""What all visitors share: one model, one engine, and the limits."""

import logging
import reprlib
import time
from collections import Counter
from collections.abc import Hashable, Sequence
from threading import Lock
from typing import TYPE_CHECKING

from model.engine.continuation import Continuation
from model.engine.internals import Internals
from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from model.tokenizer.pieces import UnreadableText
from model.tokenizer.typed import TypedText
from model.weights.background import BackgroundModel
from model.weights.catalog import ModelError
from viz.server.limits import Limits
from viz.server.log import LOG, TEXTS
from viz.server.pace import Pace
from viz.words.strings import say

if TYPE_CHECKING:
    from model.engine.engine import Engine
    from model.network.language_model import LanguageModel


EXACT = "float32"
CHOICES = ("fast", "exact")
"""What a visitor may ask for; the number formats behind the names depend on the machine."""


class Trouble(Exception):
    """Something a visitor can understand and mend; the message says what and how."""


class Service:
    """The model and its engine, once it has loaded, behind checks of what visitors ask for."""

    def __init__(self, background: BackgroundModel, limits: Limits) -> None:
        self.background = background
        self.limits = limits
        self.pace = Pace()
        self.draining = False
        """Whether the app is about to end: what is being written goes on, nothing new begins."""
        self.refusals: Counter[str] = Counter()
        """What was refused to visitors, by the reason."""
        self._engine: Engine | None = None
        self._lock = Lock()

    @property
    def ready(self) -> bool:
        """Whether the model has loaded."""
        return self.background.ready

    @property
    def progress(self) -> str:
        """How far the loading of the model has got, as a sentence."""
        return say("page.loading", progress=self.background.report_line)

    @property
    def engine(self) -> "Engine":
        """What computes all texts.

        Raises:
            Trouble: the model has not loaded yet.
        """
        if not self.ready:
            raise Trouble(self.progress)
        with self._lock:
            if self._engine is None:
                # Written with torch, which the page does not wait for; here the model is there.
                from model.engine.engine import Engine  # noqa: PLC0415

                self._engine = Engine(self.background.wait(), self.limits.internals_bytes, self.limits.places)
            return self._engine

    @property
    def model(self) -> "LanguageModel":
        """The model.

        Raises:
            Trouble: it has not loaded yet.
        """
        return self.engine.model

    def read(self, token_ids: Sequence[int], precision: str) -> Internals:
        """Return the internals of a text, computed if they are not known.

        Raises:
            Trouble: the model does not run in this number format here.
        """
        self.require_precision(precision)
        return self.engine.read(token_ids, precision)

    def write(
        self, run: Run, length: int, settings: SamplerSettings, seed: int, owner: Hashable
    ) -> Continuation:
        """Begin to continue a run.

        Raises:
            Trouble: too many wait already, or the model does not run in the run's number format here.
        """
        self.require_precision(run.precision)
        self.require_room_in_line()
        written = self.engine.write(run, length, settings=settings, seed=seed, owner=owner)
        written.then(_log)
        return written

    def wait(self, seconds: float) -> bool:
        """Wait for the model to load and return whether it has.

        Raises:
            Trouble: it never will.
        """
        try:
            self.background.wait(seconds)
        except ModelError as error:
            if self.background.error is not None:
                raise Trouble(str(error)) from error
        return self.ready

    def encode(self, text: str, name: str = "prompt") -> tuple[int, ...]:
        """Return the token ids of a visitor's text; arguments and errors as of `typed`."""
        return self.typed(text, name).token_ids

    def typed(self, text: str, name: str = "prompt") -> TypedText:
        """Return the tokens of a visitor's text, and what was typed for each of them.

        Args:
            text: as typed.
            name: what the visitor calls it.

        Raises:
            Trouble: it is empty, too long, cannot be tokenised, or nothing is left of it.
        """
        if not isinstance(text, str) or not text:
            raise Trouble(say("page.empty", name=name))
        if len(text) > self.limits.max_prompt_characters:
            self.refusals["prompt_too_long"] += 1
            raise Trouble(
                say(
                    "page.too_long_characters",
                    name=name,
                    characters=len(text),
                    limit=self.limits.max_prompt_tokens,
                )
            )
        try:
            typed = self.model.typed(text)
        except UnreadableText as error:
            raise Trouble(say("page.unreadable", name=name, problem=str(error))) from error
        if not typed.token_ids:
            raise Trouble(say("page.no_tokens", name=name))
        limit = min(self.limits.max_prompt_tokens, self.model.info.context_length)
        if len(typed.token_ids) > limit:
            tokens = len(typed.token_ids)
            self.refusals["prompt_too_long"] += 1
            raise Trouble(say("page.too_long_tokens", name=name, tokens=tokens, limit=limit))
        return typed

    def parts(self, text: str, name: str = "prompt") -> tuple[str, ...]:
        """Return the tokens of a visitor's text that were typed; arguments and errors as of `typed`."""
        self.typed(text, name)
        return self.model.parts(text)

    def new_run(self, prompt: str, settings: SamplerSettings, seed: int, choice: str) -> Run:
        """Return a run with no steps yet.

        Args:
            prompt: as typed.
            settings: of the sampler.
            seed: of the dice.
            choice: exact or fast.

        Raises:
            Trouble: the prompt cannot be used.
        """
        token_ids = self.encode(prompt)
        precision = self.precision(choice)
        return Run(self.model.info.identity, prompt, token_ids, settings, seed, precision=precision)

    def precision(self, choice: str) -> str:
        """Return the number format that stands for exact or fast here.

        Raises:
            Trouble: neither of these, or exact where the model runs in the fast format alone.
        """
        formats = self.model.info.formats
        if choice not in CHOICES:
            raise Trouble(say("page.precision_unknown", choice=reprlib.repr(choice)))
        if choice == "exact" and EXACT not in formats:
            raise Trouble(say("page.precision_absent", precision=EXACT, here=" / ".join(formats)))
        return EXACT if choice == "exact" else formats[0]

    def room(self, run: Run) -> int:
        """Return how many more tokens a run may get."""
        return min(self.limits.max_text_tokens, self.model.info.context_length) - len(run.token_ids)

    def require_room_in_line(self, share: float = 1.0) -> None:
        """Refuse more work while many texts wait.

        Args:
            share: of the line that this work may fill; what is many texts leaves room for those of one.

        Raises:
            Trouble: too many wait; says how many. Or the app is about to end.
        """
        if self.draining:
            self.refusals["draining"] += 1
            raise Trouble(say("page.draining"))
        waiting = self.engine.waiting
        if waiting >= max(1, share * self.limits.queue_size):
            self.refusals["line_full"] += 1
            raise Trouble(say("page.line_full", waiting=waiting))

    def require_precision(self, precision: str) -> None:
        """Refuse a number format in which the model does not run here.

        Raises:
            Trouble: it is one.
        """
        here = self.model.info.formats
        if precision not in here:
            raise Trouble(say("page.precision_absent", precision=precision, here=" / ".join(here)))


def _log(written: Continuation) -> None:
    """Say of a text how long it is and why it ended; what it says only where that was asked for."""
    seconds = round(time.monotonic() - written.began, 3)
    facts = {"tokens": written.written, "seconds": seconds, "reason": written.reason}
    LOG.info(
        "A text has ended: %d tokens in %.1f s (%s).",
        written.written,
        seconds,
        written.reason,
        extra={"facts": facts},
    )
    if TEXTS.isEnabledFor(logging.INFO) and written.reason != "error":
        run = written.latest()
        TEXTS.info("It says:", extra={"texts": {"prompt": run.prompt, "text": run.text}})
