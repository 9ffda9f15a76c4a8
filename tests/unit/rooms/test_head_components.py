"""The heads as they are shown: numbers unchanged, what is missing said, BertViz's pages offline."""

import base64
import json
import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model.interior.head_quantities import QUANTITIES
from viz.rooms.heads import bertviz_neuron
from viz.rooms.heads.bertviz_model import MOST_LINES, MOST_TOKENS, layers_beside, model_view_value
from viz.rooms.heads.bertviz_neuron import CLOSED, OPEN, neuron_view_value
from viz.rooms.heads.head_choice import HeadChoice, chosen_key
from viz.rooms.heads.head_grid import HeadGrid, head_grid_value, shade, ticks, unit_of
from viz.rooms.heads.head_thumbnails import HeadThumbnails, thumbnails_value

COLOURS = ["#ffffff", "#888888", "#000000"]
TOKENS = ["</script>", "<!--", '"', "${x}"]
PLACE = {"first": 2, "count": 40, "dark": False}


def grid(values: Any, quantity: str = "previous_token", **changes: Any) -> dict[str, Any]:
    return dict(head_grid_value(np.array(values, dtype=float), quantity=quantity, colours=COLOURS, **changes))


def attention(*shape: int) -> Any:
    weights = np.tril(np.random.default_rng(1).random(shape))
    return weights / weights.sum(-1, keepdims=True)


# The grid


@given(arrays(float, (3, 2), elements=st.floats(0, 1)), st.sampled_from(sorted(QUANTITIES)))
def test_shades_keep_the_order_of_the_values_and_the_list_is_the_largest(values, quantity):
    value = grid(values, quantity)
    shades = [cell["shade"] for row in value["cells"] for cell in row]
    assert all(0 <= one <= 1 for one in shades)
    ordered = [shades[index] for index in np.argsort(values.ravel())]
    assert ordered == sorted(ordered)
    first = [values[one["layer"], one["head"]] for one in value["top"]]
    assert first == sorted(values.ravel(), reverse=True)


def test_a_head_without_a_value_has_no_colour_and_is_not_listed():
    value = grid([[0.5, math.nan]], empty="nothing here")
    assert value["cells"] == [[{"shade": 0.7071, "text": "50.0 %"}, {"shade": None, "text": ""}]]
    assert [one["head"] for one in value["top"]] == [0] and value["empty"] == ""
    assert grid([[math.nan] * 2], empty="nothing here")["empty"] == "nothing here"
    assert grid(np.empty((0, 0)), empty="nothing here")["cells"] == []


@pytest.mark.parametrize(
    ("quantity", "text"), [("entropy", "3.42 bits"), ("distance", "3.4 tokens"), ("token", "100 %")]
)
def test_values_carry_their_units(quantity, text):
    value = grid([[1.0 if quantity == "token" else 3.42]], quantity)
    assert value["cells"][0][0]["text"] == text
    assert value["ticks"][-1]["text"] == ("100 %" if quantity == "token" else "4")


def test_marks_stand_where_the_colours_of_their_values_are():
    assert [tick["at"] for tick in ticks("share", 1.0)][3] == pytest.approx(shade(0.5, "share", 1.0))
    assert [tick["text"] for tick in ticks("bits", 5.0)] == ["0", "2.5", "5"]


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_every_quantity_has_a_meaning_and_a_sentence(quantity):
    value = grid([[0.25]], quantity)
    assert value["caption"].endswith(".") and unit_of(quantity) in ("bits", "tokens", "share")
    assert set(re.findall(r"\{(\w+)\}", value["sentence"])) == {"layer", "head", "value"}


def test_keys_are_shown_visibly():
    assert grid([[0.5]], "token", keys=[" a", "\n"], key=1)["keys"] == ["␣a", "↵"]


@pytest.mark.parametrize("wrong", [None, [], {"key": "1"}, {"key": True}, {"key": 1.0}, {}])
def test_only_a_position_is_a_key(wrong):
    assert chosen_key(wrong) is None and chosen_key({"key": 4}) == 4


