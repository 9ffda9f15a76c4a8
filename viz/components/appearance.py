"""Tells Python whether the page is dark, so that figures can follow."""

from typing import Any, TypedDict

from viz.components.drawn import NOTHING, Drawn


class AppearanceValue(TypedDict):
    """What the page looks like."""

    dark: bool


class Appearance(Drawn):
    """Draws nothing; its value follows the page, and `change` fires when it does."""

    def __init__(self, elem_id: str = "appearance", **kwargs: Any) -> None:
        super().__init__("appearance", NOTHING, AppearanceValue(dark=False), elem_id=elem_id, **kwargs)

    def api_info(self) -> dict[str, Any]:
        """Return the schema of the value."""
        return {"type": "object", "properties": {"dark": {"type": "boolean"}}}

    def example_payload(self) -> dict[str, Any]:
        """Return a value for the API page."""
        return dict(AppearanceValue(dark=True))
