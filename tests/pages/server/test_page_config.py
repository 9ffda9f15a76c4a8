"""What Gradio copies for every page view must be plain data, or the model is copied along."""

from collections.abc import Iterator
from typing import Any

from model.weights.background import BackgroundModel
from viz.explore import build_app
from viz.server.limits import Limits

PLAIN = (str, int, float, bool, type(None))
FREE = {"delete_callback"}
"""A plain function, which a copy leaves as it is."""


def not_plain(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from not_plain(part, (*path, key))
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from not_plain(part, (*path, index))
    elif not isinstance(value, PLAIN) and path[-1] not in FREE:
        yield (*path, type(value).__name__)


def test_the_config_of_the_page_holds_nothing_through_which_a_copy_reaches_the_model() -> None:
    """Gradio deep-copies the config for every page view.

    A parameter of ours was once called `empty`, like an event of `gr.HTML`; Gradio took the event's listener
    for the parameter's value, and every page view copied the app and with it all weights: 3 to 10 seconds.
    """
    app = build_app(BackgroundModel(report=lambda _line: None), Limits())

    assert list(not_plain(app.config)) == []


def test_an_event_that_nobody_waits_for_has_the_page_keep_no_status_of_its_outputs() -> None:
    """A status for each of an event's fifty outputs cost the browser 30 to 60 ms at its begin and its end."""
    app = build_app(BackgroundModel(report=lambda _line: None), Limits())

    events = [one for one in app.config["dependencies"] if one["api_visibility"] == "private"]
    shown = [
        len(one["outputs"]) if one["show_progress_on"] is None else len(one["show_progress_on"])
        for one in events
    ]
    assert max(shown) == 1
    assert {one["show_progress"] for one, some in zip(events, shown, strict=True) if not some} == {"hidden"}
