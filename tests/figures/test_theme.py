import html
from itertools import pairwise

import numpy as np
import pytest

from tests.figures.samples import AWKWARD, AWKWARD_SAFE, THEMES
from viz.figures.theme import (
    LIGHT,
    PHONE_CHARACTERS,
    add_key,
    base_figure,
    contrast,
    ink_on,
    luminance,
    placeholder,
)
from viz.figures.token_labels import labelled_positions, token_label, token_name

themes = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)


def colour_at(scale, weight):
    stops = [stop for stop, _ in scale]
    channels = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for _, colour in scale])
    mixed = [round(np.interp(weight, stops, channel)) for channel in channels.T]
    return "#{:02x}{:02x}{:02x}".format(*mixed)


@themes
def test_text_colours_reach_aa_contrast_on_the_card(theme):
    assert all(contrast(colour, theme.card) >= 4.5 for colour in (theme.ink, theme.quiet, theme.glow_ink))
    assert contrast(theme.ink, theme.hover) >= 4.5


@themes
def test_heat_moves_evenly_away_from_the_card(theme):
    ramp = [luminance(colour) for _, colour in theme.heat]
    steps = np.diff(ramp) * np.sign(ramp[-1] - ramp[0])
    assert (steps > 0).all()
    assert contrast(theme.heat[-1][1], theme.card) > 12


@themes
def test_weights_from_5_to_20_percent_can_be_told_from_0_and_from_each_other(theme):
    seen = [colour_at(theme.heat, weight) for weight in (0.0, 0.05, 0.1, 0.2)]
    assert all(contrast(one, other) > 1.14 for one, other in pairwise(seen))
    assert contrast(seen[-1], theme.card) > 1.7


@themes
def test_labels_on_any_band_read_well(theme):
    for fill in (*theme.bands, theme.others, theme.accent_fill):
        assert contrast(ink_on(fill, theme), fill) >= 4.5


@themes
def test_a_mark_that_the_card_would_swallow_has_an_outline_in_the_key(theme):
    figure = base_figure(theme=theme, height=100)
    add_key(figure, [("■", theme.bands[2], "pale"), ("■", theme.accent, "strong")], lift=2, theme=theme)
    pale, strong = figure.layout.annotations[0].text.split("\u2003")
    assert f"stroke:{theme.quiet}" in pale and contrast(theme.quiet, theme.card) >= 3
    assert "stroke" not in strong and contrast(theme.accent, theme.card) >= 3


@themes
def test_a_placeholder_says_its_sentence_and_shows_no_axes(theme):
    figure = placeholder("Nothing yet", theme=theme)
    assert [annotation.text for annotation in figure.layout.annotations] == ["Nothing yet"]
    assert figure.layout.xaxis.visible is figure.layout.yaxis.visible is False


def test_a_placeholder_takes_any_text_breaks_it_into_lines_and_escapes_it():
    figure = placeholder("no model <b>gpt</b> here, " + "and a long reason " * 4, theme=LIGHT)
    text = figure.layout.annotations[0].text
    assert "&lt;b&gt;gpt&lt;/b&gt;" in text
    assert max(len(html.unescape(line)) for line in text.split("<br>")) <= PHONE_CHARACTERS


def test_token_labels_are_visible_and_safe():
    assert [token_label(token) for token in AWKWARD] == AWKWARD_SAFE


def test_a_label_of_arabic_or_hebrew_keeps_its_direction_beside_what_else_it_says():
    assert token_label(" سلام") == "\u2068␣سلام\u2069"
    assert token_label(" שלום & <b>", 7) == "\u2068␣שלום␣…\u2069", "and is isolated once it is cut"


def test_only_what_is_read_by_hovering_names_the_invisible():
    assert token_label("می\u200c") == "\u2068می\u200c¦\u2069"
    assert token_name("می\u200c") == "\u2068می\u200c¦\u2069 (U+200C ZERO WIDTH NON-JOINER)"
    assert token_name(" cat") == "␣cat"


def test_a_shortened_label_is_never_cut_inside_an_entity():
    assert token_label("<<<<<<", 4) == "&lt;&lt;&lt;…"


def test_labelled_positions_run_through_the_position_asked_for():
    assert labelled_positions(range(10), through=None, most=10) == list(range(10))
    assert labelled_positions(range(5, 35), through=18, most=10) == [6, 9, 12, 15, 18, 21, 24, 27, 30, 33]
    assert labelled_positions(range(5, 35), through=99, most=10)[0] == 5
