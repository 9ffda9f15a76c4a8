"""What tests of rooms share."""

import pytest

from viz.pages import work as work_module
from viz.server.pace import Pace


@pytest.fixture
def every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show every step, however fast they come."""
    monkeypatch.setattr(work_module, "UPDATE_SECONDS", 0.0)
    monkeypatch.setattr(Pace, "interval", 0.0)
