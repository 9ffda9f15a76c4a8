"""The room of other settings: it shows what the model layer replays, and nothing a browser sends hurts."""

import json
import math
from collections.abc import Iterator
from copy import deepcopy
from inspect import unwrap
from itertools import pairwise
from typing import Any

import pytest

from model.lab.beam_search import beam_search
from model.lab.contrastive_search import contrastive_search
from model.lab.replay import replayed
from model.lab.variants import WIDTH
from model.sampler.settings import SamplerSettings
from tests.pages.conftest import LoadingModel, service_of
from tests.pages.desk import Desk, author_of, shown, told
from viz.components.selection import chosen_index
from viz.components.spelling import shown_piece
from viz.pages import work as work_module
from viz.pages.controls import PRESETS
from viz.pages.visitor import Visitor
from viz.rooms.replay.parting import said_difference
from viz.rooms.replay.replaying import ReplayScreen, ReplayState
from viz.server.pace import Pace
from viz.words.percent import percent

LENGTH = 12


@pytest.fixture(scope="module")
def author(app: Any) -> Visitor:
    """Somebody who has written a short text."""
    return author_of(app, LENGTH)


@pytest.fixture
def desk(app: Any, author: Visitor) -> Desk:
    """A visitor with that text on the page."""
    return Desk(app, deepcopy(author))


