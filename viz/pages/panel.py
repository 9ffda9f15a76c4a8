"""A panel: one component that shows something of a scene, and what redraws it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Flag, auto
from typing import Any

from viz.pages.controls import Controls
from viz.pages.scene import Scene

Draw = Callable[[Scene, Controls], Any]


class On(Flag):
    """What redraws a panel, beside the opening of its room and the end of a text: those redraw all."""

    SETTINGS = auto()
    """Another sampler; also another selected token."""
    SELECTION = auto()
    """Another selected token."""
    HEAD = auto()
    """Another layer or head on the sliders; also another selected token."""
    SEARCH = auto()
    """A word in the search field, or a picked row of a table."""
    TEXT = auto()
    """Another text, and no token of it more than another."""
    BEGINNING = auto()
    """A text that begins to be written."""
    GROWTH = auto()
    """Every token while a text is being written."""
    TURN = auto()
    """Its turn among the figures that are redrawn meanwhile, one now and then."""


STEP = On.SETTINGS | On.SELECTION | On.HEAD
"""What shows the selected step."""


@dataclass(frozen=True)
class Panel:
    """How a component is drawn, and when."""

    draw: Draw
    on: On
    figure: bool = False
    """Whether it is a Plotly figure, which can say in its place why there is none."""
    of_text: bool = False
    """Whether it shows what the text itself says: no matter whether the model that wrote it is here."""
    kept: bool = False
    """Whether it stays as it was where it cannot be drawn: a text must not vanish from the page."""
    instead: Callable[[str], Any] | None = None
    """What it shows where it cannot be drawn, given the sentence that says why; by default nothing."""


Panels = Mapping[str, Panel]
"""By the names of their components, of which no two on the page are alike."""


def chosen(panels: Panels, on: On) -> Panels:
    """Return the panels that something redraws."""
    return {name: panel for name, panel in panels.items() if panel.on & on}
