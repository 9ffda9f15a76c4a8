"""The plot of docs/performance.md is drawn from what the bench has measured, number by number."""

from xml.etree import ElementTree

import pytest

from tests.bench.contenders import BARE, BATCH, EXACT, FAST, LLAMA, LOGPROBS, RECORDING
from tests.bench.plot import DARK, LIGHT, can_draw, number, save, speed_svg

RATES = {FAST: 61.0, EXACT: 33.4, BARE: 24.6, RECORDING: 9.26, LLAMA: 131.2, LOGPROBS: 20.9}
LIMITS = {FAST: 152.0, EXACT: 76.0, BARE: 77.0, RECORDING: 78.0, LLAMA: 443.0, LOGPROBS: 444.0}
CURVES = {
    FAST: {"1": [58.0], "2": [101.0], "4": [148.0], "8": [203.0], "16": [255.0], "32": [301.0]},
    EXACT: {"1": [31.0], "2": [42.0], "4": [66.0], "8": [98.0], "16": [127.0], "32": [149.0]},
}


def measured(*, without: tuple[str, ...] = ()) -> dict:
    """What `make bench` writes, as far as the plot reads it."""
    rates = {name: [rate - 1, rate, rate + 5] for name, rate in RATES.items() if name not in without}
    limits = {name: [LIMITS[name]] for name in rates}
    other = {name: [1.0] for name in rates}
    texts = {"64": {"tokens_per_second": other, "limits": limits}}
    texts["256"] = {"tokens_per_second": rates, "limits": limits}
    curves = {name: curve for name, curve in CURVES.items() if name not in without}
    speed = {"texts": texts, "formats": {FAST: "float16 weights", EXACT: "float32"}}
    streams = {"new_tokens": 32, "tokens_per_second": curves, BARE: [24.9], BATCH: {"16": [129.0]}}
    return {
        "machine": "2 cores (A & B), torch 2, load 0.4 at the start",
        "samples": {"speed": speed, "streams": streams},
    }


def words(svg: str) -> list[str]:
    return [
        element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("text")
    ]


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_every_number_stands_in_the_plot(colours):
    said = words(speed_svg(measured(), colours))
    expected = [*RATES.values(), *LIMITS.values()]
    expected += [rate for curve in CURVES.values() for rates in curve.values() for rate in rates]
    assert [value for value in expected if number(value) not in said] == []
    assert any(sentence.endswith(": 25") for sentence in said)
    assert any(sentence.endswith(": 129") for sentence in said)


def test_the_longest_text_is_drawn_and_says_how_long_it_is():
    said = words(speed_svg(measured(), LIGHT))
    assert any(sentence.startswith("256 new tokens") for sentence in said)
    assert "1.0" not in said


def test_it_is_an_image_that_runs_and_fetches_nothing():
    svg = speed_svg(measured(), LIGHT)
    root = ElementTree.fromstring(svg)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "title", "text", "line", "rect", "circle", "polyline"}
    assert not [
        name for element in root.iter() for name in element.attrib if name.startswith("on") or "href" in name
    ]


def test_everything_stands_inside_the_picture():
    root = ElementTree.fromstring(speed_svg(measured(), LIGHT))
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    for element in root.iter():
        for name, end in (
            ("x", width),
            ("x1", width),
            ("x2", width),
            ("cx", width),
            ("y", height),
            ("cy", height),
        ):
            assert 0 <= float(element.attrib.get(name, 0)) <= end
        assert float(element.attrib.get("x", 0)) + float(element.attrib.get("width", 0)) <= width


@pytest.mark.parametrize("without", [(LLAMA, LOGPROBS), (FAST,)], ids=["no llama.cpp", "no fast format"])
def test_who_was_not_there_is_left_out(without):
    said = words(speed_svg(measured(without=without), LIGHT))
    assert [number(RATES[name]) for name in without if number(RATES[name]) in said] == []
    assert number(RATES[EXACT]) in said


def test_both_appearances_are_saved_once_both_panels_were_measured(tmp_path):
    assert can_draw(measured())
    assert not can_draw({"samples": {"speed": {}}})
    light, dark = save(measured(), tmp_path)
    assert light.read_text() != dark.read_text()
    assert words(light.read_text()) == words(dark.read_text())
