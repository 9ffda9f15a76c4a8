"""Where every control stands: those of the page by name, and those of each room in a type of its own."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, TypeVar, cast, get_args

from model.engine.internals import MEAN_HEAD
from model.sampler.settings import SamplerSettings
from viz.components.chain import in_chain
from viz.components.tint import ColourBy
from viz.figures.theme import DARK, LIGHT, Theme

DEFAULTS = SamplerSettings()
COLOURS: tuple[str, ...] = get_args(ColourBy)

PRESETS = {
    "greedy": SamplerSettings(temperature=0.0, top_k=0, top_p=1.0),
    "careful": SamplerSettings(temperature=0.5, top_k=20, top_p=0.9),
    "balanced": DEFAULTS,
    "wild": SamplerSettings(temperature=1.3, top_k=0, top_p=0.98),
}
"""Named sampler settings."""


@dataclass(frozen=True)
class RoomControls:
    """The values of the controls that one room alone has; each room's own is a class of its own.

    Its fields have defaults, at which they stand at first. The room lays out a component for each, and its
    panels ask for them with `Controls.of`.
    """

    of_the_moment: ClassVar[Collection[str]] = ()
    """Fields that follow the browser, and are not given back to a page that is loaded anew."""


Own = TypeVar("Own", bound=RoomControls)


@dataclass(frozen=True)
class Controls:
    """The values of the controls at one moment: of the page, and of its rooms."""

    of_the_moment: ClassVar[Collection[str]] = ("appearance", "place", "picked")
    """As of `RoomControls`."""

    temperature: float = DEFAULTS.temperature
    top_k: int = DEFAULTS.top_k
    top_p: float = DEFAULTS.top_p
    min_p: float = DEFAULTS.min_p
    repetition_penalty: float = DEFAULTS.repetition_penalty
    seed: int = 42
    max_new_tokens: int = 48
    precision: str = "fast"
    colour_by: ColourBy = "surprisal"
    rows: int = 10
    query: str = ""
    layer: int = 9
    head: int = 0
    mean_heads: bool = True
    appearance: dict[str, Any] | None = None
    place: dict[str, Any] | None = None
    """The value of `Places`: the page that is open, and its room."""
    chain: dict[str, Any] | None = None
    """The value of `ChainChoice`: what of the sampler is set in its chain and not by the sliders."""
    picked: dict[str, Any] | None = None
    """The value of `TokenPick`: the token whose row was picked in a table."""
    rooms: Mapping[type[RoomControls], RoomControls] = field(default_factory=dict, kw_only=True)
    """Of the rooms, each by its type."""

    def of(self, kind: type[Own]) -> Own:
        """Return where the controls of a room stand."""
        return cast(Own, self.rooms[kind]) if kind in self.rooms else kind()

    def again(self, here: "Controls") -> "Controls":
        """Return these for a page that was loaded anew, whose own stand `here`."""
        rooms = {kind: _again(own, here.of(kind)) for kind, own in self.rooms.items()}
        return replace(_again(self, here), rooms=rooms)

    @property
    def settings(self) -> SamplerSettings:
        """The sampler.

        Raises:
            OutOfRange: a value that the sampler does not take.
        """
        dials = {name: getattr(self, name) for name in SAMPLER_NAMES}
        return SamplerSettings(**dials, **in_chain(self.chain, dials))

    @property
    def theme(self) -> Theme:
        """The colours of the figures."""
        return DARK if (self.appearance or {}).get("dark") else LIGHT

    @property
    def shown_head(self) -> int:
        """The head of the attention panel, or the mean over all."""
        return MEAN_HEAD if self.mean_heads else self.head

    @property
    def preset(self) -> str | None:
        """The preset that the sliders stand at, if any."""
        return next((name for name, settings in PRESETS.items() if settings == self.settings), None)


Kind = TypeVar("Kind", Controls, RoomControls)


def _again(kept: Kind, here: Kind) -> Kind:
    return replace(kept, **{name: getattr(here, name) for name in kept.of_the_moment})


NAMES = tuple(one.name for one in fields(Controls) if one.name != "rooms")
"""Of the page's own."""
SAMPLER_NAMES = NAMES[:5]
