"""A button that opens or closes part of the page in the browser, and remembers it there."""

from html import escape
from typing import Any, Literal

from viz.components.drawn import Drawn


def is_on(value: object) -> bool:
    """Tell whether a switch is on; whatever else a browser sends is off."""
    return isinstance(value, dict) and value.get("on") is True


class Switch(Drawn):
    """The button. While it is on, the page has the class it is told; `select` fires when it is pressed."""

    def __init__(
        self,
        css_class: str,
        label: str,
        title: str,
        *,
        elem_id: str,
        says: Literal["aria-expanded", "aria-pressed"] = "aria-expanded",
        **kwargs: Any,
    ) -> None:
        """Make a button.

        Args:
            css_class: of the whole page while it is on.
            label: what it reads.
            title: what it does.
            elem_id: of the component; also the name under which the browser remembers it.
            says: the attribute that says whether it is on: of what opens a part, or turns to another.
            **kwargs: for `Drawn`.
        """
        super().__init__(
            "switch",
            f'<button type="button" class="pill large switch" {says}="false"'
            f' title="{escape(title)}">{escape(label)}</button>',
            {"on": False},
            words={"class": css_class, "name": elem_id, "state": says},
            elem_id=elem_id,
            **kwargs,
        )

    def api_info(self) -> dict[str, Any]:
        """Return the schema of the value."""
        return {"type": "object", "properties": {"on": {"type": "boolean"}}}

    def example_payload(self) -> dict[str, Any]:
        """Return a value for the API page."""
        return {"on": True}
