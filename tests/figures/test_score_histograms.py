import pytest

from model.interior.score_histograms import entropy_histogram, rank_counts, ratio_histogram
from tests.figures.samples import texts
from viz.figures.score_histograms import buckets, entropy_figure, rank_figure, ratio_figure
from viz.figures.theme import DARK, LIGHT

RANKS = [1, 10, 11, 100, 1000, 1001, 40_000, 2]
RATIOS = [1.0, 0.05, 0.07, 0.55]
ENTROPIES = [0.0, 3.2, 3.9, 15.6]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_rank_bars_are_the_counts_of_the_buckets_with_their_shares(theme):
    figure = rank_figure(rank_counts(RANKS), theme=theme)
    (bars,) = figure.data
    assert list(bars.y) == [3, 2, 1, 2]
    assert bars.text[0] == "<b>3</b> · 38%"
    assert [share for (share,) in bars.customdata] == [3 / 8, 2 / 8, 1 / 8, 2 / 8]
    assert list(figure.layout.xaxis.ticktext) == ["1–10", "11–100", "101–1000", "1001 +"] == buckets()
    assert list(bars.marker.color) == [theme.accent_fill] * 3 + [theme.glow], "what was least expected glows"


def test_bars_of_a_histogram_stand_between_its_edges_and_hold_its_counts():
    (ratios,) = ratio_figure(ratio_histogram(RATIOS), theme=LIGHT).data
    assert list(ratios.y) == [2, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    assert ratios.x[0] == pytest.approx(0.05) and ratios.customdata[5][:2] == ["0.5", "0.6"]
    figure = entropy_figure(entropy_histogram(ENTROPIES, 49_152), theme=LIGHT)
    (bits,) = figure.data
    assert {x: y for x, y in zip(bits.x, bits.y, strict=True) if y} == {0.5: 1, 3.5: 2, 15.5: 1}
    assert list(figure.layout.xaxis.range) == [0, 16], "all that the vocabulary allows"


def test_without_a_token_there_is_a_sentence():
    empty = [
        rank_figure(rank_counts([]), theme=LIGHT),
        ratio_figure(ratio_histogram([]), theme=LIGHT),
        entropy_figure(entropy_histogram([], 50), theme=LIGHT),
    ]
    assert all(figure.data == () and texts(figure) for figure in empty)
