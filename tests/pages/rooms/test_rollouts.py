"""The room of rollouts as the app's own handlers run it for a visitor, without a server."""

import pickle
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from inspect import unwrap
from typing import Any

import gradio as gr
import numpy as np
import pytest

from model.lab.rolled import Rolled
from model.lab.rollout_statistics import distinct, first_token_test, first_tokens, rollout_tree
from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from tests.pages.conftest import service_of, written
from tests.pages.desk import Desk, sent, shown
from tests.patience import PATIENCE
from tests.rolled import rollout
from viz.api import lab as api_module
from viz.api.lab import LabApi
from viz.figures.theme import LIGHT
from viz.rooms.rollouts import rolling as rolling_module
from viz.rooms.rollouts.choices import SWEPT
from viz.rooms.rollouts.guess import Guess, outcome
from viz.rooms.rollouts.guess import told as told_of_guess
from viz.rooms.rollouts.rolling import RolloutsState, offered_values
from viz.rooms.rollouts.screen import RolloutScreen, rolled_screen
from viz.words.fit import fit_numbers, fit_words
from viz.words.percent import percent
from viz.words.tokens import isolated

COUNT, LENGTH = 8, 3
LARGE = tuple(rollout(*one) for one in np.random.default_rng(3).integers(10_000, 49_152, (64, 64)).tolist())
"""As much as may be rolled."""


def large(run: Run) -> Rolled:
    """Return as many rollouts of a large vocabulary as may be asked for, of which none has ended."""
    return Rolled.begun(run, [one.cut_at(2) for one in LARGE], np.full(49_152, 1 / 49_152))


class RollingDesk(Desk):
    """Presses of one visitor in the room."""

    def rolling(
        self,
        start: Any = "prompt",
        count: Any = COUNT,
        length: Any = LENGTH,
        token: Any = "",
        share: Any = "",
    ) -> Iterator[RolloutScreen]:
        return self.handler("roll", "click")(self.visitor, start, count, length, token, share, *self.values)

    def roll(self, *wishes: Any) -> RolloutScreen:
        """Roll, and return what is on the screen at the end."""
        return merged(self.rolling(*wishes))

    def sweep(self, setting: Any = "temperature", values: Any = "2, 0.5", each: Any = 4) -> RolloutScreen:
        handler = self.handler("sweep", "click")
        return merged(handler(self.visitor, "prompt", setting, values, each, LENGTH, *self.values))

    def cancel(self) -> None:
        self.handler("rollout-cancel", "click")(self.visitor)

    def redrawn(self) -> RolloutScreen:
        room = unwrap(self.handler("roll", "click")).__self__
        return room.redraw(self.visitor, self.now)

    def open(self, choice: Any) -> Any:
        handler = self.handler("rollout-chosen", "select")
        return handler(self.visitor, choice, self.prompt, *self.values)

    @property
    def rolled(self) -> Any:
        return self.visitor.kept.of(RolloutsState).rolled


def merged(screens: Iterator[RolloutScreen]) -> RolloutScreen:
    """Return what is to be seen after some updates."""
    seen = RolloutScreen()
    for screen in screens:
        seen = seen._replace(**{name: one for name, one in screen._asdict().items() if shown(one)})
    return seen


def until(screens: Iterator[RolloutScreen], words: str) -> RolloutScreen:
    """Follow updates until the state says something."""
    impatient = time.monotonic() + PATIENCE
    for screen in screens:
        if words in screen.state:
            return screen
        assert time.monotonic() < impatient, f"{words!r} was not said, but {screen.state!r}"
    raise AssertionError(f"{words!r} was not said")


def first_counts(screen: RolloutScreen) -> list[int]:
    """Return how many rollouts have each token of the figure first."""
    return [row[1] for row in screen.first.data[1].customdata]


def nothing_under_way(screen: RolloutScreen) -> bool:
    return (screen.roll["interactive"], screen.sweep["interactive"], screen.cancel["interactive"]) == (
        True,
        True,
        False,
    )


