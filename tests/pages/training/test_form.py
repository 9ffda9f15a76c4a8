"""The fields of a training and its settings say the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.numbers import OutOfRange
from model.training.limits import check
from model.training.presets import PRESETS
from model.training.settings import SettingsError, TrainingSettings
from tests.pages.hostile import VALUES
from viz.training.fields import CHOICES, DIALS
from viz.training.form import FIELDS, preset_values, settings_of, values_of


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
