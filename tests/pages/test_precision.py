"""Fast or exact: which numbers a text is computed in, who says so, and that a text keeps its own."""

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest

from model.texts.run import Run
from model.weights.background import BackgroundModel
from model.weights.catalog import ModelError
from tests.pages.conftest import TINY_LIMITS, LoadedModel, service_of
from tests.pages.desk import Desk, arrived, changed, shown
from tests.tiny import tiny_model
from viz.api.explore import Api
from viz.explore import build_app
from viz.pages.masthead import absent, describe
from viz.server.limits import Limits
from viz.server.service import Service
from viz.words.strings import say

FAST, EXACT = "bfloat16", "float32"


@pytest.fixture
def app(open_app: Callable[..., gr.Blocks], twofold: Any) -> gr.Blocks:
    """An app whose model runs in two number formats."""
    return open_app(twofold)


@pytest.fixture
def desk(app: gr.Blocks, newcomer: Any) -> Desk:
    return Desk(app, newcomer())


@pytest.fixture
def fast_alone(open_app: Callable[..., gr.Blocks]) -> gr.Blocks:
    """An app whose model was loaded with `--precision fast`."""
    return open_app(tiny_model("gpt2", formats=(FAST,)))


def raw(screen: Any) -> dict[int, float]:
    """Return the model's own probabilities of the bars, by token."""
    return {row["token_id"]: row["raw"] for row in screen.bars["rows"]}


def look(app: gr.Blocks) -> dict[str, Any]:
    """Return what the page learns of the model when it opens, by the element that shows it."""
    (look,) = [function for function in app.fns.values() if function.name == "look"]
    return {
        part.elem_id or "timer": value
        for part, value in zip(look.outputs, look.fn(arrived(app)), strict=True)
    }


def test_a_new_text_takes_the_precision_of_the_control(desk):
    for choice, form in (("fast", FAST), ("exact", EXACT), ("fast", FAST)):
        for button in ("generate", "step"):
            desk.prompt += " a"
            last = desk.write(button, precision=choice, max_new_tokens=3)[-1]
            assert desk.visitor.run.precision == form
            assert f"written · {form}" in last.status


def test_fast_is_the_first_choice(desk):
    desk.write(max_new_tokens=2)
    assert desk.visitor.run.precision == FAST


def test_a_text_keeps_its_precision_when_it_goes_on_although_the_control_moved(desk):
    desk.write(precision="exact", max_new_tokens=3)
    for button, tokens in (("step", 4), ("more", 7)):
        last = desk.write(button, precision="fast", max_new_tokens=3)[-1]
        assert (desk.visitor.run.precision, len(desk.visitor.run.steps)) == (EXACT, tokens)
        assert f"{tokens} written · {EXACT}" in last.status
    desk.select(4)
    desk.press("cut")
    desk.write("more", max_new_tokens=2)
    assert desk.visitor.run.precision == EXACT
    desk.write("generate", max_new_tokens=2)
    assert desk.visitor.run.precision == FAST
    desk.press("undo")
    assert f"written · {EXACT}" in desk.select(3).status


def test_what_one_looks_at_are_the_numbers_of_the_text_and_not_of_the_control(desk, twofold):
    """The same text in both: forced by greedy steps of one token, whose candidates are then compared."""
    seen = {}
    for choice, other in (("fast", "exact"), ("exact", "fast")):
        desk.prompt = "one era in the end"
        desk.write("generate", precision=choice, temperature=0.0, max_new_tokens=1)
        desk.controls["precision"] = other
        position = len(desk.visitor.run.prompt_token_ids)
        screen = desk.select(position)
        internals = service_of_desk(desk).read(desk.visitor.run.token_ids, desk.visitor.run.precision)
        assert internals.format == {"fast": FAST, "exact": EXACT}[choice]
        weights = internals.attention(1, -1, position + 1)
        drawn = np.nan_to_num(np.array(desk.move(hide_first=False).attention.data[0].z, dtype=float))
        assert np.abs(drawn - weights).max() < 1e-5
        seen[choice] = raw(screen)
    shared = seen["fast"].keys() & seen["exact"].keys()
    differences = [abs(seen["fast"][token_id] - seen["exact"][token_id]) for token_id in shared]
    assert len(shared) > 3 and 0 < max(differences) < 0.05, "rounding, no more"


def service_of_desk(desk: Desk) -> Service:
    service: Service = desk.service
    return service