@pytest.fixture
def desk(app: Any, newcomer: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> RollingDesk:
    """A visitor with a short text, whose room is looked at often."""
    monkeypatch.setattr(rolling_module, "UPDATE_SECONDS", 0.01)
    desk = RollingDesk(app, newcomer())
    desk.write("generate", max_new_tokens=3)
    return desk


# Numbers


def test_figures_and_numbers_are_the_statistics_of_the_runs(desk, app):
    screen = desk.roll()
    runs, engine = desk.rolled.runs, service_of(app).engine
    assert [run.seed for run in runs] == [42 + index for index in range(COUNT)]
    assert all(run.prompt == desk.prompt and len(run.steps) == LENGTH for run in runs)
    again = engine.write(runs[2].cut_at(0), LENGTH)
    *_, alone = again
    assert alone.token_ids == runs[2].token_ids, "each is an ordinary run"

    text = desk.visitor.run.prompt_token_ids
    likely = engine.read(text).softmax(len(text) - 1).probabilities
    rows = {row.token_id: row for row in first_tokens(runs, likely, len(likely))}
    shares = [rows[token_id].share for token_id in sorted(rows, key=lambda one: -likely[one])[:12]]
    bars, dots = screen.first.data
    assert list(bars.x) == pytest.approx(sorted(likely, reverse=True)[:12])
    assert list(dots.x) == pytest.approx(shares)
    assert fit_words(first_token_test(runs, likely)) in screen.verdict.replace("&#x27;", "'")
    assert fit_numbers(first_token_test(runs, likely)) in screen.verdict.replace("&#x27;", "'")

    texts = [written(run) for run in runs]
    for number in (distinct(texts, 1), distinct(texts, 2), LENGTH):
        assert f">{number:.2f}<" in screen.facts or f">{number:.1f} tokens<" in screen.facts
    assert len(screen.tree["branches"]) == len(rollout_tree(runs))
    mean = sum(step.logprob for step in runs[3].steps) / LENGTH
    assert screen.texts["texts"][3]["logprob"] == f"−{-mean:.2f} nats"
    assert f"all {COUNT} rollouts" in screen.state and nothing_under_way(screen)


def test_a_sweep_has_a_point_for_each_value_in_their_order_with_the_same_dice(desk):
    (line,) = desk.sweep(values="1, 0.5, 2").diversity.data
    assert list(line.text) == ["<b>0.5</b>", "<b>1</b>", "<b>2</b>"]
    points = desk.visitor.kept.of(RolloutsState).swept.points
    for x, y, point in zip(line.x, line.y, points, strict=True):
        steps = [step for run in point.runs for step in run.steps]
        assert x == pytest.approx(sum(step.logprob for step in steps) / len(steps))
        assert y == distinct([written(run) for run in point.runs], 2)
        assert point.settings == SamplerSettings(temperature=point.value, top_k=0, top_p=1.0)
    desk.roll("prompt", 4)
    assert [written(run) for run in points[1].runs] == [written(run) for run in desk.rolled.runs], (
        "the page stands at 1"
    )


@pytest.mark.parametrize(("start", "end"), [("prompt", 2), ("selected", 4), ("whole", 5)])
def test_rollouts_go_on_from_where_they_were_asked_to(desk, start, end):
    desk.visitor.selected = 4
    desk.roll(start, 2, 1)
    assert desk.rolled.start.token_ids == desk.visitor.run.token_ids[:end]


def test_a_selected_token_of_the_prompt_is_gone_on_from_too(desk):
    desk.visitor.selected = 1
    desk.roll("selected", 2, 1)
    assert (desk.rolled.start.prompt, len(desk.rolled.start.token_ids)) == ("in", 1)
    desk.visitor.selected = 0
    assert "Nothing comes before" in desk.roll("selected", 2, 1).state


def test_an_update_of_as_much_as_may_be_rolled_is_small(desk):
    screen = rolled_screen(replace(large(desk.visitor.run), runs=LARGE), LIGHT, str)
    values = zip(desk._functions["roll", "click"].outputs, screen, strict=True)
    assert sum(len(sent(part, value)) for part, value in values if shown(value)) < 300_000


def test_what_is_kept_does_not_grow_with_the_vocabulary(desk):
    assert len(pickle.dumps(large(desk.visitor.run))) < 8_000 + len(pickle.dumps(desk.visitor.run))


# While they run


def test_all_first_tokens_are_counted_before_a_text_has_ended_and_after_cancel(desk, app, tiny, brake):
    engine, start = service_of(app).engine, desk.visitor.run.cut_at(0)
    alone = [[*engine.write(start, 1, seed=42 + index)][-1].steps[0].token_id for index in range(COUNT)]
    some = Counter(alone[:4]).most_common(1)[0][0]  # which ends a text at once
    brake.pull()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tiny, "eos_token_ids", frozenset({some}))
        screens = desk.rolling()
        begun = next(screen for screen in screens if shown(screen.first))
        assert desk.rolled.runs == ()
        desk.cancel()
        brake.release()
        end = merged(screens)
    assert "cancelled" in end.state and len(desk.rolled.runs) < COUNT
    likely = engine.read(start.token_ids).softmax(len(start.token_ids) - 1).probabilities
    top = np.argsort(-likely, kind="stable")[:12]
    counted = [Counter(alone)[int(token_id)] for token_id in top]
    assert first_counts(begun) == counted and sum(counted) > 0
    desk.controls["appearance"] = {"dark": True}
    assert first_counts(desk.redrawn()) == counted


