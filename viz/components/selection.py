"""Which token is selected in the browser: a value of a few bytes that goes along with any event.

`TokenStrip` could tell by the data of its own `select` event, but with `trigger_mode="always_last"` Gradio
runs the last event with the data of an earlier one. Input values it reads afresh; hence this component.
"""

from typing import Any, TypedDict

from viz.components.drawn import NOTHING, Drawn


class SelectionValue(TypedDict):
    """The value of a `Selection`."""

    index: int | None
    """Position of the selected token in the whole text; None where there is none."""


def chosen_index(choice: object) -> int | None:
    """Return the index that a browser sent in a `SelectionValue`; None if it sent something else."""
    index = choice.get("index") if isinstance(choice, dict) else None
    return index if isinstance(index, int) and not isinstance(index, bool) and index >= 0 else None


class Selection(Drawn):
    """Draws nothing. Its value follows clicks and keys in the strip; `select` fires after these alone."""

    def __init__(
        self,
        index: int | None = None,
        *,
        elem_id: str = "selection",
        strip_id: str = "tokens",
        **kwargs: Any,
    ) -> None:
        value = SelectionValue(index=index)
        super().__init__("selection", NOTHING, value, words={"strip": strip_id}, elem_id=elem_id, **kwargs)

    def api_info(self) -> dict[str, Any]:
        """Return the schema of the value."""
        return {"type": "object", "properties": {"index": {"type": "integer"}}}

    def example_payload(self) -> dict[str, Any]:
        """Return a value for the API page."""
        return dict(SelectionValue(index=5))
