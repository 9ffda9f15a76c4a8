"""What a room is: a place on a page, or in the drawer, of the same shape for all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Generic, TypeVar

from viz.pages.controls import RoomControls
from viz.pages.layout import Laid, Plan
from viz.pages.layout import Parts as Components
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
    controls: type[RoomControls] = RoomControls
    """What no other room has of controls; `lay_out` returns the component of each in `Laid.controls`."""

    def place(self, plan: Plan) -> Parts:
        """Lay the room out, its components in the order of its panels and of its controls.

        Raises:
            ValueError: a panel or a control has no component, or the other way round.
        """
        laid = self.lay_out(plan)
        return replace(
            laid,
            outputs=self._ordered("panel", list(self.panels), laid.outputs),
            controls=self._ordered("control", [one.name for one in fields(self.controls)], laid.controls),
        )

    def _ordered(self, kind: str, names: Sequence[str], components: Components) -> Components:
        if alone := sorted({*names} ^ components.keys()):
            raise ValueError(f"a {kind} without a component, or the other way round: {self.name}: {alone}")
        return {name: components[name] for name in names}
