"""A text that is scored instead of written, and the room of its numbers, by the app's own handlers."""

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from model.lab.rollouts import Rollouts
from tests.pages.brake import Brake
from tests.pages.desk import Desk, changed, told
from tests.tiny import EOS, tiny_transformer
from viz.rooms.branches.walking import Walking
from viz.rooms.rollouts.beginning import beginning

TEXT = "in the of the cat of in"
PANELS = {"score_facts", "score_ranks", "score_ratios", "score_entropies"}


@pytest.fixture
def desk(app: Any, newcomer: Callable[[], Any]) -> Desk:
    desk = Desk(app, newcomer())
    desk.prompt = TEXT
    return desk


def logprobs_of(token_ids: tuple[int, ...]) -> torch.Tensor:
    """Return what the same weights say without any of this app."""
    transformer = tiny_transformer("gpt2")
    with torch.inference_mode():
        return transformer(torch.tensor([list(token_ids)])).logits[0].double().log_softmax(-1)


def ids_of(desk: Desk) -> tuple[int, ...]:
    return desk.visitor.run.token_ids


def test_a_scored_text_is_the_prompt_with_its_numbers_and_nothing_behind_it(desk, tiny):
    last = desk.write("score")[-1]
    assert ids_of(desk) == tiny.encode(TEXT)
    run, expected = desk.visitor.run, logprobs_of(ids_of(desk))
    assert [step.logprob for step in run.steps] == pytest.approx(
        [float(expected[step.position - 1, step.token_id]) for step in run.steps], abs=1e-4
    )
    assert "scored, nothing was written" in last.status and "length reached" not in last.status
    assert not any(token["forced"] for token in last.strip["tokens"]), "no mark where all was given"
    first, *others = [token["title"] for token in last.strip["tokens"]]
    assert "nothing predicted it" in first and "prompt" not in first
    assert all("part of the text that was given" in title for title in others)
    assert "first token" in last.strip["legend"]["quiet"]
    assert [one["value"] for one in last.bars["facts"]][1:] == ["given"]
    assert not any("by a person" in token["title"] for token in last.strip["tokens"])
    assert {"timeline", "bars", "sweep", "attention"} <= changed(last)
    assert told(last) == "Now on Text 1 · Undo", "nobody sampled it, so no settings were others"
    assert (desk.visitor.writing, last.stop["interactive"], last.undo["interactive"]) == (False, False, True)


def test_undo_takes_it_away_redo_brings_it_back_and_the_prompt_goes_along(desk):
    before = desk.visitor.run
    desk.write("score")
    scored = desk.visitor.run
    assert desk.press("undo").prompt == before.prompt and desk.visitor.run is before
    desk.prompt = before.prompt
    assert desk.press("redo").prompt == TEXT and desk.visitor.run is scored


@pytest.mark.parametrize("button", ["step", "more"])
def test_it_can_be_written_on(desk, button):
    desk.write("score")
    given = len(ids_of(desk))
    last = desk.write(button, max_new_tokens=2, temperature=1.0)[-1]
    new = 1 if button == "step" else 2
    assert len(ids_of(desk)) == given + new and not desk.visitor.run.steps[-1].forced
    assert f"{given} given + {new} written" in last.status
    assert not any(token["forced"] for token in last.strip["tokens"])


CHAT = f"{EOS}in the{EOS}\n{EOS}of\n"


@pytest.mark.parametrize("button", ["step", "more"])
def test_special_tokens_that_were_typed_are_kept_and_it_can_be_written_on(desk, tiny, button):
    desk.prompt = CHAT
    desk.write("score")
    given = tiny.encode(CHAT)
    assert ids_of(desk) == given and desk.visitor.run.prompt == EOS
    desk.write(button, max_new_tokens=1)
    assert ids_of(desk)[: len(given)] == given and len(ids_of(desk)) == len(given) + 1
    assert not desk.visitor.run.steps[-1].forced and len(desk.visitor.tree) == 1


def test_undo_and_redo_and_a_file_bring_special_tokens_back_into_the_prompt(desk, app, newcomer):
    before = desk.visitor.run
    desk.prompt = CHAT
    desk.write("score")
    assert desk.press("undo").prompt == before.prompt
    desk.prompt = before.prompt
    assert desk.press("redo").prompt == CHAT
    file, _ = Walking(SimpleNamespace(service=None)).save(desk.visitor, {"action": "save", "what": "text"})
    other = Desk(app, newcomer())
    other.prompt = other.visitor.run.prompt
    choice = {"action": "open", "text": file["text"]}
    opened = other.handler("branch-choice", "select")(other.visitor, other.prompt, choice, *other.values)
    assert opened.prompt == CHAT and ids_of(other) == ids_of(desk)


