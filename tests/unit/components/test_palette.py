"""One palette: the style sheet's colours are those of the figures and of Gradio's own parts."""

import re

import pytest

from viz.components.theme import page_theme
from viz.figures.theme import DARK, LIGHT, Theme
from viz.words.assets import ASSETS

SHEET = (ASSETS / "style.css").read_text("utf-8")
THEME = vars(page_theme())


def named(start: str) -> dict[str, str]:
    """Return the colours that a block of the style sheet names."""
    block = SHEET[SHEET.index(start) :]
    return dict(re.findall(r"--([\w-]+): ([^;]+);", block[: block.index("}")]))


PAGE = {"light": named("\n.gradio-container {"), "dark": named("\n.dark .gradio-container")}


@pytest.mark.parametrize(("mode", "figures"), [("light", LIGHT), ("dark", DARK)])
def test_figures_lie_on_the_cards_of_the_page_in_its_accent(mode: str, figures: Theme):
    page = PAGE[mode]
    assert (figures.card, figures.accent) == (page["card"], page["accent"])


def test_the_glow_of_figures_is_that_of_the_page():
    glow = "#{:02x}{:02x}{:02x}".format(*map(int, PAGE["light"]["glow"].split()))
    assert LIGHT.glow == DARK.glow == glow and "glow" not in PAGE["dark"]


@pytest.mark.parametrize(("mode", "suffix"), [("light", ""), ("dark", "_dark")])
def test_what_gradio_draws_has_the_ink_and_the_accent_of_the_page(mode: str, suffix: str):
    page = PAGE[mode]
    assert THEME[f"body_text_color{suffix}"] == page["ink"]
    assert THEME[f"slider_color{suffix}"] == page["accent"]