def test_a_set_that_lacks_some_says_so_beside_its_numbers(desk, brake):
    brake.pull()
    screens = desk.rolling()
    brake.let(LENGTH - 1)
    until(screens, f"1 of {COUNT} rollouts")
    desk.cancel()
    brake.release()
    assert f"cancelled: 1 of {COUNT}" in merged(screens).state
    told = desk.redrawn().facts
    assert f"of the 1 of {COUNT} that have ended" in told and f"counted in all {COUNT}" in told
    assert "that have ended" not in desk.roll().facts


def test_a_point_of_a_sweep_that_lacks_some_says_so_beneath_it(desk, brake):
    brake.pull()
    handler = desk.handler("sweep", "click")
    screens = handler(desk.visitor, "prompt", "temperature", "2, 0.5", 4, LENGTH, *desk.values)
    brake.let(LENGTH - 1)
    until(screens, "1 of 8 rollouts")
    desk.cancel()
    brake.release()
    assert "cancelled: 1 of 8" in merged(screens).state
    assert "hollow point lacks" in desk.redrawn().swept
    assert "hollow point lacks" not in desk.sweep().swept


def test_cancel_half_way_keeps_what_has_ended(desk, brake):
    brake.pull()
    screens = desk.rolling()
    first = next(screens)
    assert (first.cancel["interactive"], first.roll["interactive"]) == (True, False)
    brake.let(2 * (LENGTH - 1))  # two of them beyond their first tokens: one is written at a time here
    assert 'value="2"' in until(screens, f"2 of {COUNT} rollouts").state
    assert "still at work" in desk.roll().state, "one at a time"
    desk.cancel()
    brake.release()
    end = merged(screens)
    assert f"cancelled: 2 of {COUNT}" in end.state and nothing_under_way(end)
    assert [len(run.steps) for run in desk.rolled.runs] == [LENGTH, LENGTH]
    assert f"all {COUNT}" in desk.roll().state, "and it works again"


def test_who_waits_for_a_place_sees_how_many_are_ahead(desk, app, brake):
    brake.pull()
    engine = service_of(app).engine
    others = [engine.write(desk.visitor.run, 3) for _ in range(2)]
    brake.wait()
    screens = desk.rolling()
    until(screens, "number 1 in line")
    brake.release()
    assert "are there" in merged(screens).state
    assert all(other.wait(PATIENCE) for other in others)


def test_a_full_line_is_no_place_for_rollouts(desk, app, brake):
    brake.pull()
    engine = service_of(app).engine
    others = [engine.write(desk.visitor.run, 3) for _ in range(4)]
    brake.wait()
    assert "line is full" in desk.roll().state
    brake.release()
    assert all(other.wait(PATIENCE) for other in others)


def test_whoever_closes_the_page_frees_the_places(desk, app, brake):
    brake.pull()
    screens = desk.rolling()
    next(screens)
    told = threading.Thread(target=lambda: merged(screens))
    told.start()
    brake.wait()
    desk.visitor.stop()
    brake.release()
    told.join(PATIENCE)
    assert not told.is_alive() and desk.visitor.working == {}
    assert service_of(app).engine.waiting == 0


def broken(*_: Any) -> Any:
    raise ValueError("no dice")


def test_an_error_is_a_sentence_and_the_first_tokens_stay(desk, monkeypatch):
    whole = desk.roll()
    monkeypatch.setattr("model.engine.generation.draw", broken)
    screen = desk.roll()
    assert "no dice" in screen.state and nothing_under_way(screen)
    assert first_counts(screen) == first_counts(whole)
    assert desk.rolled.runs == ()


