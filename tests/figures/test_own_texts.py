"""What a figure gives to whoever saves its numbers: the tokens as they are, whole and not escaped."""

import pytest

from model.lab.rollout_statistics import FirstToken
from tests.figures import samples, test_chain, test_layers
from tests.figures.samples import AWKWARD, causal, reread, steps, sweep
from tests.figures.test_every_figure import FIGURES
from viz.figures.attention import attention_heatmap
from viz.figures.first_tokens import first_tokens_figure
from viz.figures.temperature_sweep import temperature_sweep_figure
from viz.figures.theme import LIGHT
from viz.figures.timeline import timeline

LONG = " a token much longer than any label, with <0xD7>, a\u00a0space, \n and =1+1"
TOKENS = [LONG, *AWKWARD[1:]]


def own(figure):
    """Give all raw texts of a figure, as the browser gets it."""
    read = reread(figure)
    meta = read["layout"].get("meta", {})
    found = [text for places in meta.get("places", {}).values() for text in places.values()]
    for trace in read["data"]:
        about = trace.get("meta", {})
        found += [*about.get("tokens", []), *([about["name"]] if "name" in about else [])]
    return found


def test_the_timeline_gives_the_token_of_every_step():
    table = timeline(steps(10, tokens=TOKENS), selected=9, theme=LIGHT).data[-1].meta
    assert table["tokens"] == TOKENS and table["columns"][1] == "token"


def test_attention_gives_the_tokens_of_queries_and_keys():
    figure = attention_heatmap(
        causal(10)[4:], tokens=TOKENS, first_row=4, first_column=0, selected_row=5, theme=LIGHT
    )
    places = reread(figure)["layout"]["meta"]["places"]
    assert places["x"] == {str(at): token for at, token in enumerate(TOKENS)}
    assert places["y"] == {str(at): TOKENS[at] for at in range(4, 10)}


def test_bands_are_named_by_their_tokens():
    drawn = temperature_sweep_figure(sweep(10), labels=TOKENS, temperature=0.7, chosen=3, theme=LIGHT)
    assert own(drawn) == [*TOKENS, "all others"]
    assert {trace.name for trace in drawn.data}.isdisjoint(["<b>", "&", LONG]), "what is drawn is escaped"


def test_rollouts_give_their_first_tokens_with_all_that_is_drawn_of_them():
    rows = [FirstToken(index, 1, 0.1, 0.02, 0.3, 0.1) for index in range(10)]
    dots = first_tokens_figure(rows, TOKENS, theme=LIGHT).data[1]
    assert dots.meta["tokens"] == TOKENS
    assert len(dots.meta["columns"]) == 1 + len(dots.customdata[0])


@pytest.mark.parametrize("draw", [test_chain.stages, test_chain.cumulative, test_chain.throws])
def test_the_figures_of_the_dice_give_tokens_as_they_are(draw, monkeypatch):
    monkeypatch.setattr(test_chain, "AWKWARD", TOKENS)
    monkeypatch.setattr(samples, "AWKWARD", TOKENS)
    found = own(draw())
    assert LONG in found and "</script>" in found and not any("&lt;" in text for text in found)


def test_the_lens_gives_the_leading_token_of_every_layer(monkeypatch):
    monkeypatch.setattr(test_layers, "AWKWARD", TOKENS)
    places = reread(test_layers.draw_lens())["layout"]["meta"]["places"]["y"]
    assert places == {str(row - 1): TOKENS[leader] for row, leader in enumerate(test_layers.LEADERS)}
    grid = reread(test_layers.draw_grid())["layout"]["meta"]["places"]["x"]
    assert grid == {str(at): TOKENS[at % len(TOKENS)] for at in range(5, 11)}


def test_the_title_of_the_attribution_names_whole_tokens():
    figure = test_layers.draw_attribution(token=LONG, against="&")
    assert figure.layout.meta["titles"]["x"] == f"added to “{LONG}” − “&”"
    assert len(figure.layout.xaxis.title.text) < 60, "which the drawn one does not"


@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_no_raw_text_of_a_figure_was_escaped_or_cut(draw):
    assert not [text for text in own(draw(LIGHT)) if "&lt;" in text or "&amp;" in text or text.endswith("…")]
