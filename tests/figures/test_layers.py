"""The figures of the room of the layers: each draws the numbers that it is given."""

import numpy as np
import pytest

from model.interior.attribution import Attribution, LayerAttribution
from model.interior.lens import LensColumn, LensLayer
from model.interior.residual import Update
from tests.figures.samples import AWKWARD, AWKWARD_SAFE, THEMES, texts
from viz.figures.attribution import attribution_figure
from viz.figures.layer_rows import signed
from viz.figures.lens import lens_figure
from viz.figures.lens_grid import COLOURS, WORDS, lens_grid_figure
from viz.figures.residual import residual_figure
from viz.figures.theme import DARK, LIGHT, contrast

LAYERS, HEADS, VOCAB = 4, 3, 10
CHOSEN = 2
LEADERS = (4, 4, 1, 1, 2)
"""The leading token after each layer."""


def layer(acted, *, leading=None, chosen=CHOSEN, names=3):
    first = LEADERS[acted % len(LEADERS)] if leading is None else leading
    ids = tuple((first + step) % VOCAB for step in range(names))
    return LensLayer(
        layer=acted,
        entropy_bits=3.0 - 0.5 * (acted % 5),
        kl_bits=2.0,
        token_ids=ids,
        probabilities=tuple(0.5 / (1 + step) for step in range(names)),
        rank=None if chosen is None else 1 + (7 * acted) % VOCAB,
        probability=None if chosen is None else 0.1 * (acted % 5),
    )


def layers(count=LAYERS, *, chosen=CHOSEN, names=3):
    return tuple(layer(acted, chosen=chosen, names=names) for acted in range(count + 1))


def draw_lens(theme=LIGHT, count=LAYERS, chosen=CHOSEN, names=3):
    return lens_figure(
        layers(count, chosen=chosen, names=names),
        token_of=AWKWARD.__getitem__,
        chosen=chosen,
        vocab_size=VOCAB,
        theme=theme,
    )


def columns(count, depth=LAYERS, names=3, first=5):
    return [LensColumn(first + at, at % VOCAB, layers(depth, names=names)) for at in range(count)]


def draw_grid(theme=LIGHT, colour="probability", done=6, count=6, depth=LAYERS, selected=7, tokens=60):
    return lens_grid_figure(
        columns(done, depth),
        range(5, 5 + count),
        tokens=[AWKWARD[at % VOCAB] for at in range(tokens)],
        token_of=AWKWARD.__getitem__,
        colour=colour,
        selected=selected,
        layers=depth,
        vocab_size=VOCAB,
        theme=theme,
    )


def updates(count=LAYERS, *, apart=True):
    return [
        Update(at, 10.0 * (at + 1), 3.0 + at, 2.0 + at if apart else None, 1.0 + at if apart else None)
        for at in range(count)
    ]


def draw_residual(theme=LIGHT, apart=True):
    return residual_figure(updates(apart=apart), theme=theme)


def attributed(*, apart=True, bias=0.0, against=None):
    parts = [
        LayerAttribution(
            at,
            total=at - 1.5,
            attention=0.5 * at if apart else None,
            mlp=0.5 * at - 1.5 if apart else None,
            heads=tuple(0.1 * at * (head - 1) for head in range(HEADS)) if apart else None,
            attention_bias=0.0 if apart else None,
        )
        for at in range(LAYERS)
    ]
    logit = 0.25 + sum(one.total for one in parts) + bias
    return Attribution(3, CHOSEN, against, logit, 0.25, tuple(parts), bias)


def draw_attribution(theme=LIGHT, token="<b>", against=None, **wishes):
    return attribution_figure(attributed(**wishes), token=token, against=against, theme=theme)


FIGURES = {
    "lens": draw_lens,
    "lens of 30 layers": lambda theme: draw_lens(theme, 30, names=10),
    "lens of 80 layers past the end": lambda theme: draw_lens(theme, 80, chosen=None, names=10),
    "grid with words": lambda theme: draw_grid(theme, done=24, count=24, depth=30),
    "grid without words": lambda theme: draw_grid(theme, done=48, count=48, depth=30),
    "grid half computed": lambda theme: draw_grid(theme, "rank", done=3),
    "residual stream": draw_residual,
    "attribution": lambda theme: draw_attribution(theme, bias=-0.5, against="&"),
    "attribution of whole layers": lambda theme: draw_attribution(theme, apart=False),
}