def test_moving_the_control_changes_nothing_but_says_when_it_will(desk):
    desk.write(precision="fast", max_new_tokens=3)
    screen = desk.move(precision="exact")
    assert changed(screen) == {"notice"} and desk.visitor.run.precision == FAST
    assert FAST in screen.notice and EXACT in screen.notice and "Press Write" in screen.notice
    assert desk.move(precision="fast").notice == "", "as it was"
    desk.controls["precision"] = "exact"
    assert desk.select(3).notice == "", "said once, and not at every token"


def test_before_a_model_is_there_the_control_is_moved_in_silence(newcomer):
    desk = Desk(build_app(BackgroundModel(report=lambda _line: None), Limits()), newcomer())
    assert changed(desk.move(precision="exact")) == set()


@pytest.mark.parametrize("choice", ["float32", "", None, "Exact", 5])
def test_a_choice_that_there_is_not_is_named(desk, choice):
    (refusal,) = desk.write(precision=choice, max_new_tokens=3)
    assert {name for name, value in refusal._asdict().items() if shown(value)} == {"notice", "stop"}
    assert "precision must be fast or exact, not " in refusal.notice and not desk.visitor.writing


# Where exact was not loaded


def test_exact_where_it_was_not_loaded_is_refused_with_a_clear_notice(fast_alone, newcomer):
    desk = Desk(fast_alone, newcomer())
    (refusal,) = desk.write(precision="exact", max_new_tokens=3)
    assert "needs the number format float32, and the model here runs in bfloat16" in refusal.notice
    assert 'role="alert"' in refusal.notice and not desk.visitor.writing
    assert "written · bfloat16" in desk.write(precision="fast", max_new_tokens=3)[-1].status


def test_a_text_in_numbers_that_are_not_here_says_so_and_a_new_one_can_be_written(fast_alone, desk, newcomer):
    desk.write(precision="exact", max_new_tokens=3)
    other = Desk(fast_alone, newcomer())
    other.visitor.show(desk.visitor.run, desk.visitor.pieces)
    for screen in (other.select(2), *other.write("more", max_new_tokens=2)):
        assert "needs the number format float32" in screen.notice
        assert "Press Write to write the text anew" in screen.notice
    assert other.visitor.run is desk.visitor.run and not other.visitor.writing
    assert len(other.write("generate", max_new_tokens=2)[-1].strip["tokens"]) == 4


# The page


def test_the_page_offers_fast_and_exact_and_begins_with_fast(app):
    (control,) = [part for part in app.config["components"] if part["props"].get("elem_id") == "precision"]
    assert control["props"]["choices"] == [("Fast", "fast"), ("Exact", "exact")]
    assert control["props"]["value"] == "fast"


def opened(details: str) -> tuple[str, list[str]]:
    """Return what stands at the top of the page, and the paragraphs that open under it."""
    found = re.fullmatch(
        r'<details><summary[^>]*><span class="name">(.*)</span></summary>'
        r'<div class="details">(.*)</div></details>',
        details,
    )
    assert found
    return unescape(found[1]), [unescape(one) for one in re.findall("<p>(.*?)</p>", found[2])]


def test_the_masthead_names_the_number_formats_and_what_was_measured(app, twofold):
    told = describe(twofold.info)
    name, lines = opened(told)
    assert name == "tiny-gpt2" and lines[0].startswith("tiny-gpt2 · 3 layers × 4 heads")
    assert "bfloat16 / float32" in lines[0] and lines[1] == "Fast: bfloat16, as measured."
    assert lines[-1] == "fingerprint of the weights: gpt2-0"
    assert told == look(app)["model"]


def test_a_name_from_a_folder_is_text_in_the_masthead(tiny):
    named = replace(tiny.info, name='<img src=x onerror="x">')
    told = describe(named, [(1, "</p><b>")])
    name, lines = opened(told)
    assert "<img" not in told and "<b>" not in told
    assert name == named.name and lines[0].startswith(named.name) and "</p><b> (1)" in lines[1]


def test_a_model_that_could_not_be_loaded_is_told_in_its_place(tiny):
    failed = SimpleNamespace(error=ModelError("There is no <model> here."), report_line="")
    assert absent(str(failed.error)) == '<span class="problem">There is no &lt;model&gt; here.</span>'


