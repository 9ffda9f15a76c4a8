"""The map: every station carries a number of the step, and no text of a model breaks out of its place."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from model.interior.explain import Explanation
from model.interior.journey import Look, StepNumbers, look_of, settled, step_numbers
from model.interior.lens import LensLayer
from model.sampler.sampling import shape
from model.sampler.settings import SamplerSettings
from tests.one_step import SIZES, STEP
from viz.components.token_map import LAYER, STATIONS, TokenMap, token_map_value
from viz.words.tokens import BEGIN, END


def stations(step: StepNumbers | None = STEP, **changes: Any) -> dict[str, dict[str, Any]]:
    value = token_map_value(step, SIZES, **changes)
    return {one["name"]: dict(one) for one in value["stations"]}


def lens_layer(first: int) -> LensLayer:
    return LensLayer(0, 1.0, 0.0, (first, 9), (0.5, 0.1), None, None)


def test_stations_stand_in_the_order_of_the_way_and_three_of_them_in_every_layer():
    found = stations()
    assert list(found) == list(STATIONS)
    assert [name for name, one in found.items() if one["layer"]] == list(LAYER)
    assert list(STATIONS).index("embedding") + 1 == list(STATIONS).index(LAYER[0])


def test_every_station_carries_a_number_or_word_of_the_step():
    live = {name: one["live"].replace(BEGIN, "").replace(END, "") for name, one in stations().items()}
    assert live == {
        "text": "…keeper. He was",
        "tokens": "8 · ␣was",
        "embedding": "576 numbers",
        "attention": "␣keeper 31.0 %",
        "mlp": "1\u00a0536 neurons",
        "stream": "␣so from layer 26",
        "next": "␣so 9.2 %",
        "sampler": "31 left · 67.0 %",
        "dice": "u = 0.389",
        "joins": "#4 · 4.2 %",
    }
    assert stations()["joins"]["title"] == f"{BEGIN}␣lost{END}" and stations()["joins"]["you"]


def test_a_look_at_itself_says_so():
    found = stations(replace(STEP, look=Look(" was", 0.31, 12, None, itself=True)))
    assert found["attention"]["live"] == "itself 31.0 %"


def test_without_a_step_stations_tell_of_the_model_and_no_token_is_named():
    live = {name: one["live"] for name, one in stations(None).items()}
    assert live["tokens"] == "49\u00a0152 kinds" and live["attention"] == "9 heads"
    assert live["dice"] == live["next"] == live["text"] == "–"
    assert stations(None)["joins"]["title"] == "The token"


@pytest.mark.parametrize(
    ("changes", "dice", "joins"),
    [
        ({"u": None, "forced": True}, "put by hand", "#4 · 4.2 %"),
        ({"u": None, "chosen": None, "rank": None, "probability": None}, "not thrown yet", "still open"),
    ],
)
def test_what_nobody_drew_is_told_so(changes, dice, joins):
    found = stations(replace(STEP, **changes))
    assert (found["dice"]["live"], found["joins"]["live"]) == (dice, joins)


def test_what_was_not_read_is_told_by_the_size_of_the_model():
    found = stations(replace(STEP, look=None, settled=None))
    assert (found["attention"]["live"], found["stream"]["live"]) == ("9 heads", "576 numbers")
    value = token_map_value(STEP, replace(SIZES, neurons=None))
    assert value["stations"][4]["live"] == "experts"


def test_tokens_keep_their_own_direction_and_nothing_of_them_is_markup():
    step = replace(STEP, chosen=" سلام<b>", leading="${x}", read=("</script>", "שלום"))
    found = stations(step)
    assert found["joins"]["title"] == f"{BEGIN}␣سلام<b>{END}"
    assert found["next"]["live"].startswith(f"{BEGIN}${{x}}{END}")
    assert found["text"]["live"].startswith(BEGIN) and found["text"]["live"].endswith(END)
    assert json.loads(json.dumps(found)) == found


def test_one_station_is_open_and_each_opens_a_page_and_a_room():
    found = stations(opened="mlp", rooms={"mlp": ("lab", "x")})
    assert [name for name, one in found.items() if one["open"]] == ["mlp"]
    assert (found["mlp"]["page"], found["mlp"]["room"]) == ("lab", "x")
    assert all((one["page"], one["room"]) == STATIONS[name] for name, one in found.items() if name != "mlp")
    assert not any(one["open"] for one in stations().values())


def test_the_map_does_without_a_value():
    assert TokenMap().api_info()["type"] == "object"


# Its numbers


@pytest.mark.parametrize(
    ("leaders", "first"), [([], None), ([4, 4], -1), ([1, 2, 4, 4], 1), ([4, 2, 4], 1), ([1, 2, 3], 1)]
)
def test_the_lens_has_settled_from_the_layer_on_that_keeps_the_word_of_the_output(leaders, first):
    """The first of the list is the embedding, the last the output."""
    assert settled([lens_layer(one) for one in leaders]) == first


def test_a_look_is_the_largest_weight_and_a_rest_on_the_first_token_is_told_beside_it():
    assert look_of(np.array([0.2, 0.5, 0.3]), "abc", 4) == Look("b", 0.5, 4, None)
    assert look_of(np.array([0.6, 0.1, 0.3]), "abc", 4, 2) == Look("c", 0.3, 4, 2, itself=True, first=0.6)
    assert look_of(np.array([1.0]), "a", 0) == Look("a", 1.0, 0, None, itself=True)


def test_the_numbers_of_a_step_are_those_of_its_distribution():
    logits = np.array([0.0, 2.0, 1.0, -1.0], dtype=np.float32)
    shaped = shape(logits, SamplerSettings(temperature=1.0, top_k=2, top_p=1.0))
    found = step_numbers(Explanation(3, shaped, 2, 0.9, False), ["a", "b", "c"], lambda one: f"t{one}")
    probabilities = np.exp(logits) / np.exp(logits).sum()
    assert (found.read, found.leading, found.chosen, found.rank) == (("a", "b", "c"), "t1", "t2", 2)
    assert found.leading_probability == pytest.approx(probabilities[1])
    assert found.probability == pytest.approx(probabilities[2])
    assert found.shaped_probability == pytest.approx(probabilities[2] / probabilities[1:3].sum())
    assert (found.kept, found.u, found.settled) == (2, 0.9, None)
    assert found.kept_mass == pytest.approx(probabilities[1:3].sum())
    nothing = step_numbers(Explanation(3, shaped, None, None, False), ["a"], str)
    assert nothing.chosen is None and nothing.rank is None and nothing.probability is None
