"""The names of a person's trainings, kept by their browser."""

from typing import Any, TypedDict

from viz.components.drawn import NOTHING, Drawn

KEPT = "gpt-inside-out-trainings"
"""Under which the browser keeps them."""


class TrainingMemoryValue(TypedDict, total=False):
    """The value of a `TrainingMemory`."""

    names: list[str]
    """From the server: those that there are now."""
    before: list[str]
    """From the browser, once: those that it had kept."""


class TrainingMemory(Drawn):
    """Draws nothing. `select` fires if the browser had kept names."""

    def __init__(self, *, elem_id: str = "training-memory", **kwargs: Any) -> None:
        super().__init__("training_memory", NOTHING, None, words={"kept": KEPT}, elem_id=elem_id, **kwargs)
