"""Whatever Transformers can build is shown as it is, or refused in words: every causal class, tiny."""

import re

import pytest

from tests.numerics.architecture_table import beyond, tables, written
from tests.numerics.boundaries import BOUNDARIES
from tests.numerics.every_architecture import NAMES, UNBUILT, WINDOW, CannotBuild, architecture
from tests.numerics.judgement import judged, verdict

PYTHON = re.compile(
    r"Error|object has no|out of range|out of bounds|NoneType|argument|subscriptable|must match|dimension"
    r"|size of tensor|\bindices\b|Traceback|_attention\(|\w+\(\)"
)
"""How exceptions speak."""


@pytest.mark.parametrize("name", NAMES)
def test_a_class_is_shown_as_it_is_or_not_at_all(name):
    found = verdict(name)
    assert found.kind != "wrong", found.why


@pytest.mark.parametrize("what", BOUNDARIES)
def test_so_is_a_model_that_changes_behind_the_first_tokens(what):
    found = beyond(what)
    assert found.kind != "wrong", found.why


@pytest.mark.parametrize("name", [name for name in NAMES if name not in UNBUILT])
def test_no_refusal_speaks_the_words_of_python(name):
    found = verdict(name)
    assert found.kind != "refused" or (found.why and not PYTHON.search(found.why))


@pytest.mark.parametrize("name", UNBUILT)
def test_what_is_not_tried_cannot_be_built(name):
    with pytest.raises(CannotBuild):
        architecture(name)


def test_the_tables_in_the_docs_are_what_was_found():
    assert written() == tables(), "run: .venv/bin/python -m tests.numerics.architecture_table"


def test_every_causal_class_of_transformers_has_its_row():
    rows = re.findall(r"^\| (\w+) \| `(?!model_type)", written(), re.MULTILINE)
    assert rows == list(NAMES)


@pytest.mark.parametrize("change", [{"sliding_window": WINDOW + 1}, {"rms_norm_eps": 1e-2}, {"seed": 2}])
def test_the_judge_finds_what_is_wrong(change):
    found = judged(architecture("MistralForCausalLM"), architecture("MistralForCausalLM", **change))
    assert found.kind == "wrong"
    assert "nats from eager attention at 40 tokens" in found.why