@pytest.fixture
def every_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show every token, however fast they come."""
    monkeypatch.setattr(work_module, "UPDATE_SECONDS", 0.0)
    monkeypatch.setattr(Pace, "interval", 0.0)


def press(desk: Desk, chosen: Any) -> list[ReplayScreen]:
    return list(desk.handler("replay", "click")(desk.visitor, chosen, *desk.values))


def open_row(desk: Desk, choice: Any) -> Any:
    return desk.handler("replay-opened", "select")(desk.visitor, choice, desk.prompt, *desk.values)


def engine_of(desk: Desk, app: Any) -> Any:
    return service_of(app).engine


def test_the_rows_are_the_replays_of_the_model_layer_with_their_numbers(desk, app):
    run, first = desk.visitor.run, len(desk.visitor.run.prompt_token_ids)
    last = press(desk, ["greedy", "wild"])[-1]
    original, *rows = last.texts["rows"]
    assert last.texts["first"] == first and len(original["cells"]) == LENGTH
    assert [row["name"] for row in rows] == ["Greedy", "Wild"]
    for row, name in zip(rows, ("greedy", "wild"), strict=True):
        truth = replayed(engine_of(desk, app), run, PRESETS[name])
        assert not row["growing"] and len(row["cells"]) == len(truth.run.steps)
        for (_, title, kind), step, ours in zip(row["cells"], truth.run.steps, run.steps, strict=True):
            assert f"position {step.position} · {percent(math.exp(step.logprob))}" in title
            assert (kind in ("same", "again")) == (step.token_id == ours.token_id)
        assert f"{percent(truth.agreement)} of the steps" in row["facts"]
        mean = sum(step.logprob for step in truth.run.steps) / LENGTH
        assert f"mean logprob {mean:.2f}".replace("-", "−") in row["facts"]
        parted = truth.divergence
        assert row["cells"][parted.index][2] == "parted"
        for number in (f"position {parted.position}", f"u = {parted.u:.3f}"):
            assert number in row["reason"]
        for share in (parted.was.probability_before, parted.now.probability_after):
            assert f"({percent(share)})" in row["reason"]
    assert "replayed" in last.line and last.cancel["interactive"] is False
    assert desk.visitor.run is run and not desk.visitor.working


def test_a_stage_that_cuts_is_named_and_a_moved_cumulative_too(desk):
    rows = press(desk, ["greedy", "careful", "wild"])[-1].texts["rows"]
    assert "temperature 0 always takes the most likely token" in rows[1]["reason"]
    assert "top-k 20 cuts" in rows[2]["reason"]
    assert "the cumulative have moved" in rows[3]["reason"]


# The example that the room opens with


def opened(desk: Desk, chosen: Any = ("greedy", "wild")) -> Iterator[ReplayScreen]:
    replays = unwrap(desk.handler("replay", "click")).__self__
    screens = replays.example(desk.visitor, list(chosen), desk.now)
    return (screen for screen in screens if screen != ReplayScreen())


def test_whoever_opens_the_room_finds_the_text_replayed_in_the_ways_that_are_ticked(desk, app):
    first, *_, last = opened(desk)
    assert "For example" in first.line and "Greedy, Wild" in first.line
    assert [row["name"] for row in last.texts["rows"]] == ["Original", "Greedy", "Wild"]
    truth = replayed(engine_of(desk, app), desk.visitor.run, PRESETS["greedy"])
    assert len(last.texts["rows"][1]["cells"]) == len(truth.run.steps)
    assert list(opened(desk)) == [], "once for each text"
    assert told(open_row(desk, {"index": 2})).startswith("Now on “Wild”"), "it can be opened"
    assert list(opened(desk)), "the next text has its own"


def test_before_there_is_a_model_the_room_says_how_far_it_is_and_waits(open_app, tiny, newcomer):
    desk = Desk(open_app(LoadingModel(tiny, 3)), newcomer())
    lines = [screen.line for screen in opened(desk)]
    assert len(lines) == 2 and all("Reading the weights." in line for line in lines)
    desk.write("generate", max_new_tokens=3)
    assert "For example" in next(opened(desk)).line


def test_what_was_asked_for_is_no_example_and_stays(desk):
    press(desk, ["careful"])
    assert list(opened(desk)) == []
    desk.write("generate", max_new_tokens=3)
    assert list(opened(desk)) == []


@pytest.mark.usefixtures("every_turn")
def test_a_press_of_replay_ends_the_example_and_takes_its_place(desk):
    screens = opened(desk)
    while not shown(next(screens).texts):
        pass
    last = press(desk, ["careful"])[-1]
    assert list(screens) == [] and not desk.visitor.working
    assert [row["name"] for row in last.texts["rows"]] == ["Original", "Careful"]
    assert "replayed" in last.line


def test_where_no_example_can_be_had_the_room_stays_as_it_was(desk, app, newcomer):
    assert list(opened(desk, ["nobody"])) == []
    desk.visitor.writing = True
    assert list(opened(desk)) == []
    assert list(opened(Desk(app, newcomer()))) == [], "another model wrote that text"
    desk.visitor.writing = False
    desk.write("generate", max_new_tokens=60)
    desk.write("more", max_new_tokens=5)
    assert list(opened(desk)) == [], "a long one is replayed on a press only"
    assert desk.visitor.kept.of(ReplayState).variants is None and not desk.visitor.working


def test_the_tab_of_the_room_begins_the_example(app):
    events = [event for event in app.fns.values() if event.name == "example"]
    ids = {number: block.elem_id for number, block in app.blocks.items()}
    assert [[(ids[target], kind) for target, kind in one.targets] for one in events] == [
        [("room-replay", "select")]
    ]


def test_searches_stand_beside_without_dice(desk, app):
    run, engine = desk.visitor.run, engine_of(desk, app)
    _, beam, contrastive = press(desk, ["contrastive", "beam"])[-1].texts["rows"]
    *_, found = beam_search(engine, run.prompt_token_ids, WIDTH, LENGTH)
    best = found.hypotheses[0]
    pieces = engine.model.text.pieces(best.token_ids)
    assert [cell[0] for cell in beam["cells"]] == [shown_piece(piece) for piece in pieces]
    mean = f"{best.logprob_sum / len(best.token_ids):.2f}".replace("-", "−")
    assert f"mean logprob {mean}" in beam["facts"] and "No dice here" in beam["reason"]
    *_, other = contrastive_search(engine, run.prompt_token_ids, LENGTH, WIDTH)
    assert len(contrastive["cells"]) == len(other.token_ids) == LENGTH
    assert "contrastive search" in contrastive["reason"]


@pytest.mark.usefixtures("every_turn")
def test_all_texts_grow_together_one_token_a_turn(desk):
    screens = press(desk, ["greedy", "wild", "beam"])
    lengths = [[len(row["cells"]) for row in screen.texts["rows"][1:]] for screen in screens]
    assert lengths[0] == [0, 0, 0] and lengths[-1] == [LENGTH] * 3
    for before, after in pairwise(lengths):
        assert all(new - old in (0, 1) for old, new in zip(before, after, strict=True))
    assert screens[0].cancel["interactive"] and screens[0].texts["rows"][1]["growing"]


@pytest.mark.usefixtures("every_turn")
@pytest.mark.parametrize("how", ["cancel", "page closed"])
def test_replays_can_be_stopped_and_what_was_there_stays(desk, how):
    screens = desk.handler("replay", "click")(desk.visitor, ["wild", "contrastive"], *desk.values)
    while len(next(screens).texts["rows"][2]["cells"]) < 2:
        pass
    if how == "cancel":
        assert desk.handler("replay-cancel", "click")(desk.visitor) is None
    else:
        desk.visitor.stop()
    *_, last = screens
    assert "stopped" in last.line and 2 <= len(last.texts["rows"][2]["cells"]) < LENGTH
    assert not any(row["growing"] for row in last.texts["rows"])


@pytest.mark.usefixtures("every_turn")
def test_who_stops_listening_stops_the_replays(desk):
    screens = desk.handler("replay", "click")(desk.visitor, ["wild", "beam"], *desk.values)
    next(screens)
    screens.close()
    assert not desk.visitor.working and desk.visitor.kept.of(ReplayState).variants.stopped


def test_the_sliders_are_a_variant_with_the_chain_of_stages(desk, app):
    order = {"order": ["top_k", "temperature"]}
    desk.controls |= {"temperature": 2.0, "top_k": 3, "chain": order}
    (row,) = press(desk, ["sliders"])[-1].texts["rows"][1:]
    settings = SamplerSettings(temperature=2.0, top_k=3, top_p=1.0, order=("top_k", "temperature"))
    truth = replayed(engine_of(desk, app), desk.visitor.run, settings)
    assert f"{percent(truth.agreement)} of the steps" in row["facts"]


def test_what_the_text_was_written_with_is_left_out(desk):
    (problem,) = press(desk, ["sliders"])
    assert "The sliders now" in problem.line and "alert" in problem.line
    last = press(desk, ["sliders", "wild"])[-1]
    assert len(last.texts["rows"]) == 2 and "The sliders now" in last.line


@pytest.mark.parametrize("chosen", [None, [], "wild", ["nobody"], {"wild": 1}, 3, [["wild"]]])
def test_a_choice_of_nothing_is_answered_with_a_sentence(desk, chosen):
    (screen,) = press(desk, chosen)
    assert "Choose at least one" in screen.line and desk.visitor.kept.of(ReplayState).variants is None


def test_too_many_variants_and_sliders_out_of_range_are_answered_with_a_sentence(desk):
    (screen,) = press(desk, ["greedy", "careful", "balanced", "wild", "beam", "contrastive"])
    assert "At most 5" in screen.line
    desk.controls |= {"temperature": 99}
    (screen,) = press(desk, ["sliders"])
    assert "temperature must be between" in screen.line and not desk.visitor.working


def test_there_must_be_a_text_and_it_must_not_be_growing(desk, app, newcomer):
    desk.visitor.writing = True
    assert "Press Stop first" in press(desk, ["wild"])[0].line
    desk.visitor.writing = False
    desk.visitor.run = desk.visitor.run.cut_at(0)
    assert "no text to replay" in press(desk, ["wild"])[0].line
    stranger = Desk(app, newcomer())
    assert "wrote this text" in press(stranger, ["wild"])[0].line


def test_a_second_press_does_not_start_another(desk):
    screens = desk.handler("replay", "click")(desk.visitor, ["wild"], *desk.values)
    next(screens)
    assert "still at work" in press(desk, ["wild"])[0].line
    assert "replay" in desk.visitor.working
    assert "replayed" in list(screens)[-1].line


@pytest.mark.parametrize(("index", "name"), [(1, "Wild"), (2, "Beam search")])
def test_an_opened_text_is_on_the_page_and_undo_returns(desk, index, name):
    before = desk.visitor.run
    row = press(desk, ["wild", "beam"])[-1].texts["rows"][index]
    screen = open_row(desk, {"index": index})
    assert told(screen) == f"Now on “{name}” (Text 2) · Undo"
    run = desk.visitor.run
    assert len(run.steps) == len(row["cells"]) and run.prompt == before.prompt
    assert {step.forced for step in run.steps} == {name == "Beam search"}
    assert len(screen.strip["tokens"]) == len(run.token_ids) and screen.undo["interactive"]
    desk.press("undo")
    assert desk.visitor.run is before
    open_row(desk, {"index": 0})
    assert desk.visitor.run is before, "the original is gone back to"


@pytest.mark.parametrize(
    "choice", [None, {}, {"index": None}, {"index": 9}, {"index": -1}, {"index": "1"}, 1, [1]]
)
def test_a_row_that_is_not_there_opens_nothing(desk, choice):
    press(desk, ["wild"])
    before = desk.visitor.run
    open_row(desk, choice)
    assert desk.visitor.run is before


def test_nothing_is_opened_while_a_text_is_being_written(desk):
    press(desk, ["wild"])
    desk.visitor.writing = True
    assert "Press Stop first" in open_row(desk, {"index": 1}).notice


def test_an_index_is_a_whole_number_from_zero():
    assert [chosen_index({"index": one}) for one in (0, 3, True, -1, 1.5, None)] == [0, 3, *[None] * 4]


def test_settings_are_said_where_they_differ():
    wild, greedy = PRESETS["wild"], PRESETS["greedy"]
    assert said_difference(PRESETS["balanced"], wild) == "temperature 0.8, top-k 40, top-p 0.95"
    assert said_difference(wild, PRESETS["balanced"]) == "temperature 1.3, no top-k, top-p 0.98"
    assert said_difference(greedy, wild) == "temperature 0"
    assert said_difference(wild, greedy) == "temperature 1.3, top-p 0.98"


def test_an_update_of_five_long_texts_stays_small(desk):
    last = press(desk, ["greedy", "careful", "wild", "beam", "contrastive"])[-1]
    cells = sum(len(row["cells"]) for row in last.texts["rows"])
    assert cells == 6 * LENGTH
    assert len(json.dumps(last.texts)) / cells * 6 * 256 < 300_000
