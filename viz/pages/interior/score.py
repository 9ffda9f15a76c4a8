"""The room of a given text: how likely the model finds it."""

from typing import Any

from viz.components.heading import heading


def lay_out() -> dict[str, Any]:
    """Create the room and return its outputs by the field of `Screen`."""
    heading("interior.score")
    return {}
