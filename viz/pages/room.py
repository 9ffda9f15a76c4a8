"""What a room is: a place on a page, or in the drawer, of the same shape for all."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from viz.pages.layout import Laid, Plan
from viz.pages.looking import Looking
from viz.pages.panel import Panels

Parts = TypeVar("Parts", bound=Laid)


def wires_nothing(_laid: Laid, _looking: Looking) -> None:
    """Wire a room in which nothing can be pressed."""


@dataclass(frozen=True)
class Room(Generic[Parts]):
    """A room. The page draws its panels while it is open; what else it does, it wires itself.

    What it remembers of a visitor is a `RoomState` of its own. Its tab is called what stands at
    `page.room.<name>` of the words, its style stands in `room.css` beside it.
    """

    name: str
    """Of its folder, its tab (`room-<name>`) and its work among what can be stopped."""
    page: str
    """On which it stands, of `layout.PAGES`; or `layout.DRAWER`."""
    lay_out: Callable[[Plan], Parts]
    """Creates its components, inside its tab."""
    panels: Panels = field(default_factory=dict)
    """What it shows of a scene; `lay_out` returns the component of each in `Laid.outputs`."""
    wire: Callable[[Parts, Looking], None] = wires_nothing
    """Lets what a person does in it have its effect."""

    def place(self, plan: Plan) -> Parts:
        """Lay the room out, its components in the order of its panels.

        Raises:
            ValueError: a panel has no component, or the other way round.
        """
        laid = self.lay_out(plan)
        if alone := sorted(laid.outputs.keys() ^ self.panels.keys()):
            raise ValueError(f"a panel without a component, or the other way round: {self.name}: {alone}")
        return replace(laid, outputs={name: laid.outputs[name] for name in self.panels})
