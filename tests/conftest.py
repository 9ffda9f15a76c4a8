"""Models for tests: the embedded one, loaded once a session, and tiny random ones of five architectures.

The imports are inside the fixtures: tests that need no model start without the seconds that torch takes.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if "PYTEST_XDIST_WORKER" in os.environ:  # processes with a team of threads each wait for one another
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# A busy machine is no failure: no test asserts a time. The same examples every time, so that a change is
# judged by what it does; `HUNT=1` makes up others, and more of them.
settings.register_profile(
    "patient", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.register_profile("hunting", settings.get_profile("patient"), max_examples=500, derandomize=False)
settings.load_profile("hunting" if os.environ.get("HUNT") else "patient")

HERE = Path(__file__).parent

if TYPE_CHECKING:
    from model.network.language_model import LanguageModel

BROWSER_FILES = sorted(f"tests/browser/{path.name}" for path in (HERE / "browser").glob("test_*.py"))
YIELDING = 10
"""The niceness of tests that need no page: without it they starve those of the pages."""
TINY_ARCHITECTURES = ("gpt2", "llama", "neox", "opt", "qwen2")


@pytest.fixture(scope="session")
def embedded_model() -> "LanguageModel":
    """The embedded default in float32 on the CPU, converted into the user's cache if it is not there yet."""
    from model.weights.loading import load_model  # noqa: PLC0415 - see the module's docstring

    return load_model(device="cpu")


@pytest.fixture(scope="session", params=TINY_ARCHITECTURES)
def tiny_models(request: pytest.FixtureRequest) -> "LanguageModel":
    """One tiny random model; a test that takes it runs once for each architecture."""
    from tests.tiny import tiny_model  # noqa: PLC0415 - see the module's docstring

    return tiny_model(request.param)


@pytest.fixture(scope="session")
def tiny_gpt2() -> "LanguageModel":
    """The tiny random GPT-2 alone, for tests that need some model."""
    from tests.tiny import tiny_model  # noqa: PLC0415 - see the module's docstring

    return tiny_model("gpt2")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let a process that has no browser tests, or none left, take the time that the pages of others leave."""
    beside_others = "PYTEST_XDIST_WORKER" in os.environ and item.path.parent.name != "browser"
    if beside_others and hasattr(os, "nice") and os.nice(0) < YIELDING:
        os.nice(YIELDING - os.nice(0))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give the browser tests, which share an app, to two processes, each with its own; other files to any.

    They begin first, side by side: one waits while the other computes. A third process starves their pages,
    and takes longer altogether.
    """
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - asked for with -n alone

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.partition("::")[0]
            return f"browser {BROWSER_FILES.index(path) % 2}" if path in BROWSER_FILES else path

    return ByFile(config, log)
