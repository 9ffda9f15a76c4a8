"""The room of the layers: the logit lens, the residual stream, and who moved the logit."""

from typing import Any

from viz.components.heading import heading


def lay_out() -> dict[str, Any]:
    """Create the room and return its outputs by the field of `Screen`."""
    heading("interior.lens")
    return {}
