"""What all visitors share: one model, one store of internals, and the limits."""

from threading import Lock
from typing import TYPE_CHECKING

from model.background import BackgroundModel
from model.catalog import ModelError
from model.internals import InternalsStore
from model.run import Run, SamplerSettings
from model.text import UnreadableText
from viz.pages.limits import Limits
from viz.strings import say

if TYPE_CHECKING:
    from model.language_model import LanguageModel


class Trouble(Exception):
    """Something a visitor can understand and mend; the message says what and how."""


class Service:
    """The model and its store, once it has loaded, behind checks of what visitors ask for."""

    def __init__(self, background: BackgroundModel, limits: Limits) -> None:
        self.background = background
        self.limits = limits
        self._store: InternalsStore | None = None
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
    def store(self) -> InternalsStore:
        """The internals of all texts.

        Raises:
            Trouble: the model has not loaded yet.
        """
        if not self.ready:
            raise Trouble(self.progress)
        with self._lock:
            if self._store is None:
                self._store = InternalsStore(self.background.wait(), self.limits.internals_bytes)
            return self._store

    @property
    def model(self) -> "LanguageModel":
        """The model.

        Raises:
            Trouble: it has not loaded yet.
        """
        return self.store.model

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
        """Return the token ids of a visitor's text.

        Args:
            text: as typed.
            name: what the visitor calls it.

        Raises:
            Trouble: it is empty, too long, or cannot be tokenised.
        """
        if not isinstance(text, str) or not text:
            raise Trouble(say("page.empty", name=name))
        if len(text) > self.limits.max_prompt_characters:
            raise Trouble(
                say(
                    "page.too_long_characters",
                    name=name,
                    characters=len(text),
                    limit=self.limits.max_prompt_tokens,
                )
            )
        try:
            token_ids = self.model.encode(text)
        except UnreadableText as error:
            raise Trouble(say("page.unreadable", name=name, problem=str(error))) from error
        limit = min(self.limits.max_prompt_tokens, self.model.info.context_length)
        if len(token_ids) > limit:
            raise Trouble(say("page.too_long_tokens", name=name, tokens=len(token_ids), limit=limit))
        return token_ids

    def new_run(self, prompt: str, settings: SamplerSettings, seed: int) -> Run:
        """Return a run with no steps yet.

        Raises:
            Trouble: the prompt cannot be used.
        """
        token_ids = self.encode(prompt)
        return Run(self.model.info.identity, prompt, token_ids, settings, seed)

    def room(self, run: Run) -> int:
        """Return how many more tokens a run may get."""
        return min(self.limits.max_text_tokens, self.model.info.context_length) - len(run.token_ids)
