"""Every control of the Explore page, by name, as the events receive them."""

from dataclasses import dataclass, fields
from typing import Any, get_args

from model.engine.internals import MEAN_HEAD
from model.sampler.settings import SamplerSettings
from viz.components.chain import in_chain
from viz.components.token_strip import ColourBy
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
class Controls:
    """The values of the controls at one moment. The order of the fields is the order of the inputs."""

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
    hide_first: bool = True
    whole: bool = False
    appearance: dict[str, Any] | None = None
    chain: dict[str, Any] | None = None
    """The value of `ChainChoice`: what of the sampler is set in its chain and not by the sliders."""
    picked: dict[str, Any] | None = None
    """The value of `TokenPick`: the token whose row was picked in a table."""
    quantity: str = "entropy"
    """Of the grid of all heads, by the names of `QUANTITIES`."""
    of_step: bool = False
    """Whether the grid is of the selected step alone."""
    head_choice: dict[str, Any] | None = None
    """The value of `HeadChoice`: the key that the grid may ask about."""
    against_rival: bool = False
    """Whether the logit of the chosen token is held against that of the next best."""
    lens_colour: str = "probability"
    """What a cell of the lens over the text is coloured by."""
    lens_size: int = 24
    """Positions that it is computed for."""
    neuron_layer: int = 22
    """Whose neurons are shown."""
    neuron_order: str = "strongest"
    """In which order."""

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


NAMES = tuple(field.name for field in fields(Controls))
SAMPLER_NAMES = NAMES[:5]
