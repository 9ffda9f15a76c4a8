"""The pictures of the chain and the dice: their numbers are those of the sampler."""

import numpy as np
import pytest

from model.sampler.ladder import ladder
from model.sampler.sampling import draw, shape
from model.sampler.settings import SamplerSettings
from model.sampler.stage_shares import stage_shares
from model.sampler.throws import expected_distance, no_throws, shares, throw
from tests.figures.samples import AWKWARD, AWKWARD_SAFE, THEMES, logits, reread, texts
from viz.figures.cumulative import cumulative_figure
from viz.figures.stages import stages_figure
from viz.figures.theme import LIGHT
from viz.figures.throws import convergence_figure, throws_figure

SETTINGS = SamplerSettings(temperature=0.7, top_k=40, top_p=0.9, min_p=0.02)
SHAPED = shape(logits(), SETTINGS)
COLUMNS = ["model", "temperature<br>0.7", "top-k<br>40", "top-p<br>0.9", "min-p<br>0.02", "dice"]


def token_of(token_id):
    return AWKWARD[token_id % len(AWKWARD)]


def stages(theme=LIGHT, chosen=0, dice=0, columns=COLUMNS, shaped=SHAPED):
    numbers = stage_shares(shaped, always={chosen, dice})
    labels = [token_of(int(token_id)) for token_id in numbers.token_ids]
    return stages_figure(numbers, labels=labels, columns=columns, chosen=chosen, dice=dice, theme=theme)


def cumulative(theme=LIGHT, u=0.5, chosen=None, most=10, coin=""):
    dice = None if u is None else draw(SHAPED, u)
    marked = [token_id for token_id in (dice, chosen) if token_id is not None]
    return cumulative_figure(
        ladder(SHAPED, most=most, marked=marked),
        token_of=token_of,
        u=u,
        dice=dice,
        chosen=chosen,
        why_no_dice="no dice were thrown",
        theme=theme,
        coin=coin,
    )


def thrown(count=1000):
    return throw(no_throws(SHAPED, 0), count, np.random.default_rng(1))


def throws(theme=LIGHT, count=1000):
    numbers = shares(thrown(count), 10)
    return throws_figure(numbers, labels=AWKWARD[: len(numbers)], total=count, theme=theme)


def convergence(theme=LIGHT):
    noted, totals = dict(thrown().noted), np.geomspace(1, 1000, 20)
    expected = totals, expected_distance(SHAPED.kept_probabilities, totals)
    return convergence_figure(list(noted), list(noted.values()), expected, theme=theme)


ALL = {"stages": stages, "cumulative": cumulative, "throws": throws, "convergence": convergence}


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
@pytest.mark.parametrize("figure", ALL.values(), ids=ALL)
def test_every_picture_of_the_room_reaches_the_browser_small_and_lets_a_finger_scroll(figure, theme):
    made = figure(theme=theme)
    assert len(made.to_json()) < 60_000 and made.layout.dragmode is False
    assert reread(made)["layout"]["height"] > 200


def bars(figure):
    return [trace for trace in figure.data if trace.type == "bar"]


def test_the_coin_is_said_above_the_dice_with_room_for_all_sentences():
    for coin, chosen, room in (
        ("", 3, 44),
        ("the coin showed 0.2", None, 44),
        ("the coin showed 0.2", 3, 60),
    ):
        figure = cumulative(coin=coin, chosen=chosen)
        said = figure.layout.annotations[0].text.split("<br>")
        assert (said[-1] == coin) == bool(coin) and figure.layout.margin.t == room


def test_the_columns_of_the_stages_are_the_shares_and_the_hatched_part_is_what_is_cut():
    numbers, figure = stage_shares(SHAPED, always={0}), stages()
    *tokens, others, cut = bars(figure)
    assert np.allclose([trace.y for trace in tokens], numbers.shares.T)
    assert np.allclose(others.y, numbers.others) and np.allclose(cut.y, numbers.cut)
    assert cut.marker.pattern.shape == "/"
    assert np.allclose(np.sum([trace.y for trace in bars(figure)], axis=0), 1)
    lost = [text for (text,) in cut.customdata]
    assert [bool(text) for text in lost] == [bool(share) for share in numbers.cut]


def test_pointing_at_a_stage_that_cuts_tells_the_share_of_what_is_left_as_the_table_does():
    numbers, first = stage_shares(SHAPED, always={0}), bars(stages())[0]
    for column, ((text,), cut) in enumerate(zip(first.customdata, numbers.cut, strict=True)):
        if cut == 0:
            assert text == ""
            continue
        left = SHAPED.stages[column - 1]
        token_id = int(numbers.token_ids[0])
        among = left.probabilities[list(left.token_ids).index(token_id)]
        assert text == f"<br><b>{among:.3%}</b> of what is left after it"
    assert any(text for (text,) in first.customdata)


