"""What was measured of each step that a visitor asked about: it is there again when the step is."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple

from model.interventions.attribution import Reading
from model.interventions.curves import Curves
from model.interventions.token_scores import SAMPLING, Method, Sampled, TokenScores
from model.texts.run import Run
from viz.pages.asked import require_askable
from viz.pages.kept import RoomState
from viz.rooms.attribution.controls import AttributionControls

MOST_STEPS = 32
"""Of which results are kept."""


class Step(NamedTuple):
    """What is asked about."""

    model: str
    precision: str
    token_ids: tuple[int, ...]
    """The context."""
    chosen: int | None
    """The token; None for the most likely one past the end of the text."""
    against: str
    """What it is held against, as typed."""


@dataclass
class Measured:
    """What was measured of a step so far."""

    token_id: int
    against: int | None
    worth: float
    """Logprob of the token, or its difference to that of the other one, of the text as it is; nats."""
    scores: dict[Method, TokenScores] = field(default_factory=dict)
    curves: dict[Method, Curves] = field(default_factory=dict)
    """Where anything can be hidden."""
    chance: Curves | None = None

    @classmethod
    def of(cls, reading: Reading) -> "Measured":
        """Return what a reading begins with."""
        return cls(reading.target.token_id, reading.target.against, reading.worth)

    def has(self, method: Method, samples: int) -> bool:
        """Tell whether a method was measured as it is asked for, its curves included."""
        found = self.scores.get(method)
        if found is None or (method in SAMPLING and not _sampled(found, samples)):
            return False
        return method in self.curves or len(found.values) == 1


def _sampled(found: TokenScores, samples: int) -> bool:
    return isinstance(found.checked, Sampled) and found.checked.samples == samples


class AttributionState(RoomState):
    """What the room remembers of a visitor."""

    def __init__(self) -> None:
        self.steps: OrderedDict[Step, Measured] = OrderedDict()

    def keep(self, step: Step, measured: Measured) -> None:
        """Remember what was measured, and forget the step that was asked about longest ago."""
        self.steps[step] = measured
        self.steps.move_to_end(step)
        while len(self.steps) > MOST_STEPS:
            self.steps.popitem(last=False)


def step_of(run: Run, selected: int, own: AttributionControls) -> Step:
    """Return what is asked about at a place of a text.

    Raises:
        Trouble: nothing comes before it, or too much.
    """
    require_askable(selected)
    chosen = run.token_ids[selected] if selected < len(run.token_ids) else None
    against = own.against if isinstance(own.against, str) and own.against.strip() else ""
    return Step(run.model, run.precision, tuple(run.token_ids[:selected]), chosen, against)