# The lens at one position


def test_each_row_holds_the_numbers_of_its_layer():
    figure = draw_lens()
    leading, chosen, _, rank, _, entropy, _ = figure.data
    rows = [-1, 0, 1, 2, 3]
    for trace in figure.data:
        assert list(trace.y) == rows
    found = layers()
    assert list(leading.x) == [one.probabilities[0] for one in found]
    assert list(chosen.x) == [one.probability for one in found]
    assert list(rank.x) == [one.rank for one in found]
    assert list(entropy.x) == [one.entropy_bits for one in found]
    assert (
        figure.layout.xaxis2.type == "log" and figure.layout.xaxis2.range[0] > figure.layout.xaxis2.range[1]
    )
    assert figure.layout.yaxis.range[0] < figure.layout.yaxis.range[1], "the embedding is at the bottom"


def test_the_leading_token_is_named_where_it_changes_and_at_the_end():
    names = draw_lens(DARK).layout.yaxis.ticktext
    shown = [AWKWARD_SAFE[4], None, AWKWARD_SAFE[1], None, AWKWARD_SAFE[2]]
    for name, token in zip(names, shown, strict=True):
        assert ("<b" in name) == (token is not None)
        assert token is None or f">{token}</b>" in name
    assert DARK.accent in names[-1] and DARK.accent not in names[0], "the chosen token is in the accent"
    assert [name.rpartition("\u2002")[2] for name in names] == ["embedding", "0", "1", "2", "3"]


def test_every_column_tells_all_of_a_layer_and_nothing_unescaped():
    figure = draw_lens(names=10)
    bands = [trace for trace in figure.data if trace.hovertemplate]
    assert len(bands) == 3 and len({trace.xaxis for trace in bands}) == 3
    for trace in bands:
        text = trace.customdata[4][0]
        assert "after layer 3" in text and "rank 9" in text
        assert all(token in text for token in AWKWARD_SAFE)
        assert "</script>" not in text
        assert "embedding alone" in trace.customdata[0][0]


def test_past_the_end_there_is_no_rank_and_no_chosen_token():
    figure = draw_lens(chosen=None)
    assert "its rank" in texts(draw_lens()) and "its rank" not in texts(figure)
    assert len([trace for trace in figure.data if trace.type == "bar" and trace.hoverinfo == "skip"]) == 1
    assert all("rank" not in trace.customdata[0][0] for trace in figure.data if trace.customdata is not None)


# The grid


@pytest.mark.parametrize("colour", COLOURS)
def test_cells_are_coloured_by_the_numbers_of_their_layer_and_position(colour):
    heat = draw_grid(colour=colour, done=4).data[0]
    found = columns(4)
    for at, column in enumerate(found):
        truth = {
            "probability": [one.probabilities[0] for one in column.layers],
            "entropy": [one.entropy_bits for one in column.layers],
            "rank": np.log10([one.rank for one in column.layers]),
        }[colour]
        np.testing.assert_allclose(heat.z[:, at], truth, rtol=1e-6)
    assert np.isnan(heat.z[:, 4:]).all(), "not computed yet"
    assert (heat.x0, heat.y0) == (5, -1)
    assert np.nanmax(heat.z) <= heat.zmax and np.nanmin(heat.z) >= heat.zmin


def test_a_position_without_a_next_token_has_no_rank():
    last = LensColumn(9, None, layers(chosen=None))
    figure = lens_grid_figure(
        [last], range(9, 10), tokens=["a"] * 10, token_of=AWKWARD.__getitem__, colour="rank", selected=None,
        layers=LAYERS, vocab_size=VOCAB, theme=LIGHT,
    )  # fmt: skip
    assert np.isnan(figure.data[0].z).all() and figure.layout.shapes == ()
    assert figure.layout.xaxis2.ticktext[0] == "next?"