def test_an_error_before_the_first_tokens_leaves_what_was_there(desk, monkeypatch):
    desk.roll()
    before = desk.rolled
    monkeypatch.setattr("model.lab.rollouts.draw", broken)
    screen = desk.roll()
    assert "no dice" in screen.state and nothing_under_way(screen)
    assert desk.rolled is before and not shown(screen.first)


# A guess before it

FIRSTS = (*[rollout(7)] * 3, *[rollout(4)] * 3, rollout(9), rollout(5, 7))
"""Of eight rollouts: 7 and 4 come first three times each."""


@pytest.mark.parametrize(
    ("token", "met", "right"), [("7", 3, True), (" 4 ", 3, True), ("9", 1, False), ("70", 0, False)]
)
def test_a_guess_is_right_if_no_token_comes_first_more_often(token, met, right):
    found = outcome(Guess.typed(token, ""), FIRSTS)
    assert (found.met, found.right, found.leader, found.most, found.count) == (met, right, "4", 3, 8)
    said = told_of_guess(found)
    assert ("You guessed right" in said) == right and f"in {met} of 8" in said
    assert said.endswith("”, in 3.") == ("most often comes" in said) == (not right)


def test_case_and_spaces_do_not_count_and_tokens_that_read_the_same_count_together():
    upper, lower = rollout(1), rollout(2)
    upper, lower = (
        replace(run, steps=(replace(run.steps[0], text=text),))
        for run, text in ((upper, " The"), (lower, "the"))
    )
    found = outcome(Guess.typed("THE", ""), [upper, upper, lower, rollout(3), rollout(3), rollout(3)])
    assert (found.met, found.right) == (3, False), "none of the two comes as often as 3"


@pytest.mark.parametrize(
    ("percents", "points"), [("40,5 %", "3"), ("37.5", "0"), ("0", "38"), (" 100%", "62")]
)
def test_a_guessed_share_is_held_against_that_of_the_one_that_comes_most_often(percents, points):
    said = told_of_guess(outcome(Guess.typed("", percents), FIRSTS))
    assert "it is 37.5 %" in said and f": {points} of 100 away" in said and "You guessed “" not in said


@pytest.mark.parametrize("typed", ["150", "9e9 %", "-3", "nan", "inf", "half", "<b>"])
def test_a_share_that_cannot_be_is_not_counted_and_that_is_said(typed):
    said = told_of_guess(outcome(Guess.typed("", typed), FIRSTS))
    assert f"Your guess “{isolated(typed)}” was not counted" in said and "100 away" not in said


@pytest.mark.parametrize("sent", [None, "", " ", 3, [], {"a": 1}, True])
def test_what_is_no_guess_is_none(sent):
    nothing = Guess.typed(sent, sent)
    assert nothing == Guess() and told_of_guess(outcome(nothing, FIRSTS)) == ""


def test_how_a_guess_did_is_shown_with_the_first_tokens_and_goes_with_the_next_roll(desk, tiny, brake):
    brake.pull()
    screens = desk.rolling(token="<b>", share="50")
    begun = next(screen for screen in screens if shown(screen.first))
    assert 'You guessed “<bdi translate="no">&lt;b&gt;</bdi>”' in begun.guessed
    brake.release()
    merged(screens)
    leading = max(Counter(run.token_ids[2] for run in desk.rolled.runs).values()) / COUNT
    assert f"it is {percent(leading)}" in desk.redrawn().guessed, "and after another colour of the page"
    assert desk.roll().guessed == "" == desk.redrawn().guessed


# For programs


def test_values_before_the_last_count_all_first_tokens_and_say_nothing_of_whole_texts(service, monkeypatch):
    monkeypatch.setattr(api_module, "STREAM_SECONDS", 0.0)
    first, *_, last = LabApi(service).rollouts("in the", COUNT, LENGTH)
    assert len(first["texts"]) < len(last["texts"]) == COUNT
    assert first["first_tokens"] == last["first_tokens"]
    assert sum(row["count"] for row in first["first_tokens"]) == COUNT
    numbers = ("distinct_1", "distinct_2", "mean_logprob", "mean_length", "mean_entropy_bits")
    assert {first[name] for name in numbers} == {None}
    assert all(isinstance(last[name], float) for name in numbers)


