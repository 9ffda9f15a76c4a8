"""The app as it is wired: its endpoints, how its events run, its element ids, and its strings."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import gradio as gr
import pytest

from app import build, launch_options
from model.sampler.stage_records import STAGES
from model.texts.run import FinishReason
from tests.pages.conftest import TINY_LIMITS, LoadedModel, service_of
from tests.pages.desk import Screen, everything, ids_of
from viz.command_line import Options
from viz.explore import build_app
from viz.pages.controls import COLOURS, NAMES, PRESETS, SAMPLER_NAMES, Controls
from viz.pages.example import load_example
from viz.pages.model_menu import ends
from viz.pages.scene import stored_scene
from viz.pages.stopping import PRESSABLE
from viz.server.limits import GRIDDING, LOOKERS, LOOKING, SEARCHERS, SEARCHING, UNASKED, Limits
from viz.server.service import CHOICES
from viz.words.strings import LOCALES, catalogue

ROOT = Path(__file__).parents[2]
LAB = {"stages", "branch", "replay", "rollouts", "beam_search"}
INTERIOR = {"lens", "heads", "score"}
WHY = {"ablate", "attribute", "patch"}
ENDPOINTS = {"generate", "next_token", "attention", "tokenize", "model"} | LAB | INTERIOR | WHY
EXAMPLES = {"begin_with", "begin_with_1", "begin_with_2", "begin_with_3", "ask", "ask_1", "ask_2"}
WRITERS = {"generate_1", "submit", "step", "more", "go_on", "score_text", "score_again", "throw"} | EXAMPLES
ROLLERS = {"roll", "sweep"}
"""Events that write many texts: in the same line, with a progress bar of their own."""
SEARCHES = {"compute", "follow", "replay_1", "search", "take_away", "write_without", "measure_parts"} | {
    "patch_places", "write_patched", "press_place", "steer", "measure", "measure_neurons", "measure_set",
    "make", "measured", "watch", "measure_1", "measure_2", "measure_3", "compare_models",
}  # fmt: skip
"""Those of which two are computed at a time."""
STABLE_IDS = {
    *(
        "prompt",
        "generate",
        "step",
        "stop",
        "tokens",
        "timeline",
        "next-token",
        "sampler-effects",
        "attention",
    ),
    *("model", "temperature", "top-k", "top-p", "min-p", "repetition-penalty", "seed", "max-new-tokens"),
    *("layer", "head", "colour-by", "hide-first", "mean-heads", "precision"),
}


@pytest.fixture(scope="module")
def events(app: Any) -> list[dict[str, Any]]:
    """Every event of the page."""
    return [event for event in app.config["dependencies"] if event["api_name"] not in ENDPOINTS]


@pytest.fixture(scope="module")
def parts(app: Any) -> dict[str, dict[str, Any]]:
    """Every component with an id, by it."""
    all_parts = [part["props"] for part in app.config["components"]]
    named = [part for part in all_parts if part.get("elem_id")]
    assert len({part["elem_id"] for part in named}) == len(named), "an id names one element"
    return {part["elem_id"]: part for part in named}


# Endpoints


def test_public_endpoints_have_their_own_names(app):
    public = {
        event["api_name"] for event in app.config["dependencies"] if event["api_visibility"] == "public"
    }
    assert public == ENDPOINTS
    assert set(app.get_api_info()["named_endpoints"]) == {f"/{name}" for name in ENDPOINTS}
    assert app.get_api_info()["unnamed_endpoints"] == {}


def test_every_endpoint_is_described(app):
    for event in app.config["dependencies"]:
        if event["api_name"] in ENDPOINTS:
            assert event["api_description"] == catalogue()["api"][event["api_name"]]


def test_nothing_of_the_page_is_undocumented_yet_callable(events):
    assert {event["api_visibility"] for event in events} == {"private"}


# How events run


def test_writing_happens_once_at_a_time_and_shows_its_progress_on_the_status_line(app, events):
    status = next(part["id"] for part in app.config["components"] if part["props"].get("elem_id") == "status")
    writers = [event for event in events if event["api_name"] in WRITERS]
    assert len(writers) == len(WRITERS)
    for event in writers:
        assert (event["trigger_mode"], event["show_progress"]) == ("once", "minimal")
        assert event["show_progress_on"] == [status] and event["queue"]
        assert len(event["outputs"]) == len(Screen._fields)


def test_looking_answers_the_last_of_many_changes_and_never_dims_the_page(app, events):
    looking = [
        event
        for event in events
        if event["trigger_mode"] == "always_last" and event["api_name"] not in SEARCHES
    ]
    triggers = set().union(*(ids_of(app, event) for event in looking))
    dials = {name.replace("_", "-") for name in SAMPLER_NAMES}
    others = {"selection", "colour-by", "rows", "search", "layer", "head", "mean-heads", "hide-first"}
    assert triggers >= dials | others | {"whole-text", "appearance"}
    assert {event["show_progress"] for event in looking} == {"hidden"}


def test_every_event_has_a_trigger_mode_and_only_those_that_may_wait_long_show_progress(events):
    for event in events:
        assert event["trigger_mode"] in ("once", "always_last"), event["api_name"]
        shown = "minimal" if event["api_name"] in WRITERS | SEARCHES else "hidden"
        assert event["show_progress"] == shown, event["api_name"]


def test_stop_does_not_wait_in_the_queue(app, events):
    (stop,) = [event for event in events if ids_of(app, event) == {"stop"}]
    assert not stop["queue"] and stop["outputs"] == []


@pytest.mark.parametrize(
    ("press", "stop"),
    [
        ("generate", "stop"), ("prompt", "stop"), ("score", "stop"), ("more", "stop"),
        ("branch-choice", "stop"), ("replay", "replay-cancel"), ("find", "find-cancel"),
        ("roll", "rollout-cancel"), ("sweep", "rollout-cancel"), ("lens-compute", "lens-cancel"),
        ("ablate", "ablate-cancel"), ("ablate-write", "ablate-cancel"),
        ("measure-parts", "measure-parts-cancel"), ("steering-steer", "steering-cancel"),
        *((f"patching-{press}", "patching-cancel") for press in ("patch", "write", "pressed")),
        ("probes-start", "probes-cancel"), ("neuron-effects-start", "neuron-effects-cancel"),
    ],
)  # fmt: skip
def test_stop_can_be_pressed_before_anything_has_arrived(app, events, press: str, stop: str):
    """The browser takes the events of a press in turn, each to its end."""
    ids = {number: block.elem_id for number, block in app.blocks.items()}
    wanted, lit, *_ = (event for event in events if press in ids_of(app, event))
    assert wanted["api_name"].startswith("want") and not wanted["queue"] and wanted["outputs"] == []
    assert lit["js"] == PRESSABLE and not lit["backend_fn"]
    assert [ids[output] for output in lit["outputs"]] == [stop]


def test_whoever_writes_stands_in_the_line_of_the_engine_and_figures_have_their_own_limit(app):
    by_name = {function.api_name: function for function in app.fns.values()}
    in_line = WRITERS | ROLLERS | {"generate", "branch"}
    for name in in_line:
        assert by_name[name].concurrency_limit == TINY_LIMITS.writers == 2 + 3 + 1
    assert {by_name[name].concurrency_id for name in WRITERS | ROLLERS} == {"writing"}
    rest = [function for name, function in by_name.items() if name not in in_line]
    taken = {"writing", *(by_name[name].concurrency_id for name in ("generate", "branch"))}
    assert not taken & {function.concurrency_id for function in rest}
    limited = {function.concurrency_id for function in rest if function.concurrency_limit == LOOKERS}
    assert limited == {
        LOOKING["concurrency_id"],
        "programs",
        SEARCHING["concurrency_id"],
        UNASKED["concurrency_id"],
        GRIDDING["concurrency_id"],
    }
    assert app._queue.max_size == TINY_LIMITS.events > 16 * (2 + 3)


def test_everybody_who_is_written_or_waits_has_a_thread_of_the_server_and_clicks_have_theirs():
    options = Options(places=3, queue_size=5)
    grants = launch_options(options)["max_threads"]
    assert grants >= Limits(places=3, queue_size=5).writers + 2 * LOOKERS + SEARCHERS


def test_the_options_of_the_command_line_are_the_limits_of_the_app(tiny):
    wanted = Options(max_prompt_tokens=7, max_new_tokens=8, places=3, queue_size=5, internals_memory=16)
    service = service_of(build(LoadedModel(tiny), wanted))
    try:
        assert service.limits == Limits(7, 8, places=3, queue_size=5, internals_bytes=16 * 2**20)
        assert (service.engine.places, service.engine.store.budget_bytes) == (3, 16 * 2**20)
    finally:
        service.engine.close()


def test_who_comes_and_goes_is_told_without_a_place_in_the_queue(app, events):
    by_trigger = {trigger: event for event in events for _, trigger in event["targets"]}
    assert by_trigger["unload"]["inputs"] == by_trigger["unload"]["outputs"] == []
    (arrival,) = [event for event in events if event["api_name"] == "arrive"]
    ticket = next(number for number, block in app.blocks.items() if block.elem_id == "ticket")
    assert not arrival["queue"] and arrival["outputs"] == [ticket]
    assert [trigger for _, trigger in arrival["targets"]] == ["load"]


# The page


def test_all_stable_ids_are_there(parts):
    assert set(parts) >= STABLE_IDS


def test_the_page_opens_as_its_own_controls_draw_it_and_without_a_notice(parts):
    example = load_example()
    names = (*SAMPLER_NAMES, "colour_by", "max_new_tokens", "seed", "rows")
    shown = Controls(**{name: parts[name.replace("_", "-")]["value"] for name in names})
    assert shown.seed == example.run.seed != Controls.seed
    screen = everything(stored_scene(example, shown, ""), shown)
    assert screen.notice == (parts["notice"]["value"] or "") == "", (
        "the seed is the one that it was written with"
    )
    assert screen.preset == parts["presets"]["value"]
    assert (screen.status, screen.facts) == (parts["status"]["value"], parts["sampler-facts"]["value"])
    assert parts["next-token"]["value"] == screen.bars


def test_the_controls_stand_where_the_example_was_written(app, parts):
    start = Controls()
    for name in (*SAMPLER_NAMES, "layer", "head", "max_new_tokens"):
        assert parts[name.replace("_", "-")]["value"] == getattr(start, name), name
    assert parts["colour-by"]["value"] == start.colour_by
    assert parts["precision"]["value"] == start.precision == "fast"
    assert (parts["mean-heads"]["value"], parts["hide-first"]["value"]) == (True, True)


def test_controls_go_to_the_events_in_the_order_of_their_fields_those_of_rooms_after_the_pages(app, events):
    props = {part["id"]: part["props"] for part in app.config["components"]}
    assert [*NAMES, "rooms"] == [field.name for field in fields(Controls)]
    others = {"query": "search", "place": "places"}
    expected = [others.get(name, name.replace("_", "-")) for name in NAMES]
    expected += ["hide-first", "whole-text", "quantity", "of-step", "head-choice"]
    expected += ["against-rival", "lens-colour", "lens-size", "neuron-layer", "neuron-order"]
    expected += [f"attribution-{name}" for name in ("method", "against", "samples", "every")]
    for event in events:
        if len(event["outputs"]) == len(Screen._fields):
            assert [props[part].get("elem_id") for part in event["inputs"]][-len(expected) :] == expected


@pytest.mark.parametrize("most", [1, 16, 4096])
def test_the_length_stands_within_what_the_server_grants(tiny, most):
    app = build_app(LoadedModel(tiny), Limits(max_new_tokens=most))
    (length,) = [
        part["props"] for part in app.config["components"] if part["props"].get("elem_id") == "max-new-tokens"
    ]
    assert length["value"] == min(48, most) and length["maximum"] == max(2, most)


@pytest.mark.parametrize(
    ("layers", "start", "moved_to"),
    [(1, 9, 0), (6, 9, 5), (10, 9, None), (30, 9, None), (48, 9, None), (12, 22, 11), (23, 22, None)],
)
def test_the_layer_stays_unless_the_model_has_fewer(layers, start, moved_to):
    update = ends(layers, start)
    assert update["maximum"] == layers - 1 and update.get("value") == moved_to


# Strings


def keys_of(strings: dict[str, Any], above: str = "") -> Iterator[str]:
    """Return the dotted keys of all strings."""
    for key, value in strings.items():
        if isinstance(value, dict):
            yield from keys_of(value, f"{above}{key}.")
        else:
            yield above + key


KEY = re.compile(r"(figures|components|page|lab|interior|why|train|api|offline)(\.\w+)+")
"""What a literal in the code looks like that names a string, or a group of strings."""
SOURCES = sorted((ROOT / "viz").rglob("*.py"))


def patterns() -> set[str]:
    """Return a regular expression for every literal that could name strings; a computed part is one word."""
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(re.escape(node.value) if KEY.fullmatch(node.value) else "")
            elif isinstance(node, ast.JoinedStr):
                texts = [part.value if isinstance(part, ast.Constant) else None for part in node.values]
                shown = "".join("x" if text is None else text for text in texts)
                if KEY.fullmatch(shown) and texts[0] is not None:
                    found.add("".join(r"\w+" if text is None else re.escape(text) for text in texts))
    return found - {""}


def endings() -> set[str]:
    """Return what the code appends to the name of a group: `f"{key}.title"` gives `title`."""
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr) and len(node.values) == 2:
                computed, text = node.values
                if isinstance(computed, ast.FormattedValue) and isinstance(text, ast.Constant):
                    found.update(re.findall(r"^\.(\w+)$", text.value))
    return found


def named_by(pattern: str, keys: set[str], ends: set[str]) -> set[str]:
    """Return the keys that a literal names, by itself or with an ending."""
    return {key for key in keys if re.fullmatch(f"{pattern}(\\.({'|'.join(ends)}))?", key)}


def test_every_string_the_code_asks_for_is_there_and_every_string_is_asked_for():
    keys, ends = set(keys_of(catalogue())), endings()
    assert {"title", "say", "value", "label"} <= ends
    named = {pattern: named_by(pattern, keys, ends) for pattern in patterns()}
    assert {pattern for pattern, found in named.items() if not found} == set(), "no such string"
    assert keys - set().union(*named.values()) == set(), "nothing shows these strings"


def test_every_name_of_the_model_has_a_string():
    strings = catalogue()
    assert set(get_args(FinishReason)) == set(strings["page"]["finish"])
    assert set(STAGES) == set(strings["components"]["next"]["stages"])
    assert {*STAGES, "order"} == set(strings["page"]["setting"]) >= set(SAMPLER_NAMES)
    assert set(PRESETS) == set(strings["page"]["preset"])
    assert set(CHOICES) == set(strings["page"]["precision"])
    assert set(COLOURS) == set(strings["page"]["colour"]) == set(strings["components"]["strip"]["legend"])


def test_strings_are_said_with_their_values_and_no_placeholder_is_left():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if is_call_of_say(node) and isinstance(node.args[0], ast.Constant):
                wanted = set(re.findall(r"(?<!{){(\w+)", string_at(node.args[0].value)))
                assert wanted == {word.arg for word in node.keywords}, f"{path.name}:{node.lineno}"


def is_call_of_say(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say"


def string_at(key: str) -> str:
    found: Any = catalogue()
    for part in key.split("."):
        found = found[part]
    return str(found)


def test_the_strings_are_well_formed():
    text = (LOCALES / "en.json").read_text(encoding="utf-8")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({key for key, _ in pairs}) == len(pairs), f"a key twice among {[key for key, _ in pairs]}"
        return dict(pairs)

    strings = json.loads(text, object_pairs_hook=once)
    for key in keys_of(strings):
        value = string_at(key)
        assert value and value.strip() == value, key


def test_no_event_pays_for_a_summary_that_no_page_of_ours_shows():
    queue = gr.Blocks().queue()._queue
    queue.event_analytics = {"1": {"function": "select", "status": "success", "process_time": 0.1}}
    queue.events_recorded = 10**6
    assert queue.compute_analytics_summary(list(queue.event_analytics.values())) == {"functions": {}}