def test_streams_lead_from_what_a_stage_left_to_what_that_became():
    numbers, figure = stage_shares(SHAPED, always={0}), stages()
    stream = figure.data[0]
    assert stream.fill == "toself" and stream.y[0] == 0
    assert stream.y[2] == pytest.approx(numbers.shares[1, 0])
    assert stream.y[3] == pytest.approx(numbers.shares[0, 0])


def test_the_chosen_token_is_in_the_accent_and_the_one_of_the_dice_in_the_glow():
    fills = [trace.marker.color for trace in bars(stages(chosen=1, dice=3))]
    assert (fills[1], fills[3]) == (LIGHT.accent_fill, LIGHT.glow)
    assert "the dice choose now" in texts(stages(chosen=1, dice=3))[-1]
    assert LIGHT.glow not in [trace.marker.color for trace in bars(stages(chosen=1, dice=1))]


def test_tokens_are_named_beside_the_last_column_safely_and_only_where_there_is_room():
    shown = texts(stages())
    assert any(text.startswith(f"<b>{AWKWARD_SAFE[0]}</b>") for text in shown)
    assert not any("<br>" in text for text in shown)
    assert len(shown) < 9, "not all of them"


def test_two_columns_stand_straight_and_many_are_slanted():
    off = shape(logits(), SamplerSettings(temperature=1, top_k=0, top_p=1))
    few = stages(columns=["model", "dice"], shaped=off)
    assert few.layout.xaxis.tickangle == 0 and stages().layout.xaxis.tickangle < 0
    assert stages().layout.xaxis.ticktext[2] == "top-k 40"


def test_every_step_is_as_high_as_its_probability_and_u_ends_on_the_one_it_hits():
    figure, rungs = cumulative(u=0.6), ladder(SHAPED, most=10, marked=[draw(SHAPED, 0.6)])
    outline, steps, line = figure.data
    assert np.allclose(steps.base, [rung.low for rung in rungs])
    assert np.allclose(steps.y, [rung.probability for rung in rungs])
    assert outline.y[-1] == pytest.approx(1.0)
    place = line.x[1]
    assert line.y == (0.6, 0.6) and rungs[place].low <= 0.6 <= rungs[place].high
    assert steps.marker.color[place] == LIGHT.glow
    assert texts(figure)[0].startswith("<b>u = 0.600 falls on")


def test_both_the_token_of_the_text_and_the_one_of_the_dice_are_marked():
    rare = int(SHAPED.token_ids[-1])
    figure = cumulative(u=0.1, chosen=rare, most=3)
    colours = figure.data[1].marker.color
    assert LIGHT.accent_fill in colours and LIGHT.glow in colours
    assert "in the text stands" in texts(figure)[0]
    same = cumulative(u=0.1, chosen=draw(SHAPED, 0.1))
    assert LIGHT.glow not in same.data[1].marker.color and "stands" not in texts(same)[0]


def test_without_dice_there_is_no_line_and_a_sentence():
    figure = cumulative(u=None)
    assert len(figure.data) == 2 and texts(figure) == ["<b>no dice were thrown</b>"]


def test_dots_are_the_shares_with_their_bands_and_bars_the_probabilities():
    figure, numbers = throws(), shares(thrown(), 10)
    bar, dots = figure.data
    assert list(bar.y) == [one.probability for one in numbers]
    assert list(dots.y) == [one.share for one in numbers]
    assert np.allclose(np.add(dots.y, dots.error_y.array), [one.high for one in numbers])
    assert np.allclose(np.subtract(dots.y, dots.error_y.arrayminus), [one.low for one in numbers])
    assert len(throws(count=0).data) == 1


def test_the_difference_falls_beside_what_chance_leaves():
    chance, found = convergence().data
    assert dict(zip(found.x, found.y, strict=True)) == dict(thrown().noted)
    assert chance.y[-1] < chance.y[0] / 10
    assert convergence().layout.xaxis.type == convergence().layout.yaxis.type == "log"


def test_nothing_thrown_and_nothing_to_throw_for_are_said():
    assert "Throw the dice" in " ".join(texts(convergence_figure([], [], None, theme=LIGHT)))
    sure = np.array([1.0]), np.array([0.0])
    assert "One token is left" in " ".join(texts(convergence_figure([5], [0.0], sure, theme=LIGHT)))
