"""Saving the text of the page as a file, as the app's own handlers do it for a visitor."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.pages.desk import Desk, shown
from viz.offline.attention import heads_held
from viz.pages import work as work_module
from viz.rooms.saved_page import room as room_module
from viz.rooms.saved_page.room import SavedScreen


class SavingDesk(Desk):
    """Presses of one visitor in the room."""

    def saving(self) -> Any:
        return self.handler("save-replay", "click")(self.visitor, *self.values)

    def save(self) -> SavedScreen:
        """Press Save, and return what is to be seen at the end."""
        seen = SavedScreen()
        for screen in self.saving():
            seen = seen._replace(**{name: one for name, one in screen._asdict().items() if shown(one)})
        return seen


@pytest.fixture
def desk(app: Any, newcomer: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> SavingDesk:
    """A visitor who has written six tokens."""
    monkeypatch.setattr(work_module, "UPDATE_SECONDS", 0.0)
    desk = SavingDesk(app, newcomer())
    desk.write(max_new_tokens=6)
    return desk


def test_the_text_is_offered_as_a_page_after_a_line_for_every_step(desk):
    lines = [screen.line for screen in desk.saving() if shown(screen.line)]
    end = desk.save()
    assert end.download["kind"] == "html" and end.download["text"].startswith("<!DOCTYPE html>")
    assert end.download["stem"] == "gpt-inside-out-replay"
    length = len(desk.visitor.run.token_ids)
    info = desk.service.model.info
    heads = len(heads_held(info.layers, info.heads, length, desk.now.layer, desk.now.shown_head))
    assert f"Saved: {length} tokens and {heads} heads" in end.line
    assert any(f"of {length + heads} steps and heads" in one for one in lines)
    assert (end.save["interactive"], end.cancel["interactive"]) == (True, False)


def test_cancel_ends_it_and_nothing_is_offered(desk):
    saving = desk.saving()
    next(saving)
    next(saving)
    desk.handler("cancel-replay", "click")(desk.visitor)
    rest = list(saving)
    assert "Cancelled" in rest[-1].line and not any(shown(one.download) for one in rest)
    assert not desk.visitor.working


def test_a_text_that_is_too_long_is_refused_in_words(desk, monkeypatch):
    monkeypatch.setattr(room_module, "MOST_TOKENS", 3)
    assert "a page holds at most 3" in desk.save().line


def test_a_text_that_is_being_written_waits(desk):
    desk.visitor.writing = True
    assert "Press Stop first" in desk.save().line
    desk.visitor.writing = False


@pytest.mark.parametrize("layer", [99, -1, 0.5, None, "x"])
def test_a_layer_that_there_is_not_is_told_in_words(desk, layer):
    desk.controls["layer"] = layer
    end = desk.save()
    assert "layer" in end.line and not shown(end.download)