@pytest.mark.parametrize("component", [HeadGrid, HeadThumbnails, HeadChoice])
def test_components_do_without_a_value(component):
    assert component().api_info()["type"] == "object"


# Pictures


@given(arrays(np.float32, (2, 3, 3), elements=st.floats(0, 1, width=32)))
def test_a_picture_holds_every_weight(patterns):
    value = thumbnails_value(patterns, layer=1, length=3, colours=COLOURS)
    assert value["size"] == 3 and len(value["pictures"]) == 2
    for picture, pattern in zip(value["pictures"], patterns, strict=True):
        levels = np.frombuffer(base64.b64decode(picture), np.uint8).reshape(3, 3)
        assert np.abs(levels / 255 - np.sqrt(pattern)).max() <= 0.5 / 255 + 1e-6


@pytest.mark.parametrize(
    ("length", "said"), [(32, None), (37, "up to 2 "), (64, "up to 2 "), (65, "up to 3 ")]
)
def test_pictures_say_how_many_tokens_a_cell_stands_for(length, said):
    size = min(length, 32)
    note = thumbnails_value(attention(1, size, size), layer=0, length=length, colours=COLOURS)["note"]
    most = max(np.bincount(np.arange(length) * size // length))
    assert (f"up to {most} neighbouring" in note) == (said is not None) == ("neighbouring" in note)
    assert said is None or said in note


# BertViz


def model_view(tokens: list[str] = TOKENS, layers: int = 2) -> Any:
    weights = attention(layers, 3, len(tokens), len(tokens))
    shown = range(4, 4 + layers)
    return model_view_value(tokens, weights, shown=shown, layers=30, **PLACE)


def neuron_view(tokens: list[str] = TOKENS, **changes: Any) -> Any:
    vectors = np.random.default_rng(2).normal(0, 1, (2, len(tokens), 4))
    arguments = {"scaling": 0.5, "rotary": True, "layer": 7, "head": 2, **PLACE, **changes}
    return neuron_view_value(tokens, *vectors, attention(len(tokens), len(tokens)), **arguments)


@pytest.mark.parametrize("view", [model_view, neuron_view])
def test_tokens_cannot_leave_a_script_and_no_other_host_is_asked(view):
    page = view()["page"]
    assert page.count("</script>") == page.count("<script") and "<!--" not in page
    assert not re.search(r"""src=["']?https?:""", page)


def test_the_model_view_names_the_layers_it_shows():
    value = model_view()
    assert '"include_layers":[4,5]' in value["page"] and "layers 4 to 5 of 30" in value["note"]
    assert "Tokens 2 to 5 of 40" in value["note"]


@given(st.integers(1, 60), st.integers(1, 64), st.data())
def test_a_layer_is_on_its_page_and_the_page_is_bounded(layers, heads, data):
    layer = data.draw(st.integers(0, layers - 1))
    shown = layers_beside(layer, layers, heads)
    assert layer in shown and 0 <= shown.start < shown.stop <= layers
    assert len(shown) == 1 or len(shown) * heads * MOST_TOKENS**2 <= MOST_LINES


def test_the_neuron_view_s_products_are_the_model_s_scores():
    queries, keys = np.random.default_rng(2).normal(0, 1, (2, len(TOKENS), 4))
    page = neuron_view(scaling=0.2)["page"]
    found = json.JSONDecoder().raw_decode(page, page.index("bertviz_params=") + len("bertviz_params="))[0]
    data = found["attention"]["all"]
    asked, met = (np.array(data[name][0][0]) for name in ("queries", "keys"))
    scores = np.einsum("id,jd->ij", asked, met) / 2  # BertViz divides by the square root of the size
    assert np.abs(scores - 0.2 * np.einsum("id,jd->ij", queries, keys)).max() < 0.01
    assert found["bidirectional"] is False


def test_the_neuron_view_says_whether_positions_turned_its_vectors_and_begins_with_them():
    assert "RoPE" in neuron_view()["note"] and "RoPE" not in neuron_view(rotary=False)["note"]
    script = bertviz_neuron._script()
    assert OPEN in script and CLOSED not in script
