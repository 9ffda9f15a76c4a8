"""The settings of a training as a file: what is written is read again, and nothing else is believed."""

import json
from contextlib import suppress
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings, strategies

from model.training.settings import SettingsError, TrainingSettings
from model.training.settings_file import SCHEMA, from_json, read_settings, to_json, write_settings


def of_type(hint: Any) -> strategies.SearchStrategy[Any]:
    """Any value of a field: what its type allows, whether or not a training can be so."""
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        return strategies.builds(hint, **{one.name: of_type(hints[one.name]) for one in fields(hint)})
    if hint is float:
        return strategies.floats(-1e300, 1e300)
    return strategies.from_type(hint)


JSON = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.integers()
    | strategies.floats()
    | strategies.text(),
    lambda inner: strategies.lists(inner) | strategies.dictionaries(strategies.text(), inner),
    max_leaves=8,
)
KNOWN = list(to_json(TrainingSettings()))


@settings(max_examples=60, deadline=None)
@given(of_type(TrainingSettings))
def test_what_is_written_is_read_again(asked):
    assert from_json(json.loads(json.dumps(to_json(asked)))) == asked


def test_a_file_is_written_and_read(tmp_path):
    write_settings(tmp_path / "settings.json", TrainingSettings(name="mine"))
    assert read_settings(tmp_path / "settings.json").name == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["settings.json"]


def test_what_a_file_leaves_out_is_as_by_default():
    assert read_settings('{"optimisation": {"steps": 7}}').optimisation.steps == 7
    assert read_settings("{}") == TrainingSettings()


@settings(max_examples=80, deadline=None)
@given(JSON | strategies.dictionaries(strategies.sampled_from(KNOWN), JSON))
def test_hostile_json_is_settings_or_refused(value):
    try:
        assert isinstance(from_json(value), TrainingSettings)
    except SettingsError as error:
        assert str(error).endswith((".", "}"))


@settings(max_examples=100, deadline=None)
@given(strategies.text() | strategies.text(alphabet='{}[]":,0123456789eE-NaInfity '))
def test_hostile_text_is_settings_or_refused(text):
    with suppress(SettingsError):
        read_settings(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"colour": "red"}', "no setting 'colour'"),
        ('{"data": {"colour": "red"}}', "no setting 'colour' in data"),
        ('{"optimisation": {"steps": true}}', "optimisation.steps must be a whole number"),
        ('{"optimisation": {"steps": 3.0}}', "optimisation.steps must be a whole number"),
        ('{"optimisation": {"learning_rate": NaN}}', "NaN is no number"),
        ('{"optimisation": {"learning_rate": 1e999}}', "learning_rate must be a number"),
        ('{"optimisation": {"learning_rate": true}}', "learning_rate must be a number"),
        ('{"distillation": {"alone": 1}}', "alone must be true or false"),
        ('{"kind": "magic"}', "kind must be one of pretraining"),
        ('{"prompts": "The"}', "prompts must be a list"),
        ('{"prompts": [1]}', "prompts must be a text"),
        ('{"data": []}', "data must be an object"),
        (f'{{"schema": {SCHEMA + 1}}}', "newer version"),
        ('{"schema": "1"}', "schema must be a whole number"),
        ("[" * 100_000, "no JSON|too deeply"),
        ("1" * 5000, "no JSON"),
        ("", "no JSON"),
        ("[]", "object of JSON"),
    ],
)
def test_what_is_no_setting_is_refused_in_words(text, said):
    with pytest.raises(SettingsError, match=said):
        read_settings(text)


def test_a_file_that_cannot_be_read_is_refused_in_words(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings(tmp_path / "none.json")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="no text in UTF-8"):
        read_settings(tmp_path / "binary.json")
    (tmp_path / "huge.json").write_text(" " * 200_000)
    with pytest.raises(SettingsError, match="larger than"):
        read_settings(tmp_path / "huge.json")
