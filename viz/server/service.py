"""One model with its engine, behind checks of what visitors ask of it."""

import logging
import reprlib
import time
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from threading import RLock
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
from viz.server.shared import Shared
from viz.words.strings import say

if TYPE_CHECKING:
    from model.engine.engine import Engine
    from model.network.language_model import LanguageModel, ModelInfo
    from model.tokenizer.pieces import TokenText


OWN = "own"
"""Key of the server's own model."""
EXACT = "float32"
CHOICES = ("fast", "exact")
"""What a visitor may ask for; the number formats behind the names depend on the machine."""


class Trouble(Exception):
    """Something a visitor can understand and mend; the message says what and how."""


class Service:
    """The model and its engine, once it has loaded, behind checks of what visitors ask for."""

    def __init__(self, background: BackgroundModel, limits: Limits, shared: Shared | None = None) -> None:
        """Take a model that may still load.

        Args:
            background: the model.
            limits: of the server.
            shared: with the services of its other models, if there are any.
        """
        self.background = background
        self.limits = limits
        self.shared = shared or Shared(limits)
        self.last_used = time.monotonic()
        """When somebody last had to do with it."""
        self._engine: Engine | None = None
        self._about: tuple[ModelInfo, TokenText] | None = None
        self._users = 0
        self._lock = RLock()

    @property
    def key(self) -> str:
        """What it is asked for by."""
        return OWN

    @property
    def pace(self) -> Pace:
        """How often pages are redrawn, whichever model writes."""
        return self.shared.pace

    @property
    def refusals(self) -> "Counter[str]":
        """What was refused to visitors, by the reason."""
        return self.shared.refusals

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep the model from being put away meanwhile."""
        with self._lock:
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                self.last_used = time.monotonic()

    @property
    def ready(self) -> bool:
        """Whether the model has loaded."""
        return self.background.ready

    def wanted(self) -> bool:
        """Return whether the model is here; it is asked for now.

        Raises:
            Trouble: it cannot be here; says why.
        """
        return self.ready

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

                model = self.background.wait()
                self._engine = self.shared.enter(
                    lambda share: Engine(model, self._budget_of(model), self.limits.places, share)
                )
                self._about = model.info, model.text
            return self._engine

    def _budget_of(self, model: "LanguageModel") -> int:
        """Return the memory for the internals of all texts of a model."""
        return self.limits.internals_bytes

    @property
    def model(self) -> "LanguageModel":
        """The model.

        Raises:
            Trouble: it has not loaded yet.
        """
        return self.engine.model

    @property
    def info(self) -> "ModelInfo":
        """What there is to know of the model; stays known once it has been here.

        Raises:
            Trouble: it has not loaded yet.
        """
        return self._known[0]

    @property
    def identity(self) -> str | None:
        """Name and fingerprint of the model, once it has been here."""
        return self.info.identity if self.ready or self._about is not None else None

    @property
    def text(self) -> "TokenText":
        """The words of its tokens, likewise."""
        return self._known[1]

    @property
    def _known(self) -> "tuple[ModelInfo, TokenText]":
        if self.ready or self._about is None:
            return self.model.info, self.model.text
        return self._about

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
        limit = min(self.limits.max_prompt_tokens, self.info.context_length)
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
        return Run(self.info.identity, prompt, token_ids, settings, seed, precision=precision)

    def precision(self, choice: str) -> str:
        """Return the number format that stands for exact or fast here.

        Raises:
            Trouble: neither of these, or exact where the model runs in the fast format alone.
        """
        formats = self.info.formats
        if choice not in CHOICES:
            raise Trouble(say("page.precision_unknown", choice=reprlib.repr(choice)))
        if choice == "exact" and EXACT not in formats:
            raise Trouble(say("page.precision_absent", precision=EXACT, here=" / ".join(formats)))
        return EXACT if choice == "exact" else formats[0]

    def room(self, run: Run) -> int:
        """Return how many more tokens a run may get."""
        return min(self.limits.max_text_tokens, self.info.context_length) - len(run.token_ids)

    def require_room_in_line(self, share: float = 1.0) -> None:
        """Refuse more work while many texts wait.

        Args:
            share: of the line that this work may fill; what is many texts leaves room for those of one.

        Raises:
            Trouble: too many wait; says how many. Or the app is about to end.
        """
        if self.shared.draining:
            self.refusals["draining"] += 1
            raise Trouble(say("page.draining"))
        waiting = self.shared.waiting
        if waiting >= max(1, share * self.limits.queue_size):
            self.refusals["line_full"] += 1
            raise Trouble(say("page.line_full", waiting=waiting))

    def require_precision(self, precision: str) -> None:
        """Refuse a number format in which the model does not run here.

        Raises:
            Trouble: it is one.
        """
        here = self.info.formats
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