@pytest.mark.parametrize("theme", THEMES.values())
def test_the_selected_query_is_framed_and_both_axes_name_their_tokens(theme):
    figure = draw_grid(theme, selected=7)
    (frame,) = figure.layout.shapes
    assert (frame.x0, frame.x1, frame.line.color) == (6.5, 7.5, theme.glow)
    read, coming = figure.layout.xaxis.ticktext, figure.layout.xaxis2.ticktext
    assert [text for text in read if "<b" in text] == [
        f'<b style="color:{theme.glow_ink}">{AWKWARD_SAFE[7]}</b>'
    ]
    assert read[0] == AWKWARD_SAFE[5] and coming[0] == AWKWARD_SAFE[6]
    assert draw_grid(selected=99).layout.shapes == ()


def test_words_stand_in_the_cells_where_there_is_room():
    few, many = draw_grid(), draw_grid(done=WORDS + 1, count=WORDS + 1)
    assert few.data[0].texttemplate == "%{text}" and few.data[0].text[0][0] == AWKWARD_SAFE[4]
    assert many.data[0].texttemplate is None
    first, *_, rank = many.data[0].customdata[2][0]
    assert first == f"{AWKWARD_SAFE[1]} 50.0" and rank == "5", "hovering tells it in any case"


# The stream and the logit


def test_lengths_of_the_stream_and_of_what_was_added_are_drawn_by_layer():
    stream, attention, mlp, band = draw_residual().data
    found = updates()
    assert list(stream.x) == [one.entering for one in found]
    assert list(attention.x) == [one.attention for one in found]
    assert list(mlp.x) == [one.mlp for one in found]
    assert list(band.y) == list(stream.y) == [0, 1, 2, 3]
    assert "together 30% of" in band.customdata[0][0]
    assert draw_residual().layout.xaxis.type == "log"


def test_a_model_that_does_not_tell_attention_apart_shows_whole_layers():
    _, total, _ = draw_residual(apart=False).data
    assert list(total.x) == [one.total for one in updates()]
    _, whole, band = draw_attribution(apart=False).data
    assert list(whole.x) == [one.total for one in attributed().layers]
    assert "head" not in band.customdata[2][0]


def test_bars_are_the_parts_of_the_logit_and_add_up_to_it():
    found = attributed(bias=-0.5)
    alone, attention, mlp, band = draw_attribution(bias=-0.5).data
    assert (list(alone.y), list(alone.x)) == ([-2, -1], [found.bias, found.embedding])
    assert list(attention.x) == [one.attention for one in found.layers]
    assert list(mlp.x) == [one.mlp for one in found.layers]
    assert sum([*alone.x, *attention.x, *mlp.x]) == pytest.approx(found.logit)
    assert len(band.y) == 2 + LAYERS
    assert list(draw_attribution().data[0].y) == [-1], "there is no bias"


def test_every_bar_lies_on_the_axis_and_hovering_reaches_all_across():
    figure = draw_attribution()
    low, high = figure.layout.xaxis.range
    drawn = [x for trace in figure.data[:-1] for x in trace.x]
    assert low < min(0, *drawn) and high > max(0, *drawn)
    band = figure.data[-1]
    assert (band.base, band.base + band.x[0]) == (low, high)


def test_hovering_a_layer_names_its_strongest_heads():
    text = draw_attribution().data[-1].customdata[1 + 3][0]
    assert "layer 3 +1.50" in text and "head 0 −0.30" in text and "head 2 +0.30" in text
    assert text.index("head 0") < text.index("head 1")


def test_the_axis_says_whose_logit_it_is_escaped():
    assert "“&lt;b&gt;”" in draw_attribution().layout.xaxis.title.text
    assert "“&lt;b&gt;” − “&amp;”" in draw_attribution(against="&").layout.xaxis.title.text


def test_contributions_have_a_sign():
    assert [signed(number) for number in (2.314, -0.4, 0.0)] == ["+2.31", "−0.40", "+0.00"]


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_words_can_be_read_on_every_colour_of_their_cells(theme):
    heat = draw_grid(theme).data[0]
    assert heat.textfont.color == theme.ink and len(heat.colorscale) >= 3
    assert all(contrast(theme.ink, colour) >= 4.5 for _, colour in heat.colorscale)