def test_where_texts_depend_on_their_neighbours_the_page_says_so_beside_the_formats(tiny):
    dependent = replace(tiny.info, batch_dependent=("bfloat16",))
    told = describe(dependent)
    _, lines = opened(told)
    assert lines[1:3] == [say(f"page.batch_dependent{why}", formats="bfloat16") for why in ("", "_why")]
    assert '<summary class="batch-dependent">' in told, "a mark beside the name, for whoever does not open it"
    alone = replace(tiny.info, batch_dependent=())
    assert "batch-dependent" not in describe(alone)


def test_without_a_measurement_the_masthead_tells_the_fingerprint_alone(tiny):
    _, (formats, ends, fingerprint) = opened(describe(tiny.info))
    assert formats.endswith(" · float32") and ends.startswith("No token")
    assert fingerprint == "fingerprint of the weights: gpt2-0"


def test_the_choice_is_offered_where_there_is_one_and_else_stands_on_what_there_is(
    app, fast_alone, open_app, tiny
):
    assert look(app)["precision"] == gr.update(interactive=True)
    assert look(fast_alone)["precision"] == gr.update(interactive=False, value="fast")
    assert look(open_app(tiny))["precision"] == gr.update(interactive=False, value="exact")


# The API


@pytest.fixture
def api(app: gr.Blocks) -> Api:
    return Api(service_of(app))


def whole(values: Any) -> dict[str, Any]:
    *_, value = values
    return dict(value)


def test_the_run_of_the_api_tells_its_precision(api):
    for choice, form in (("fast", FAST), ("exact", EXACT)):
        run = whole(api.generate("in the", 4, precision=choice))
        assert run["precision"] == form and Run.from_json(run).precision == form
    assert whole(api.generate("in the", 4))["precision"] == FAST


def test_the_api_computes_in_the_precision_that_is_asked_for(api):
    text = "one era in the end"
    exact = Api(Service(LoadedModel(tiny_model("gpt2")), TINY_LIMITS))
    try:
        for name, arguments in (("next_token", {"top": 0}), ("attention", {"layer": 1, "head": 2})):
            here = {
                choice: getattr(api, name)(text, **arguments, precision=choice)
                for choice in ("fast", "exact")
            }
            assert here["fast"] == getattr(api, name)(text, **arguments) != here["exact"]
            # Another instance, whose model knows nothing of formats.
            assert numbers(here["exact"]) == pytest.approx(
                numbers(getattr(exact, name)(text, **arguments)), abs=1e-5
            )
    finally:
        exact.service.engine.close()


def numbers(told: dict[str, Any]) -> list[float]:
    """Return the probabilities by token, or the weights."""
    if "weights" in told:
        return [weight for row in told["weights"] for weight in row]
    return [row["probability"] for row in sorted(told["tokens"], key=lambda row: row["token_id"])]


@pytest.mark.parametrize(
    "bad", ["float32", "", None, 5, "x" * 10**6, ["fast"]], ids=lambda bad: repr(bad)[:9]
)
def test_a_bad_precision_names_the_argument_and_what_it_may_be(api, bad):
    for call in (
        lambda: list(api.generate("in the", 2, precision=bad)),
        lambda: api.next_token("in the", precision=bad),
        lambda: api.attention("in the", 0, 0, precision=bad),
    ):
        with pytest.raises(gr.Error) as refused:
            call()
        message = str(refused.value.message)
        assert "precision must be fast or exact, not " in message and len(message) < 200


def test_exact_by_the_api_where_it_was_not_loaded_is_refused_clearly(fast_alone):
    api = Api(service_of(fast_alone))
    with pytest.raises(gr.Error, match="needs the number format float32"):
        list(api.generate("in the", 2, precision="exact"))
    assert whole(api.generate("in the", 2))["precision"] == FAST


def test_a_page_that_is_still_loading_leaves_the_choice_as_it_is(open_app):
    loading = SimpleNamespace(ready=False, error=None, report_line="Reading the weights.")
    told = look(open_app(loading))
    assert "Reading the weights." in told.pop("model") and told.pop("timer").active
    assert told.pop("model-menu")["now"] == "own"
    assert set(told) > {"layer", "neuron-layer", "head", "precision"}
    assert all(value == gr.skip() for value in told.values())


def test_sliders_of_layers_and_heads_end_where_the_model_does(app):
    """The tiny model has three layers of four heads, fewer than those that the sliders stand at."""
    told = look(app)
    assert told["layer"] == told["neuron-layer"] == gr.update(maximum=2, value=2)
    assert told["head"] == gr.update(maximum=3) and not told["timer"].active
