"""The room of the heads: all of them at a glance."""

from typing import Any

from viz.components.heading import heading


def lay_out() -> dict[str, Any]:
    """Create the room and return its outputs by the field of `Screen`."""
    heading("interior.heads")
    return {}
