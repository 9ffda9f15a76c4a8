"""A text that the engine computes: for somebody who looks at it, or for somebody who lets it go on."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from concurrent.futures import Future

from model.engine.continuation import Continuation
from model.engine.generation import Writer
from model.engine.internals import Internals


class Job(ABC):
    """What has been computed of a text is in `internals`; the rest is pending."""

    remembered = True
    """Whether its internals stay in the store once it has left."""

    def __init__(self, token_ids: Sequence[int], precision: str) -> None:
        self.token_ids = list(token_ids)
        self.precision = precision
        """The number format that computes it."""
        self.internals: Internals | None = None
        """None until the job starts."""
        self.slot: int | None = None
        """Its place in the batch; None while it has none."""

    @property
    def pending(self) -> list[int]:
        """Tokens that the model has not read yet."""
        return self.token_ids[0 if self.internals is None else len(self.internals) :]

    @abstractmethod
    def fail(self, error: Exception) -> None:
        """Tell whoever waits that it cannot be computed."""


class ReadingJob(Job):
    """A text whose internals somebody wants to look at."""

    def __init__(self, token_ids: Sequence[int], precision: str) -> None:
        super().__init__(token_ids, precision)
        self.future: Future[Internals] = Future()

    def fail(self, error: Exception) -> None:
        """Tell whoever wants to look."""
        self.future.set_exception(error)


class WritingJob(Job):
    """A text that goes on."""

    def __init__(
        self, continuation: Continuation, writer: Writer, owner: Hashable, remembered: bool = True
    ) -> None:
        run = continuation.latest()
        super().__init__(run.token_ids, run.precision)
        self.continuation = continuation
        self.writer = writer
        self.owner = owner
        self.remembered = remembered
        self.most_tokens = len(run.token_ids) + continuation.max_new_tokens
        """Tokens that the text may grow to."""

    def fail(self, error: Exception) -> None:
        """Tell whoever follows the text."""
        self.continuation.fail(error)
