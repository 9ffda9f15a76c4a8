"""What the load test makes of the updates that its visitors saw."""

from copy import deepcopy
from itertools import pairwise
from types import SimpleNamespace

import pytest

from tests.bench import visitors
from tests.bench.load import MIB, Process, between, rows_of, speed, text_rows, tokens
from tests.bench.visitors import Broken, Refused, Tally, Text, edited, followed, sentence

COST = {
    "seconds": 10.0,
    "simulator_cpu": 0.1,
    "app_cpu": 1.5,
    "app_cpu_after": 0.0,
    "unanswered": 1,
    "longest_unanswered_s": 2.0,
}


def text(*seen, by="page", kind="generate", pressed=0.0):
    return Text(by, kind, pressed, seen=list(seen))


def test_an_update_may_bring_several_tokens_or_none(monkeypatch):
    clock = iter([1.0, 2.0])
    monkeypatch.setattr(visitors, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    growing = Text("page", "continue", 0.0, before=5)
    for generated in (5, 6, 6, 9):
        growing.saw(generated)
    assert growing.seen == [(1.0, 1), (2.0, 4)]


def test_a_gap_is_shared_by_the_tokens_that_it_brought():
    one = text((3.0, 1), (3.5, 2), (4.5, 6))
    assert between(one) == [(0.5, 1), (1.0, 4)]
    assert speed(one) == pytest.approx(5 / 1.5)
    assert speed(text((3.0, 1))) is None and speed(text()) is None
    assert tokens([one, text(), text((1.0, 2))]) == 8


def test_the_first_token_is_waited_for_from_the_press_of_generate_alone():
    rows = text_rows([text((3.0, 1), pressed=1.0), text((9.0, 3), kind="continue"), text()], 10.0)
    named = {row.what: row.value for row in rows}
    assert named["page: Generate to first token"] == 2.0
    assert named["tokens a second, all visitors"] == 0.4


@pytest.mark.parametrize(
    ("kind", "trouble", "errors", "refusals"),
    [
        ("generate", Refused("Queue is full."), 0, 1),
        ("generate", Refused("The prompt is empty."), 1, 0),
        ("undo", Refused("There is nothing to undo."), 0, 1),
        ("undo", Broken("no figure changed"), 1, 0),
        ("click", KeyError("tokens"), 1, 0),
    ],
)
def test_a_sentence_that_turns_away_is_no_error_and_everything_else_is(kind, trouble, errors, refusals):
    tally = Tally()
    with tally.action(kind):
        raise trouble
    assert (tally.errors.total(), tally.refusals.total()) == (errors, refusals)
    assert str(trouble).strip("'") in next(iter(tally.errors + tally.refusals))
    assert tally.actions == {kind: 1} and not tally.waiting


def test_memory_grows_by_what_the_second_half_adds_to_the_first():
    sizes = [(float(second), (1000 + 2 * max(0, second - 50)) * MIB) for second in range(101)]
    assert Process(None, sizes).growth == pytest.approx(10, abs=1)
    assert Process(None, [(0.0, MIB), (1.0, MIB)]).growth == 0


def test_the_table_tells_of_errors_the_console_and_a_process_that_cannot_be_seen():
    tally = Tally()
    tally.errors["click: no figure changed"] += 3
    rows = {row.what: row for row in rows_of(tally, Process(None), COST, "fine\nKeyError: 'x'\n")}
    assert rows["errors"].value == 3
    assert rows["console lines with Traceback or Error"].note == "KeyError: 'x'"
    assert "memory" in rows


def test_edits_lead_to_the_value_that_the_server_compared_with():
    from gradio.utils import diff  # noqa: PLC0415 - Gradio takes seconds to import

    values = [
        {"tokens": [{"text": "a"}], "selected": 0, "said": "wri"},
        {"tokens": [{"text": "a"}, {"text": "b"}], "selected": 1, "said": "writing"},
        {"tokens": [{"text": "c"}], "selected": None, "said": "x"},
        {"__type__": "update"},
        {"tokens": [], "selected": 2},
    ]
    for before, after in pairwise(values):
        assert edited(deepcopy(before), diff(before, after)) == after


def test_the_first_update_is_whole_and_later_ones_are_edits():
    data = followed(None, ["", {"tokens": [1]}])
    assert followed(data, [[["append", [], "ab"]], [["add", ["tokens", 1], 2]]]) == ["ab", {"tokens": [1, 2]}]


def test_a_notice_is_read_without_its_tags():
    assert (
        sentence({"notice": '<p class="notice problem" role="alert">Wait a moment.</p>'}) == "Wait a moment."
    )
    assert sentence({"notice": {"__type__": "update"}}) == sentence({}) == ""
