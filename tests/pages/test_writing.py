"""Writing and looking, as the app's own handlers do it for a visitor, without a server."""

import re
import threading
from collections.abc import Callable, Iterator
from html import escape
from typing import Any

import numpy as np
import pytest
import torch

from model.engine import lane as lane_module
from model.interior.attention_view import hide_first
from model.network.network import Network
from model.sampler.sampling import shape, uniform
from model.sampler.settings import SamplerSettings
from model.weights.catalog import ModelError
from tests.pages.brake import Brake
from tests.pages.conftest import LoadingModel, written
from tests.pages.desk import PROMPT, Desk, Screen, changed, told
from tests.patience import PATIENCE
from tests.tiny import tiny_transformer
from viz.pages import growth as growth_module
from viz.pages.controls import SAMPLER_NAMES
from viz.pages.example import load_example
from viz.server.limits import Limits
from viz.server.service import Service
from viz.words.tokens import display_token

PANELS = ("bars", "sweep", "ranked", "facts", "attention", "timeline")


@pytest.fixture
def desk(app: Any, newcomer: Callable[[], Any]) -> Desk:
    return Desk(app, newcomer())


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pages wait for the next token as long as it takes: what they show follows from the tokens alone."""
    monkeypatch.setattr(growth_module, "WAITING_SECONDS", PATIENCE)


def token_by_token(desk: Desk, brake: Brake, button: str = "generate", **changes: Any) -> Iterator[Screen]:
    """Press a button that writes; the engine computes a token whenever the page has shown the one before."""
    length = (desk.controls | changes)["max_new_tokens"]
    brake.pull()
    for shown_so_far, screen in enumerate(desk.writing(button, **changes), start=1):
        yield screen
        if shown_so_far < length:
            brake.let()
        else:
            brake.release()


@pytest.fixture
def truth() -> Callable[[Any], Any]:
    """Logits and attentions of a text by the same weights under eager attention."""
    transformer = tiny_transformer("gpt2")
    transformer.set_attn_implementation("eager")

    def told(token_ids: Any) -> Any:
        with torch.inference_mode():
            return transformer(torch.tensor([list(token_ids)]), output_attentions=True)

    return told


def text_of(screen: Screen) -> list[str]:
    return [token["text"] for token in screen.strip["tokens"]]


def drawn(screen: Screen) -> Any:
    """Return the cells of the heatmap, blank ones as 0."""
    return np.nan_to_num(np.array(screen.attention.data[0].z, dtype=float))


# Writing


@pytest.mark.usefixtures("patient")
def test_tokens_come_one_by_one_and_the_selection_follows_the_newest(desk, brake):
    screens = list(token_by_token(desk, brake, max_new_tokens=9))
    counts = [len(screen.strip["tokens"]) for screen in screens]
    # The newest one may be there when the text has ended: then it comes with the settled page.
    assert counts in ([2, *range(3, 12), 11], [2, *range(3, 11), 11]), "the prompt, and each token"
    assert [screen.strip["selected"] for screen in screens[1:]] == [count - 1 for count in counts[1:]]
    assert [screen.strip["writing"] for screen in screens] == [True] * (len(counts) - 1) + [False]
    for screen in screens[1:-1]:
        (row,) = [row for row in screen.bars["rows"] if row["chosen"]]
        assert row["token_id"] == desk.visitor.run.token_ids[screen.strip["selected"]]
    last = screens[-1]
    assert changed(last) >= {"strip", "timeline", "bars", "sweep", "ranked", "attention", "status", "notice"}
    assert "length reached" in last.status and told(last) == "Now on Text 1 · Undo"
    assert (last.stop["interactive"], last.undo["interactive"]) == (False, True)
    assert desk.visitor.run.finish_reason == "length" and not desk.visitor.writing


@pytest.mark.usefixtures("patient")
def test_while_writing_one_figure_is_redrawn_now_and_then_and_strip_and_bars_always(desk, brake, monkeypatch):
    def redrawn(seed: int, seconds: float, updates: int) -> list[str | None]:
        """Write eight tokens and tell for each of the first seven which figure came with it."""
        monkeypatch.setattr(growth_module, "REDRAW_SECONDS", seconds)
        monkeypatch.setattr(growth_module, "REDRAW_UPDATES", updates)
        screens = list(token_by_token(desk, brake, max_new_tokens=8, seed=seed))[1:8]
        always = {"strip", "bars", "facts", "status", "record"}
        assert all(always <= changed(screen) for screen in screens)
        figures = [sorted(changed(screen) - always) for screen in screens]
        assert all(len(one) <= 1 for one in figures), "all at once would keep the browser from hearing Stop"
        return [one[0] if one else None for one in figures]

    turns = ["timeline", "attention", "timeline", "sweep", "timeline", "ranked"]
    assert redrawn(1, seconds=0.0, updates=1) == [*turns, "timeline"]
    assert redrawn(2, seconds=0.0, updates=3) == [None, None, "timeline", None, None, "attention", None]
    assert redrawn(3, seconds=3600.0, updates=1) == [None] * 7


def test_tokens_that_come_faster_than_the_page_is_drawn_are_shown_together_and_none_is_lost(
    desk, brake, tiny
):
    brake.pull()
    screens = desk.writing("generate", max_new_tokens=30, temperature=2.0)
    assert text_of(next(screens)) == ["in", " the"]
    seen = [2]
    for burst in (1, 4, 9):
        brake.let(burst)
        brake.wait()
        seen.append(len(text_of(next(screens))))
    assert seen == [2, 3, 7, 16]
    brake.release()
    final = list(screens)[-1]
    run = desk.visitor.run
    assert [piece.token_id for piece in desk.visitor.pieces] == list(run.token_ids)
    assert desk.visitor.pieces == tuple(tiny.text.pieces(run.token_ids)) and len(run.steps) == 30
    assert len(final.strip["tokens"]) == len(final.timeline.data[0].y) + 2 == 32


def test_the_status_line_tells_how_far_the_text_is_and_never_goes_back_to_the_prompt(
    desk, brake, monkeypatch
):
    monkeypatch.setattr(growth_module, "WAITING_SECONDS", 0.01)
    brake.pull()
    screens = desk.writing("generate", max_new_tokens=5)
    for _ in range(3):
        assert "reading the prompt" in next(screens).status
    brake.let(2)
    brake.wait()
    told = [next(screens).status for _ in range(4)]
    assert all("writing 2 of 5<" in line for line in told), "however long it takes, and not yet how fast"
    brake.let()
    brake.wait()
    told = [next(screens).status for _ in range(4)]
    speeds = [float(re.search(r"writing 3 of 5 · ([\d.]+) tokens/s<", line)[1]) for line in told]
    assert speeds == sorted(speeds, reverse=True), "while nothing comes the speed falls"
    brake.release()
    last = list(screens)[-1].status
    assert "tokens: 2 of prompt + 5 written · float32 · length reached" in last


@pytest.mark.usefixtures("patient")
def test_a_click_while_writing_pins_the_selection(desk, brake):
    screens = token_by_token(desk, brake, max_new_tokens=12)
    for _ in range(4):
        next(screens)
    looked = desk.select(3)
    assert changed(looked) >= set(PANELS)
    rest = list(screens)
    assert {screen.strip["selected"] for screen in rest} == {3}
    assert all("bars" not in changed(screen) for screen in rest[:-1]), "the panels stay with the pinned token"
    assert len(written(desk.visitor.run)) == 12 and desk.visitor.selected == 3


@pytest.mark.usefixtures("patient")
def test_stop_ends_a_text_with_the_token_that_is_being_computed(desk, brake):
    screens = token_by_token(desk, brake, max_new_tokens=60)
    for _ in range(4):
        seen = next(screens)
    brake.wait()
    desk.stop()
    brake.release()
    *_, end = screens
    assert text_of(end)[:-1] == text_of(seen)
    assert desk.visitor.run.finish_reason == "stop" and "stopped" in end.status
    assert (end.stop["interactive"], end.strip["writing"]) == (False, False)
    assert len(desk.write("more", max_new_tokens=5)[-1].strip["tokens"]) == len(text_of(end)) + 5


def test_stop_ends_the_reading_of_a_long_prompt(open_app, tiny, newcomer, pass_brake, monkeypatch):
    monkeypatch.setattr(lane_module, "CHUNK_ALONE", 8)
    desk = Desk(open_app(tiny, Limits(max_prompt_tokens=100, max_new_tokens=20)), newcomer())
    desk.prompt = "x" * 80
    pass_brake.pull()
    screens = desk.writing("generate", max_new_tokens=20)
    assert "reading the prompt" in next(screens).status and len(desk.visitor.pieces) == 80
    pass_brake.let(3)
    pass_brake.wait()
    desk.stop()
    pass_brake.release()
    end = list(screens)[-1]
    assert desk.visitor.run.steps == () and desk.visitor.run.finish_reason == "stop"
    assert "80 of prompt + 0 written" in end.status and "stopped" in end.status
    assert changed(end) >= set(PANELS), "what stands there can be looked at all the same"
    assert len(text_of(desk.write("step")[-1])) == 81


def test_a_browser_that_goes_away_leaves_the_visitor_free_to_write_again(desk):
    screens = desk.writing("generate", max_new_tokens=30)
    next(screens)
    next(screens)
    screens.close()
    assert not desk.visitor.writing and desk.visitor.continuation.stopped
    assert desk.write(max_new_tokens=2)[-1].strip["writing"] is False


def test_an_error_of_the_engine_leaves_the_visitor_free_to_write_again(desk, monkeypatch):
    def broken(*_: Any) -> None:
        raise RuntimeError("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(Network, "forward", broken)
        desk.prompt = "a text that nobody wrote yet"
        last = desk.write(max_new_tokens=3)[-1]
    assert "could not be written on: out of memory" in last.notice and 'role="alert"' in last.notice
    assert last.stop["interactive"] is False
    assert not desk.visitor.writing
    assert len(desk.write(max_new_tokens=3)[-1].strip["tokens"]) > 3


def test_step_adds_one_token_and_continue_writes_on(desk):
    begun = desk.write(max_new_tokens=3)[-1]
    (stepped,) = desk.write("step")
    assert text_of(stepped)[:-1] == text_of(begun) and stepped.strip["selected"] == 5
    more = desk.write("more", max_new_tokens=4)[-1]
    assert text_of(more)[:6] == text_of(stepped) and len(text_of(more)) == 10
    assert desk.visitor.run.prompt == PROMPT and len(desk.visitor.run.steps) == 8


def test_continue_goes_on_with_the_text_on_the_page_whatever_the_prompt_says_by_now(desk):
    begun = desk.write(max_new_tokens=3)[-1]
    desk.prompt = "the dog"
    more = desk.write("more", max_new_tokens=2)[-1]
    assert text_of(more)[:5] == text_of(begun) and desk.visitor.run.prompt == PROMPT


def test_undo_brings_the_prompt_back_unless_it_was_edited(desk):
    desk.write(max_new_tokens=2)
    desk.prompt = "the dog"
    desk.write(max_new_tokens=2)
    assert desk.press("undo").prompt == PROMPT
    desk.prompt = "the dog again"
    desk.write("step")
    desk.prompt = "something half typed"
    assert "prompt" not in changed(desk.press("undo"))


def test_new_dice_write_a_new_text_with_a_seed_that_the_page_then_shows(desk):
    desk.write(max_new_tokens=6, seed=3)
    before = desk.visitor.run
    first, *_, last = desk.write("again")
    run = desk.visitor.run
    assert first.seed == run.seed and 0 <= run.seed < 10**6 and run.seed != 3
    assert (run.prompt, len(run.steps), len(desk.visitor.tree)) == (before.prompt, 6, 2)
    assert [step.u for step in run.steps] == [uniform(run.seed, step.position) for step in run.steps]
    desk.controls["seed"] = first.seed
    assert "seed" not in changed(last)
    assert told(last) == "Now on Text 2 · Undo", (
        "no notice on dice: the page shows those that it was thrown with"
    )
    assert desk.select(4).notice == ""


def test_after_a_cut_new_dice_go_on_from_there_and_only_then(desk):
    desk.write(max_new_tokens=8, seed=3)
    desk.select(4)
    assert "“Again” on Explore takes another road from here" in desk.press("cut").notice
    kept = desk.visitor.run
    (first, *_) = desk.write("again")
    run = desk.visitor.run
    assert run.steps[:3] == kept.steps and len(run.steps) == 3 + 8
    assert all(step.u == uniform(first.seed, step.position) for step in run.steps[3:])
    desk.write("again")
    assert desk.visitor.run.steps[:3] != kept.steps, "a new text"
    desk.select(4)
    desk.press("cut")
    desk.prompt = "on the"
    desk.write("again")
    assert (desk.visitor.run.prompt, len(desk.visitor.run.steps)) == ("on the", 8)


def test_new_dice_that_are_refused_leave_the_seed_alone(desk):
    desk.prompt = ""
    (refusal,) = desk.write("again")
    assert changed(refusal) == {"notice", "stop"} and "is empty" in refusal.notice


def test_an_example_puts_its_prompt_in_place_and_writes_at_once(desk):
    desk.prompt = "half typed"
    first, *_, last = desk.write("try-1", max_new_tokens=5)
    assert changed(first) == {"prompt"} and first.prompt == "The capital of France is"
    assert (desk.visitor.run.prompt, len(desk.visitor.run.steps)) == (first.prompt, 5)
    assert "length reached" in last.status


def test_an_example_pressed_while_a_text_is_written_leaves_the_prompt_alone(desk, brake):
    under_way = desk.writing("generate", max_new_tokens=5)
    next(under_way)
    (refusal,) = desk.write("try-1")
    assert changed(refusal) == {"notice", "stop"} and "Press Stop first" in refusal.notice
    brake.release()
    list(under_way)


def test_cutting_after_a_prompt_token_says_that_the_prompt_stays(desk):
    desk.write(max_new_tokens=2)
    desk.select(0)
    assert "same words" in desk.press("cut").notice
    assert "The prompt stays" in desk.press("cut").notice


def test_step_by_step_gives_the_same_text_as_all_at_once(desk, app, newcomer):
    desk.write(max_new_tokens=8)
    other = Desk(app, newcomer())
    for _ in range(8):
        other.write("step")
    assert other.visitor.run.token_ids == desk.visitor.run.token_ids
    assert other.visitor.run.steps == desk.visitor.run.steps


def test_a_step_keeps_the_settings_it_was_chosen_with(desk):
    desk.write(max_new_tokens=3)
    desk.write("step", temperature=0.5, top_k=7)
    run = desk.visitor.run
    assert run.settings == SamplerSettings(1.0, 0, 1.0)
    assert run.settings_at(4) == run.settings
    assert run.settings_at(5) == SamplerSettings(0.5, 7, 1.0) and run.steps[-1].kept <= 7
    assert desk.select(5).notice == "", "the sliders stand where they stood for this token"
    assert "sampled with temperature 1, top-k 0" in desk.select(4).notice


def test_with_a_changed_prompt_step_begins_a_new_text(desk):
    desk.write(max_new_tokens=3)
    desk.prompt = "one era"
    (screen,) = desk.write("step")
    assert (desk.visitor.run.prompt, len(desk.visitor.run.steps)) == ("one era", 1)
    assert "".join(text_of(screen)[:-1]) == "one␣era"


def test_cut_drops_what_follows_and_undo_brings_it_back(desk):
    whole = desk.write(max_new_tokens=8)[-1]
    desk.select(4)
    cut = desk.press("cut")
    assert text_of(cut) == text_of(whole)[:5] and cut.strip["selected"] == 4
    assert "sampled" not in cut.notice and cut.undo["interactive"]
    assert "Nothing follows" in desk.press("cut").notice
    back = desk.press("undo")
    assert text_of(back) == text_of(whole)
    example = load_example()
    first = desk.press("undo")
    assert desk.visitor.run is example.run and "undo" in changed(first) and not first.undo["interactive"]
    assert "nothing to undo" in desk.press("undo").notice


def test_after_a_cut_another_seed_takes_another_road(desk):
    desk.write(max_new_tokens=8)
    old = desk.visitor.run.token_ids
    desk.select(4)
    desk.press("cut")
    desk.write("more", seed=7, max_new_tokens=5, temperature=2.0)
    new = desk.visitor.run.token_ids
    assert new[:5] == old[:5] and new != old[: len(new)]


def test_an_ended_text_says_how_to_go_on(desk, tiny, monkeypatch):
    desk.write("generate", max_new_tokens=1)
    monkeypatch.setattr(tiny, "eos_token_ids", frozenset(range(tiny.info.vocab_size)))
    screen = desk.write(max_new_tokens=9)[-1]
    (step,) = desk.visitor.run.steps
    assert escape(f"the model chose {display_token(step.token)} (end-of-text)") in screen.status
    assert not screen.strip["next"], "nothing comes after the end"
    for button in ("step", "more"):
        (refusal,) = desk.write(button)
        assert changed(refusal) == {"notice", "stop"} and "ended this text" in refusal.notice
    assert changed(desk.select(2)) >= set(PANELS)


# Looking


def test_sliders_never_change_the_text_nor_run_the_model(desk, forwards):
    desk.write(max_new_tokens=8)
    desk.select(5)
    before, passes = desk.visitor.run, len(forwards)
    for changes in (
        {"temperature": 0.3},
        {"top_k": 5},
        {"top_p": 0.5},
        {"min_p": 0.1},
        {"repetition_penalty": 1.5},
        {"layer": 2},
        {"mean_heads": False},
        {"head": 3},
        {"hide_first": False},
        {"whole": True},
        {"colour_by": "rank"},
        {"rows": 50},
        {"query": "the"},
    ):
        screen = desk.move(**changes)
        assert changed(screen) and ("strip" in changed(screen)) == (changes == {"colour_by": "rank"})
    for index in range(11):
        desk.select(index)
    assert desk.visitor.run is before and len(forwards) == passes


def test_generating_costs_one_pass_for_the_prompt_and_one_for_each_token(desk, forwards):
    desk.prompt = "never written before: " + "x" * 9
    desk.write(max_new_tokens=6)
    assert forwards[0] == len(desk.visitor.run.prompt_token_ids)
    assert forwards[1:] == [1] * 6, "five to choose the next token, and one to look at the last"


def test_a_slider_redraws_exactly_what_the_sampler_decides(desk):
    desk.write(max_new_tokens=4)
    screen = desk.move(temperature=0.5)
    assert changed(screen) >= {"bars", "sweep", "ranked", "notice", "preset"}
    assert not changed(screen) & {"strip", "timeline", "attention", "bertviz", "status"}


def test_the_shaped_bars_are_the_sampler_on_the_models_logits(desk, truth):
    desk.write(max_new_tokens=6, repetition_penalty=1.3)
    desk.select(5)
    ids = desk.visitor.run.token_ids
    logits = truth(ids).logits[0, 4].numpy()
    for changes in ({"temperature": 0.6}, {"top_k": 12}, {"top_p": 0.8}, {"min_p": 0.05}):
        screen = desk.move(**changes)
        now = {
            "repetition_penalty": 1.3,
            **{name: desk.controls.get(name, 0.0) for name in SAMPLER_NAMES[:4]},
        }
        expected = shape(logits, SamplerSettings(**now), ids[:5])
        for row in screen.bars["rows"]:
            assert row["raw"] == pytest.approx(expected.probabilities[row["token_id"]], abs=1e-5)
            assert row["shaped"] == pytest.approx(expected.shaped[row["token_id"]], abs=1e-5)
            assert row["cut"] == expected.cut_by(row["token_id"])
        others = screen.bars["others"]
        assert sum(row["shaped"] for row in screen.bars["rows"]) + others["shaped"] == pytest.approx(1)
        assert sum(row["raw"] for row in screen.bars["rows"]) + others["raw"] == pytest.approx(1)


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("head", [0, 3, None])
def test_the_heatmap_is_the_models_attention(desk, truth, head, hidden):
    desk.write(max_new_tokens=6)
    desk.controls |= {"mean_heads": head is None, "head": head or 0, "hide_first": hidden}
    layers = truth(desk.visitor.run.token_ids).attentions
    for layer in range(3):
        weights = layers[layer][0].numpy()
        expected = weights.mean(0) if head is None else weights[head]
        expected = hide_first(expected) if hidden else expected
        assert np.abs(drawn(desk.move(layer=layer)) - expected).max() < 1e-5


def test_a_long_text_shows_a_window_around_the_selected_token_and_the_whole_on_request(desk, truth):
    desk.write(max_new_tokens=60)
    desk.select(30)
    part = desk.move(hide_first=False)
    heat = part.attention.data[0]
    assert np.shape(heat.z) == (48, 48) and heat.x0 == heat.y0 <= 29 < heat.x0 + 48
    whole = desk.move(whole=True).attention.data[0]
    assert np.shape(whole.z) == (62, 62)
    expected = truth(desk.visitor.run.token_ids).attentions[1][0].numpy().mean(0)
    rows = slice(heat.x0, heat.x0 + 48)
    assert np.abs(drawn(part) - expected[rows, rows]).max() < 1e-5


@pytest.mark.parametrize("index", [-3, "x", 1e308, [0], {"a": 1}, True])
def test_a_selection_that_no_script_of_ours_sends_changes_nothing(desk, index):
    desk.write(max_new_tokens=6)
    desk.select(3)
    assert not changed(desk.select(index)) and desk.visitor.selected == 3


@pytest.mark.parametrize(
    ("position", "kind"),
    [(0, "first"), (1, "prompt"), (2, "written"), (7, "last"), (8, "next"), (99, "next")],
)
def test_every_panel_has_something_to_show_wherever_one_looks(desk, position, kind):
    desk.write(max_new_tokens=6)
    screen = desk.select(position)
    assert changed(screen) >= set(PANELS)
    assert desk.visitor.selected == min(position, 8)
    assert screen.attention.data and screen.timeline.data
    if kind == "first":
        assert screen.bars is None and not screen.sweep.data and not screen.ranked.data
        assert "Nothing comes before the first token" in screen.sweep.layout.annotations[0].text.replace(
            "<br>", " "
        )
        return
    chosen = [row["token_id"] for row in screen.bars["rows"] if row["chosen"]]
    ids = desk.visitor.run.token_ids
    assert chosen == ([] if kind == "next" else [ids[position]])
    assert any(row["dice"] for row in screen.bars["rows"]) == (kind in ("written", "last"))
    assert screen.sweep.data and screen.ranked.data


def test_a_prompt_of_one_token_and_a_text_without_continuation_have_all_panels(desk):
    desk.prompt = "a"
    desk.write(max_new_tokens=3)
    for position in range(5):
        assert desk.select(position).attention.data
    desk.select(0)
    bare = desk.press("cut")
    assert text_of(bare) == ["a"] and desk.visitor.run.steps == () and bare.strip["next"]
    for position in (0, 1):
        screen = desk.select(position)
        assert changed(screen) >= set(PANELS)
        assert (screen.bars is None) == (position == 0)
        assert np.shape(screen.attention.data[0].z) == (1, 1)
    assert len(text_of(desk.write("step")[-1])) == 2


def test_new_dice_are_told_apart_from_those_that_a_token_was_drawn_with(desk):
    desk.write(max_new_tokens=4, seed=5)
    desk.select(4)
    assert "other dice than this token was drawn with" in desk.move(seed=6).notice
    assert desk.move(seed=5).notice == ""
    desk.write(max_new_tokens=4, temperature=0.0)
    assert desk.move(seed=6).notice == "", "greedy decoding heeds no dice"


def test_the_notice_names_the_tokens_that_were_banned_or_boosted(desk):
    desk.write(max_new_tokens=4)
    banned = desk.visitor.run.steps[-1].token_id
    chain = {"order": None, "values": {}, "logit_bias": {str(banned): -100.0}, "serial": 1}
    assert "sampled with no token banned or boosted" in desk.move(chain=chain).notice
    desk.write(max_new_tokens=4)
    assert re.search(r"sampled with <bdi translate=.no.>\S+</bdi> banned;", desk.move(chain=None).notice)


def test_a_slider_that_greedy_decoding_does_not_heed_changes_nothing_that_is_said(desk):
    desk.write(max_new_tokens=4, temperature=0.0)
    desk.select(4)
    assert desk.move(top_k=7).notice == ""
    assert "sampled with repetition penalty 1;" in desk.move(repetition_penalty=1.5).notice


def test_the_notice_names_what_was_changed_and_what_the_same_dice_would_choose(desk):
    desk.write(max_new_tokens=8)
    step = max(desk.visitor.run.steps, key=lambda step: step.rank)
    desk.select(step.position)
    assert desk.move(temperature=1.0).notice == ""
    notice = desk.move(temperature=0.0).notice
    assert "The text was sampled with temperature 1;" in notice and "top" not in notice.split(";")[0]
    assert f"The same dice, u = {step.u:.3f}, would now choose" in notice
    assert desk.move(temperature=1.0).notice == "", "it goes when the sliders are back"


def test_a_search_finds_tokens_with_their_numbers(desk):
    desk.write(max_new_tokens=4)
    screen = desk.move(query="the")
    assert {row["token"] for row in screen.found["rows"]} == {"the", "␣the"}
    assert all(row["rank"] >= 1 and 0 < row["raw"] < 1 for row in screen.found["rows"])
    letter = desk.move(query="e").found
    assert len(letter["rows"]) == 12 and letter["note"].startswith("12 of ")
    exact = [row for row in letter["rows"] if row["token"] in ("e", "E", "␣e")]
    others = [row["rank"] for row in letter["rows"] if row not in exact]
    assert len(exact) == 2 and others == sorted(others)
    assert desk.move(query="no such token").found["rows"] == []
    assert desk.move(query="").found is None


def test_the_head_view_is_drawn_only_while_its_tab_is_open(desk):
    desk.write(max_new_tokens=4)
    assert "bertviz" not in changed(desk.select(3))
    assert "layer 1, all 4 heads" in desk.open("tab-head-view").bertviz["note"]
    assert "bertviz" in changed(desk.select(4)) and "layer 2" in desk.move(layer=2).bertviz["note"]
    desk.open("tab-heatmap")
    assert "bertviz" not in changed(desk.select(3))


# Others and limits


def test_two_visitors_writing_at_once_do_not_disturb_each_other(app, newcomer):
    def alone(seed: int) -> tuple[int, ...]:
        desk = Desk(app, newcomer())
        desk.write(seed=seed, max_new_tokens=16)
        return desk.visitor.run.token_ids

    expected = {seed: alone(seed) for seed in range(2)}
    desks = {seed: Desk(app, newcomer()) for seed in range(2)}
    together = threading.Barrier(2)

    def write(seed: int) -> None:
        together.wait(PATIENCE)
        for screen in desks[seed].writing("generate", seed=seed, max_new_tokens=16):
            assert text_of(screen)[:2] == ["in", " the"]
            desks[seed].select(2)

    threads = [threading.Thread(target=write, args=(seed,)) for seed in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert {seed: desk.visitor.run.token_ids for seed, desk in desks.items()} == expected


def test_one_visitor_cannot_write_two_texts_at_once(desk, brake):
    brake.pull()
    screens = desk.writing("generate", max_new_tokens=20)
    next(screens)
    for button in ("generate", "step", "more"):
        refusal = desk.write(button)[-1]
        assert changed(refusal) == {"notice", "stop"} and "Press Stop first" in refusal.notice
    for button in ("cut", "undo"):
        assert "Press Stop first" in desk.press(button).notice
    desk.stop()
    brake.release()
    assert "stopped" in list(screens)[-1].status and not desk.visitor.writing


@pytest.mark.parametrize("button", ["generate", "step", "more"])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"temperature": -1}, "temperature must be between 0.0 and 5.0, not -1"),
        ({"temperature": float("nan")}, "temperature must be between"),
        ({"top_k": None}, "top_k must be between"),
        ({"seed": None}, "seed must be between 0 and"),
        ({"seed": -1}, "seed must be between"),
        ({"min_p": "high"}, "min_p must be between"),
    ],
)
def test_a_bad_setting_is_named_and_the_text_and_the_buttons_live_on(desk, button, changes, message):
    before = desk.write(max_new_tokens=3)[-1]
    good = dict(desk.controls)
    (refusal,) = desk.write(button, **changes)
    assert (
        changed(refusal) == {"notice", "stop"}
        and message in refusal.notice
        and 'role="alert"' in refusal.notice
    )
    assert not desk.visitor.writing
    desk.controls = good
    assert len(text_of(desk.write("step")[-1])) == len(text_of(before)) + 1


@pytest.mark.parametrize("length", [0, 61, 10**9, None, 2.5])
def test_the_number_of_new_tokens_is_limited(desk, length):
    for button in ("generate", "more"):
        (refusal,) = desk.write(button, max_new_tokens=length)
        assert "max_new_tokens must be between 1 and 60" in refusal.notice


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("", "The prompt is empty"),
        ("x" * 100_000, "The prompt has 100,000 characters"),
        ("x" * 49, "The prompt has 49 tokens, at most 48 fit"),
        ("a \ud800", "character 3 is half a character"),
    ],
    ids=["empty", "huge", "long", "surrogate"],
)
def test_a_prompt_that_cannot_be_used_leaves_the_text_as_it_is(desk, prompt, message):
    before = desk.write(max_new_tokens=3)[-1]
    for button in ("generate", "step"):
        desk.prompt = prompt
        (refusal,) = desk.write(button)
        assert changed(refusal) == {"notice", "stop"} and message in refusal.notice
    assert text_of(desk.press("undo")) != text_of(before), "nothing was put before the last text"
    desk.prompt = PROMPT
    assert desk.write(max_new_tokens=1)


def test_markup_and_control_characters_in_a_prompt_are_shown_as_text(desk):
    desk.prompt = "<script>alert(1)</script>\x00\x1b\u202e"
    screen = desk.write(max_new_tokens=2)[-1]
    shown_text = "".join(text_of(screen))
    assert "<script>alert(1)</script>␀␛" in shown_text and "\x1b" not in shown_text
    assert "<script" not in desk.select(3).attention.to_json().replace("\\u003cscript", "")


def test_a_text_grows_until_its_room_is_used_up_and_then_says_what_to_do(open_app, tiny, newcomer):
    desk = Desk(open_app(tiny, Limits(max_prompt_tokens=8, max_new_tokens=5)), newcomer())
    desk.write(max_new_tokens=5)
    for _ in range(4):
        desk.write("more", max_new_tokens=5)
    assert len(desk.visitor.run.token_ids) == 8 + 2 * 5
    for button in ("step", "more"):
        (refusal,) = desk.write(button)
        assert "The text has 18 tokens" in refusal.notice
    desk.select(9)
    desk.press("cut")
    assert len(text_of(desk.write("step")[-1])) == 11


def test_a_text_ends_where_the_models_context_does(desk, tiny):
    desk.prompt = "x" * 48
    desk.write(max_new_tokens=60)
    last = desk.write("more", max_new_tokens=60)[-1]
    assert len(desk.visitor.run.token_ids) == tiny.info.context_length
    assert changed(desk.select(tiny.info.context_length - 1)) >= set(PANELS)
    assert changed(last) >= set(PANELS)


def test_a_layer_that_the_model_does_not_have_is_named_in_its_panel(desk):
    desk.write(max_new_tokens=3)
    for changes, message in (
        ({"layer": 99}, "layer must be between 0 and 2"),
        ({"layer": None}, "layer must be"),
    ):
        figure = desk.move(**changes).attention
        assert not figure.data and message in figure.layout.annotations[0].text.replace("<br>", " ")
        assert changed(desk.select(3)) >= set(PANELS), "the other panels go on"


# The model


def test_while_the_model_loads_progress_is_told_and_then_it_writes(open_app, tiny, newcomer):
    desk = Desk(open_app(LoadingModel(tiny, 4)), newcomer())
    screens = desk.write(max_new_tokens=2)
    told = [screen.status for screen in screens if changed(screen) == {"status"}]
    assert len(told) == 3 and all("Reading the weights." in line for line in told)
    assert len(text_of(screens[-1])) == 4


def test_a_model_that_cannot_be_had_is_said_and_the_text_stays(open_app, tiny, newcomer):
    background = LoadingModel(tiny, 2, ModelError("No disk space. Free some."))
    desk = Desk(open_app(background), newcomer())
    for button in ("generate", "step"):
        assert "No disk space. Free some." in desk.write(button)[-1].notice
    assert desk.visitor.run is load_example().run


def test_a_text_of_another_model_says_who_wrote_it_and_what_to_do(desk):
    screen = desk.select(12)
    assert changed(screen) == {"notice"}
    assert "SmolLM2-135M-Instruct wrote this text, and the page has tiny-gpt2 now" in screen.notice
    example = load_example()
    assert changed(desk.select(example.selected)) >= set(PANELS), "what is stored of it is still shown"
    desk.prompt = example.run.prompt
    assert len(desk.write("step")[-1].strip["tokens"]) > 1, "Step begins a new text of this model"
    assert desk.visitor.run.model != example.run.model


def test_an_eviction_from_memory_is_not_noticed(open_app, tiny, newcomer, forwards):
    desk = Desk(open_app(tiny, Limits(internals_bytes=1)), newcomer())
    desk.write(max_new_tokens=6)
    first, run = drawn(desk.select(5)), desk.visitor.run
    desk.prompt = "one era"
    desk.write(max_new_tokens=6)
    forwards.clear()
    desk.press("undo")
    assert desk.visitor.run is run and forwards, "it was computed again"
    assert np.abs(drawn(desk.select(5)) - first).max() < 1e-5


# What travels

MOST_BYTES = 300_000


def test_no_event_after_a_click_sends_more_than_300_kb(open_app, embedded_model, newcomer):
    desk = Desk(open_app(embedded_model, Limits()), newcomer(), layer=9)
    for prompt, length in (("the sea " * 26, 10), ("the sea " * 250, 2)):
        desk.prompt = prompt
        desk.controls |= {"whole": False, "rows": 10, "query": ""}
        desk.write(max_new_tokens=length)
        assert len(desk.visitor.run.token_ids) >= (60 if length > 2 else 500)
        for index in (5, len(desk.visitor.run.token_ids) - 2):
            assert desk.payload("selection", "select", desk.select(index)) < MOST_BYTES
        for element, changes in (
            ("temperature", {"temperature": 1.3}),
            ("layer", {"layer": 20}),
            ("head", {"head": 4}),
            ("mean-heads", {"mean_heads": False}),
            ("colour-by", {"colour_by": "entropy"}),
            ("rows", {"rows": 100}),
            ("search", {"query": "e"}),
            ("whole-text", {"whole": True}),
        ):
            size = desk.payload(element, "change", desk.move(**changes))
            assert size < MOST_BYTES, f"{element}: {size:,} bytes"
        assert desk.payload("selection", "select", desk.select(7)) < MOST_BYTES
        assert desk.payload("tab-head-view", "select", desk.open("tab-head-view")) < MOST_BYTES
        desk.open("tab-heatmap")


def test_stop_is_heard_before_a_text_has_begun_and_the_next_press_writes(open_app, tiny, newcomer):
    desk = Desk(open_app(LoadingModel(tiny, 10)), newcomer())
    for press in ("generate", "step", "more", "score"):
        screens = desk.writing(press, max_new_tokens=2)
        assert "Reading the weights." in next(screens).status
        desk.stop()
        (last,) = screens
        assert "Stopped before the first token." in last.notice
        assert last.stop["interactive"] is False and not desk.visitor.writing
    assert "length reached" in desk.write(max_new_tokens=2)[-1].status


def test_the_loading_of_a_service_is_not_waited_for_by_readers(tiny):
    service = Service(LoadingModel(tiny, 10**9), Limits())
    assert not service.wait(0)
    assert not service.wanted()


def test_what_is_moved_while_a_text_is_written_stays_so_at_its_end(desk, brake):
    screens = desk.writing("generate", max_new_tokens=60, whole=False)
    next(screens)
    brake.pull()
    desk.move(whole=True)
    brake.release()
    *_, last = screens
    assert np.shape(last.attention.data[0].z) == (62, 62)