def test_rollouts_from_within_a_prompt_keep_its_special_tokens(desk, tiny):
    desk.prompt = CHAT
    desk.write("generate", max_new_tokens=2)
    service = desk.service
    desk.select(4)
    start = beginning(desk.visitor, "selected")
    assert start.prompt == f"{EOS}in the{EOS}" and tiny.encode(start.prompt) == start.prompt_token_ids
    whole = Rollouts(service.engine, desk.visitor.run, 1, 1).start
    assert whole.prompt.startswith(CHAT)


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "is empty"), ("x" * 3000, "characters"), ("a b " * 20, "tokens"), ("a\ud800", "cannot be read")],
)
def test_what_cannot_be_read_is_a_sentence_and_the_page_stays(desk, text, message):
    before, desk.prompt = desk.visitor.run, text
    screens = desk.write("score")
    assert changed(screens[-1]) == {"notice", "stop"} and message in screens[-1].notice
    assert desk.visitor.run is before and not desk.visitor.working


def test_it_does_not_begin_while_a_text_is_written(desk, brake: Brake):
    brake.pull()
    writing = desk.writing("generate", max_new_tokens=3)
    next(writing)
    assert "Press Stop first" in desk.write("score")[-1].notice
    brake.release()
    list(writing)


def test_stop_while_the_model_reads_leaves_the_page_as_it_was(desk):
    before = desk.visitor.run
    screens = desk.writing("score")
    first = next(screens)
    assert "reading" in first.status and first.stop["interactive"]
    desk.stop()
    last = list(screens)[-1]
    assert desk.visitor.run is before and not last.stop["interactive"] and not desk.visitor.working


def test_stop_in_its_midst_keeps_what_is_scored(desk, monkeypatch):
    monkeypatch.setattr("model.interior.scoring.AT_ONCE", 2)
    monkeypatch.setattr(type(desk.service.pace), "interval_of", lambda *_: 0)
    screens = desk.writing("score")
    seen = [next(screens), next(screens)]
    assert "done" in seen[-1].status and seen[-1].strip["writing"]
    desk.stop()
    last = list(screens)[-1]
    run = desk.visitor.run
    assert len(run.steps) == 2 and run.finish_reason == "stop", "two at a time, and no more after the press"
    assert "stopped" in last.status and desk.visitor.tree.run is run and not desk.visitor.writing


def test_a_single_token_has_no_score_and_the_room_says_so(desk):
    desk.prompt = "in"
    desk.read(True)
    last = desk.write("score")[-1]
    assert len(ids_of(desk)) == 1 and "Nothing to count yet" in last.score_facts
    assert all(not getattr(last, f"score_{name}").data for name in ("ranks", "ratios", "entropies"))


# The room


def test_the_numbers_of_the_room_are_those_of_the_text(desk):
    assert changed(desk.read(True)) == PANELS
    last = desk.write("score")[-1]
    token_ids, expected = ids_of(desk), logprobs_of(ids_of(desk))
    rows, chosen = expected[:-1], torch.tensor(token_ids[1:])
    mine = rows[torch.arange(len(chosen)), chosen]
    nats, count = -float(mine.sum()), len(chosen)
    for text in (
        f"{math.exp(nats / count):,.2f}",
        f"{nats / math.log(2):,.1f}",
        f"{nats / math.log(2) / count:.2f}",
        f"Counted: {count} tokens",
    ):
        assert text in last.score_facts
    ranks = (rows > mine[:, None]).sum(-1) + 1
    assert list(last.score_ranks.data[0].y) == np.histogram(ranks, [1, 11, 101, 1001, 10**6])[0].tolist()
    ratios = (mine - rows.max(-1).values).exp().numpy()
    assert list(last.score_ratios.data[0].y) == np.histogram(ratios, np.linspace(0, 1, 11))[0].tolist()
    bits = -(rows.exp() * rows).sum(-1).numpy() / math.log(2)
    assert list(last.score_entropies.data[0].y) == np.histogram(bits, range(10))[0].tolist()


def test_of_a_written_text_the_prompt_does_not_count_and_that_is_said(desk):
    desk.write(max_new_tokens=6)
    screen = desk.read(True)
    assert "the 6 tokens after the prompt" in screen.score_facts
    for name in ("ranks", "ratios", "entropies"):
        assert sum(getattr(screen, f"score_{name}").data[0].y) == 6


def test_the_room_shows_the_text_and_no_token_more_than_another(desk):
    desk.write("score")
    desk.read(True)
    assert not changed(desk.select(2)) & PANELS
    desk.read(False)
    assert not changed(desk.write("score")[-1]) & PANELS
