"""What one server grants its visitors."""

from dataclasses import dataclass
from typing import Any

CHARACTERS_PER_TOKEN = 40
"""A prompt longer than this many characters a token is refused before it is tokenised."""

LOOKERS = 2
"""Visitors for whom figures are drawn at the same time. That is Python, which does one thing at a time
anyhow: more threads would only keep the texts that are being written waiting for their turn."""
LOOKING: dict[str, Any] = {"concurrency_id": "looking", "concurrency_limit": LOOKERS}
"""Arguments of the events that look."""

SEARCHERS = 2
"""Visitors whose replays, searches and grids are computed at the same time: each of them is many texts.
Rollouts of a page stand in the line of the engine."""
GRIDDING: dict[str, Any] = {"concurrency_id": "gridding", "concurrency_limit": SEARCHERS}
"""Arguments of the events that draw the lens over a text: it takes turns with all else, column by column, and
need not wait for searches."""
SEARCHING: dict[str, Any] = {"concurrency_id": "searching", "concurrency_limit": SEARCHERS}
"""Arguments of the events that ask for them; those of a page show on a line of their room that they wait."""

WRITING = "writing"
"""Queue of the events of the page that write."""
WORK = frozenset({WRITING, "generate", "branch", "searching", "opening"})
"""Queues of what writes texts or searches: of this a public server grants each visitor so much a minute."""

OPENERS = 16
"""Visitors whose links are opened at the same time: a class opens one link at once."""
OPENING: dict[str, Any] = {"concurrency_id": "opening", "concurrency_limit": OPENERS}
"""Arguments of the events that open a link."""

UNASKED: dict[str, Any] = {"concurrency_id": "examples", "concurrency_limit": SEARCHERS}
"""Arguments of the events that compute what nobody asked for: whoever asks does not wait for them."""

EVENTS_PER_VISITOR = 48
"""Clicks, drawings and texts of one page that may wait, or whose answers it has not fetched: a press makes
several, and a page that was held up sends them at once. More are refused: one page never fills the queue."""


@dataclass(frozen=True)
class Limits:
    """Sizes and numbers, set on the command line."""

    max_prompt_tokens: int = 512
    max_new_tokens: int = 256
    """Of one press of Write or one call; a text may grow to `max_text_tokens` in several."""
    places: int = 32
    """Runs written at the same time; the others wait in line."""
    queue_size: int = 64
    """Runs that may wait; more are turned away."""
    internals_bytes: int = 2**31
    """Memory for the internals of all visitors' texts."""
    rollout_tokens: int = 64 * 64
    """Of all rollouts of one press or call together."""

    @property
    def writers(self) -> int:
        """Requests for texts that are answered at the same time; the last hears that too many wait."""
        return self.places + self.queue_size + 1

    @property
    def events(self) -> int:
        """Events of all visitors that may wait; a bound on memory that no person should meet."""
        return self.writers * EVENTS_PER_VISITOR

    @property
    def max_text_tokens(self) -> int:
        """Most tokens of a text, prompt included."""
        return self.max_prompt_tokens + 2 * self.max_new_tokens

    @property
    def max_prompt_characters(self) -> int:
        """Most characters of a prompt."""
        return self.max_prompt_tokens * CHARACTERS_PER_TOKEN
