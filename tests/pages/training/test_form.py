"""The fields of a training and its settings say the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.numbers import OutOfRange
from model.training.architecture import SIZES
from model.training.limits import check
from model.training.presets import PRESETS
from model.training.settings import SettingsError, TokenizerSettings, TrainingSettings
from tests.pages.hostile import VALUES
from viz.training.fields import CHOICES, DIALS
from viz.training.form import FIELDS, OF_SIZE, preset_values, settings_of, size_values, values_of


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_stands_in_the_fields_as_it_is(name):
    assert settings_of(preset_values(name)) == PRESETS[name]


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_trained(name):
    check(PRESETS[name])


def test_every_slider_and_chip_is_a_field_and_stands_within_its_range_for_every_preset():
    assert set(DIALS) | set(CHOICES) <= set(FIELDS)
    for preset in PRESETS.values():
        values = values_of(preset)
        for path, (least, most, _) in DIALS.items():
            assert least <= values[path] <= most, (preset.name, path)


@pytest.mark.parametrize("name", SIZES)
def test_a_size_fills_its_fields_within_their_ranges_and_can_be_trained_where_it_belongs(name):
    values = size_values(name)
    assert set(values) == set(OF_SIZE)
    for path in set(OF_SIZE) & set(DIALS):
        least, most, step = DIALS[path]
        assert least <= values[path] <= most, path
        assert path == "optimisation.learning_rate" or (values[path] - least) % step == pytest.approx(0), path
    settings = settings_of(values, TrainingSettings(tokenizer=TokenizerSettings(kind="bpe")))
    size = SIZES[name]
    assert (settings.architecture, settings.tokenizer.vocabulary) == (size.architecture, size.vocabulary)
    assert settings.optimisation.steps == size.optimisation.steps
    check(settings, "cuda" if name == "gpu" else "cpu")


@pytest.mark.parametrize("path", FIELDS)
@pytest.mark.parametrize("value", VALUES)
def test_whatever_a_field_holds_is_a_setting_or_a_sentence(path, value):
    try:
        check(settings_of({path: value}, TrainingSettings()))
    except (OutOfRange, SettingsError) as told:
        assert str(told)


@given(power=st.floats(-5, -1))
def test_the_learning_rate_is_ten_to_the_power_on_its_slider(power):
    found = settings_of({"optimisation.learning_rate": power}).optimisation.learning_rate
    assert found == pytest.approx(10**power, rel=1e-3)
