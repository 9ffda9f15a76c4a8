"""The files of runs and trees: how large and deep they may be, and that the documents name every field."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.sampler.settings import SamplerSettings
from model.texts.branch_tree import MOST_BRANCHES, MOST_NAME, BranchTree
from model.texts.file_format import MOST_BYTES, MOST_DEPTH, SCHEMA, TooLarge, read_json, require_schema
from model.texts.run import OPTIONAL, Run, Step
from viz.rooms.branches.step_rows import NAMES
from viz.rooms.history.history_list import MOST_ENTRIES

FILES = (Path(__file__).parents[3] / "docs" / "files.md").read_text(encoding="utf-8")
STEP = Step(1, 7, "a", "a", 0.25, -1.0, 0.5, 1, 2.0, 3, settings=SamplerSettings(top_k=5))
RUN = Run("tiny@0", "Hi", (4,), steps=(STEP,))


def section(title: str) -> str:
    """Return the text of docs/files.md under a heading."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", FILES, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def rows(text: str) -> list[list[str]]:
    """Return the cells of the first table in a text, without its head."""
    found = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert found
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in found[0].splitlines()[2:]]


def names(title: str, head: str = "") -> list[str]:
    """Return the first cells of a table."""
    text = section(title)
    return [row[0].strip("`") for row in rows(text[text.index(head) :])]


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda one: st.lists(one), max_leaves=9
    )
)
def test_what_is_not_too_deep_is_read_as_it_is(value):
    text = json.dumps(value)
    if text.count("[") <= MOST_DEPTH:
        assert read_json(text) == value


def test_a_file_may_be_so_deep_and_no_deeper():
    assert read_json(nested(MOST_DEPTH)) is not None
    for depth in (MOST_DEPTH + 1, 500, 500_000):
        with pytest.raises(ValueError, match=f"more than {MOST_DEPTH} deep"):
            read_json(nested(depth))


def test_a_file_may_be_so_large_and_no_larger():
    letter = "ä"  # two bytes
    assert read_json(json.dumps(letter * (MOST_BYTES // 2 - 1), ensure_ascii=False))
    for too_large in (json.dumps(letter * (MOST_BYTES // 2), ensure_ascii=False), None, 5, ["{}"]):
        with pytest.raises(TooLarge):
            read_json(too_large)


@pytest.mark.parametrize("text", ["9" * 5000, "[1e5, " + "9" * 5000 + "]"])
def test_a_number_of_too_many_digits_is_refused(text):
    with pytest.raises(ValueError, match="digits"):
        read_json(text)


def test_a_schema_that_is_newer_is_refused_by_its_number():
    require_schema({}, "tree")
    require_schema({"schema": SCHEMA}, "tree")
    with pytest.raises(
        ValueError, match="this tree is of schema 2, which a newer version wrote; 1 is read here"
    ):
        require_schema({"schema": SCHEMA + 1}, "tree")


def test_a_tree_that_called_its_schema_version_is_still_read():
    data = json.loads(json.dumps(BranchTree.of(RUN).to_json()))
    data["version"] = data.pop("schema")
    del data["runs"][0]["run"]["schema"]
    here = {"model": "tiny@0", "vocab_size": 10, "context_length": 9}
    assert BranchTree.from_json(data, **here) == BranchTree.of(RUN)
    with pytest.raises(ValueError, match="of schema 2"):
        BranchTree.from_json(data | {"version": 2}, **here)


def test_the_documents_name_every_field_of_a_run_a_step_a_tree_and_the_rows():
    assert names("A run") == list(RUN.to_json())
    written = [name for name in STEP.to_json() if name != "settings"]
    assert names("A step") == [*written, *OPTIONAL, "settings"]
    tree = BranchTree.of(RUN).to_json()
    assert set(names("A tree")) == set(tree)
    assert names("A tree", "| field of a text") == list(tree["runs"][0])
    assert set(re.findall(r"`(\w+)`", section("Settings"))) == {one.name for one in fields(SamplerSettings)}
    columns = re.findall(r"`([a-z_]+)`", section("The steps as CSV"))
    assert set(columns) == set(NAMES)


def test_the_documents_tell_the_limits():
    text = section("Limits")
    told = {row[0]: row[1] for row in rows(text)}
    assert told["bytes of a file"] == f"{MOST_BYTES:,}"
    assert told["objects and lists in one another"] == str(MOST_DEPTH)
    assert told["texts of a tree"] == str(MOST_BRANCHES) and told["characters of a name"] == str(MOST_NAME)
    assert told["texts in *Recent texts*"] == f"{MOST_ENTRIES}, and {MOST_BYTES:,} bytes together"
    assert MOST_ENTRIES <= MOST_BRANCHES, "a file of the whole list can be opened"
