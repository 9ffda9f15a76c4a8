"""The figure of neurons draws the numbers it is given, and names the tokens that each neuron speaks for."""

import re

import numpy as np
import pytest

from model.interior.neurons import LayerNeurons, Moved, Neuron
from tests.figures.samples import AWKWARD, AWKWARD_SAFE, THEMES, reread, texts
from viz.figures.neurons import COLUMNS, ORDERS, neurons_figure
from viz.figures.theme import LIGHT, contrast
from viz.rooms.neurons.words import neurons_html

TOKEN = 0  # <b>
every_theme = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
every_order = pytest.mark.parametrize("order", ORDERS)


def neuron(index: int, activation: float, logit: float) -> Neuron:
    raised = tuple(Moved((index + step) % 10, 0.5 / (1 + step)) for step in range(6))
    lowered = tuple(Moved((index + 5 + step) % 10, -0.4 / (1 + step)) for step in range(6))
    return Neuron(index, activation, 2.0, logit, raised, lowered)


def layer(count: int = 6) -> LayerNeurons:
    some = [neuron(index, (-1) ** index * (9.0 - index), 0.3 * (3 - index)) for index in range(count)]
    return LayerNeurons(
        4,
        7,
        TOKEN,
        np.array([one.activation for one in some], np.float32),
        np.full(count, 2.0, np.float32),
        np.array([one.logit for one in some], np.float32),
        0.1,
        tuple(some),
        tuple(one for one in some if one.logit > 0),
        tuple(one for one in some[::-1] if one.logit < 0),
    )


def draw(theme=LIGHT, order="strongest", count=6):
    return neurons_figure(layer(count), order, token_of=AWKWARD.__getitem__, theme=theme)


def test_the_first_neuron_stands_at_the_top_with_the_length_of_what_it_wrote():
    bars = draw().data[0]
    assert list(bars.x) == [18.0, 16.0, 14.0, 12.0, 10.0, 8.0]
    assert list(bars.y) == [5, 4, 3, 2, 1, 0]
    assert draw().layout.xaxis.title.text == "length of what it wrote"


@pytest.mark.parametrize(("order", "logits"), [("raising", [0.9, 0.6, 0.3]), ("lowering", [-0.6, -0.3])])
def test_in_the_order_of_a_token_bars_are_what_was_added_to_its_logit(order, logits):
    figure = draw(order=order)
    assert list(figure.data[0].x) == pytest.approx(logits)
    assert figure.layout.xaxis.title.text == "added to the logit of “&lt;b&gt;”"
    low, high = figure.layout.xaxis.range
    assert low <= min(0, *logits) and high >= max(0, *logits), "0 is on the axis"


@every_theme
def test_the_sign_of_an_activation_is_a_colour_that_the_card_does_not_swallow(theme):
    colours = draw(theme).data[0].marker.color
    assert colours[0::2] == (theme.accent,) * 3 and colours[1::2] == (theme.quiet,) * 3
    assert all(contrast(colour, theme.card) >= 3 for colour in colours)
    assert "activation +" in texts(draw(theme))[0]


def test_beside_each_bar_stand_its_tokens_and_its_number_and_all_is_escaped():
    labels = draw().layout.yaxis.ticktext
    for index, label in enumerate(labels):
        shown = [AWKWARD_SAFE[(index + step) % 10] for step in range(2)]
        assert label.endswith(f"\u2003{index}")
        for one in shown:
            assert one in label or one[:5] in label
    assert not re.search(r"<(?!/?span)", "".join(labels))


@every_order
def test_hovering_tells_activation_column_product_and_tokens(order):
    first = layer().__getattribute__(order)[0]
    hover = draw(order=order).data[1].customdata[0][0]
    assert f"neuron {first.index} of layer 4" in hover
    assert f"wrote <b>{first.written:.2f}</b>" in hover and "&lt;b&gt;" in hover
    assert hover.index("raises most") < hover.index("lowers most")
    assert "+0.50" in hover and "−0.40" in hover
    assert not re.search(r"<(?!/?b>|br>)", hover), "tokens are escaped"


def test_who_saves_the_numbers_gets_tokens_as_they_are():
    bars = draw().data[0]
    assert bars.meta["tokens"] == AWKWARD[:6]
    assert len(bars.meta["columns"]) == 1 + len(COLUMNS) == 1 + len(bars.customdata[0])
    assert list(bars.customdata[1][1:]) == [1, -8.0, 2.0, pytest.approx(0.6)]


@every_theme
@every_order
def test_without_neurons_there_is_a_sentence(theme, order):
    figure = draw(theme, order, count=0)
    assert not figure.data and texts(figure)[0].startswith("No neuron")


@every_theme
@every_order
@pytest.mark.parametrize("count", [1, 12])
def test_the_figure_survives_the_way_to_the_browser(theme, order, count):
    read = reread(draw(theme, order, count))
    assert read["layout"]["dragmode"] is False and len(draw(theme, order, count).to_json()) < 90_000


def test_the_words_beneath_say_how_few_wrote_half_and_show_any_token():
    said = neurons_html(layer(), "<b>\u05d0")
    assert "2 of the 6 neurons of layer 4" in said, "18² + 16² is more than half"
    assert '<bdi translate="no">&lt;b&gt;\u05d0</bdi>' in said and "{" not in said
