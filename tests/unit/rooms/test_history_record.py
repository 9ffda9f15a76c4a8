"""What a browser is told of a text, so that it can keep it: everything that its file holds."""

import json
import math
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from model.texts.branch_tree import BranchTree
from model.texts.run import Run
from tests.unit.texts.runs import RUNS, run_of
from viz.rooms.history.record import FIELDS, RecordValue, record_value, run_id


def kept(value: RecordValue) -> dict[str, Any]:
    """Return the run as the browser puts it together."""
    assert value["run"] is not None
    steps = []
    for line in value["steps"]:
        values = json.loads(line)
        more = values[len(FIELDS)] if len(values) > len(FIELDS) else {}
        step = dict(zip(FIELDS, values, strict=False))
        steps.append({**step, "surprisal_bits": -step["logprob"] / math.log(2), **more})
    return {**value["run"], "steps": steps}


@given(RUNS)
def test_the_run_that_the_browser_puts_together_is_that_of_the_file(run):
    value = json.loads(json.dumps(record_value(run, BranchTree.of(run))))
    assert Run.from_json(kept(value)) == run
    assert kept(value).keys() == run.to_json().keys()


@given(RUNS, st.data())
def test_equal_texts_have_one_id_and_others_have_others(run, data):
    assert run_id(Run.from_json(json.loads(json.dumps(run.to_json())))) == run_id(run)
    other = replace(run, prompt_token_ids=(*run.prompt_token_ids, data.draw(st.integers(0, 9))))
    assert run_id(other) != run_id(run)


def test_a_text_that_ends_has_another_id_than_while_it_was_written_and_is_the_page_s_own():
    run = run_of("a", "b")
    ended = run.finished("stop")
    assert len({run_id(run), run_id(ended), run_id(run_of("a").finished("stop"))}) == 3
    tree = BranchTree.of(run_of("a")).started(run_of("x"), "mine")
    value = record_value(ended, tree)
    assert value["key"] == 1 and value["page"][1]["id"] == value["id"] == run_id(ended)
    assert [(one["key"], one["name"], one["parent"]) for one in value["page"]] == [
        (0, "", None),
        (1, "mine", None),
    ]


def test_of_a_text_that_grows_only_the_new_steps_are_new():
    """Gradio sends of a list only what is new at its end."""
    shorter = record_value(run_of("a", "b"), BranchTree.of(run_of("a", "b")))
    longer = record_value(run_of("a", "b", "c"), BranchTree.of(run_of("a", "b", "c")))
    assert longer["steps"][:2] == shorter["steps"] and len(longer["steps"]) == 3