def test_a_full_line_is_no_place_for_a_program_s_rollouts_either(service, brake):
    brake.pull()
    run = service.new_run("in the", SamplerSettings(), 1, "exact")
    others = [service.engine.write(run, 3) for _ in range(4)]
    brake.wait()
    with pytest.raises(gr.Error, match="line is full"):
        next(LabApi(service).rollouts("in the", COUNT, LENGTH))
    brake.release()
    assert all(other.wait(PATIENCE) for other in others)


# Bad values


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        (("nowhere",), "options that are offered"),
        ((None,), "options that are offered"),
        (("prompt", 0), "rollouts must be between 1 and 256"),
        (("prompt", "x"), "rollouts must be between"),
        (("prompt", 8, 65), "tokens each must be between 1 and 64"),
        (("prompt", 8, None), "tokens each must be between"),
        (("prompt", 128, 64), "8,192 tokens"),
    ],
)
def test_what_cannot_be_rolled_is_a_sentence(desk, wishes, said):
    screen = desk.roll(*wishes)
    assert said in screen.state and "problem" in screen.state and nothing_under_way(screen)
    kept = desk.visitor.kept.of(RolloutsState)
    assert kept.rolled is None and kept.swept is None


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        (("seed",), "options that are offered"),
        ((["temperature"],), "options that are offered"),
        (("temperature", "0.2, warm"), "&#x27;warm&#x27; is no number"),
        (("temperature", "<b>,1"), "&lt;b&gt;"),
        (("temperature", "0.2"), "not 1."),
        (("temperature", "0.2, 9"), "temperature must be between"),
        (("temperature", "1, 2, 3, 4, 5, 0", 256), "1536 rollouts of 3 tokens are 4,608 tokens"),
    ],
)
def test_a_sweep_that_cannot_be_is_a_sentence(desk, wishes, said):
    screen = desk.sweep(*wishes)
    assert said in screen.state and "problem" in screen.state


def test_sliders_and_a_seed_outside_their_range_are_a_sentence(desk):
    desk.controls["temperature"] = 9
    assert "temperature must be between" in desk.roll().state
    desk.controls |= {"temperature": 1.0, "seed": None}
    assert "seed must be between" in desk.roll().state


def test_the_example_of_another_model_is_not_gone_on_from(app, newcomer):
    assert "the page has tiny-gpt2 now" in RollingDesk(app, newcomer()).roll().state


# Afterwards


def test_a_rollout_is_opened_on_the_page_and_undo_takes_it_back(desk):
    desk.roll()
    before = desk.visitor.run
    screen = desk.open({"index": 2})
    assert desk.visitor.run.token_ids == desk.rolled.runs[2].token_ids and desk.visitor.run.seed == 44
    assert "Rollout 3" in screen.notice and len(screen.strip["tokens"]) == 2 + LENGTH
    desk.press("undo")
    assert desk.visitor.run.token_ids == before.token_ids


@pytest.mark.parametrize(
    "choice", [None, {}, {"index": 99}, {"index": "a"}, {"index": -1}, {"index": [1]}, 3]
)
def test_what_is_no_rollout_is_not_opened(desk, choice):
    before = desk.visitor.run
    desk.roll("prompt", 2, 1)
    assert not any(shown(field) for field in desk.open(choice))
    assert desk.visitor.run is before


def test_the_room_is_drawn_again_in_the_colours_of_the_page(desk):
    assert not any(shown(field) for field in desk.redrawn()), "nothing is there"
    rolled, swept = desk.roll(), desk.sweep()
    desk.controls["appearance"] = {"dark": True}
    again = desk.redrawn()
    assert list(again.first.data[1].x) == list(rolled.first.data[1].x)
    assert again.first.layout.font.color != rolled.first.layout.font.color
    assert again.diversity.data[0].line.color != swept.diversity.data[0].line.color
    assert again.texts == rolled.texts


def test_the_offered_values_follow_the_setting_unless_others_were_typed():
    assert offered_values("top_k", SWEPT["temperature"]) == SWEPT["top_k"]
    assert offered_values("temperature", "") == SWEPT["temperature"]
    assert not shown(offered_values("top_k", "0.3, 0.4")) and not shown(offered_values("x", ""))
