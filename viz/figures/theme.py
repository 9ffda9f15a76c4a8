"""Colours, type and margins of every figure, for a light and a dark card."""

import html
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from viz.figures.figure import Figure, Part, merged

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
FONT_SIZE = 12
SMALL = 12
TICKS = 11
"""Names of rows and columns that stand close: those of heat maps and of layers."""
MARK = 3.0
"""Contrast with the card from which a mark of a key needs no outline (WCAG 2.2, 1.4.11)."""
PHONE_CHARACTERS = 42
"""Characters of a sentence that fit across a phone."""
CLEAR = "rgba(0,0,0,0)"
HIDDEN_BUTTONS = ("pan", "select", "lasso", "zoomin", "zoomout", "autoscale")

ColorScale = tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Theme:
    """One set of colours. Accent is the model and the choice, glow is surprise and "you are here"."""

    card: str
    """The background that the figures lie on."""
    ink: str
    """Text that is read first."""
    quiet: str
    """Titles, ticks and secondary lines; 4.5:1 against the card."""
    grid: str
    accent: str
    accent_fill: str
    """The accent for large areas."""
    accent_wash: str
    """The accent, thin enough to lie under lines and labels."""
    glow: str
    glow_ink: str
    """The glow as text: 4.5:1 against the card."""
    bands: tuple[str, ...]
    """Fills of stacked bands, the most likely token first."""
    others: str
    """Fill of everything that is not shown by itself."""
    hover: str
    """Background of hover labels."""
    heat: ColorScale
    """(stop, colour) pairs: weights of 0.05 to 0.2 must show, so the ramp runs with the square root."""
    diverging: ColorScale
    """(stop, colour) pairs from what takes away, over nothing in the middle, to what adds."""


def square_root_scale(ramp: str) -> ColorScale:
    """Place evenly spaced colours so that the colour of weight w is the one at sqrt(w) of the ramp."""
    colours = ramp.split()
    return tuple(((index / (len(colours) - 1)) ** 2, colour) for index, colour in enumerate(colours))


def even_scale(ramp: str) -> ColorScale:
    """Place colours at even distances."""
    colours = ramp.split()
    return tuple((index / (len(colours) - 1), colour) for index, colour in enumerate(colours))


LIGHT = Theme(
    card="#ffffff",
    ink="#1f2937",
    quiet="#6b7280",
    grid="rgba(107,114,128,0.16)",
    accent="#4f46e5",
    accent_fill="#4f46e5",
    accent_wash="rgba(79,70,229,0.09)",
    glow="#f59e0b",
    glow_ink="#b45309",
    bands=("#939bd8", "#a8aee1", "#bbc0e9", "#cdd1f0", "#dcdff6", "#e8eafa"),
    others="#f0f1f4",
    hover="#ffffff",
    heat=square_root_scale("#f7f7fd #e3e5fd #cbcffb #b0b5f8 #9396f4 #7875ee #5f57e4 #4a3fc9 #3830a0 #27226f"),
    diverging=even_scale("#8a3a06 #c2640c #f0973a #fbd3a2 #f6f6f8 #cbcffb #9396f4 #5f57e4 #3830a0"),
)

DARK = Theme(
    card="#171a21",
    ink="#e5e7eb",
    quiet="#9ca3af",
    grid="rgba(156,163,175,0.16)",
    accent="#a5b4fc",
    accent_fill="#818cf8",
    accent_wash="rgba(165,180,252,0.12)",
    glow="#f59e0b",
    glow_ink="#fbbf24",
    bands=("#575f99", "#4b5285", "#414772", "#383d60", "#303551", "#2a2e45"),
    others="#21252e",
    hover="#262b36",
    heat=square_root_scale("#1e212c #30345b #424585 #5453aa #6865c8 #817edd #9c9aec #b8b8f5 #d5d7fb #f4f5ff"),
    diverging=even_scale("#ffd9a3 #f7ad4c #c2700f #6b4214 #1e212c #3a3e78 #6865c8 #9c9aec #d5d7fb"),
)


def base_figure(*, theme: Theme, height: int, margin: Mapping[str, int] | None = None) -> Figure:
    """Return an empty figure: transparent, calm, with nothing on it that scrolling on a phone would catch.

    Args:
        theme: the colours.
        height: in pixels; the width follows the card.
        margin: sides that differ from the common ones, in pixels.
    """
    return Figure(merged(_common(theme), {"height": height, "margin": margin or {}}))


@cache
def _common(theme: Theme) -> Part:
    """Return what the layouts of all figures share."""
    font = {"family": FONT, "size": FONT_SIZE, "color": theme.quiet}
    return {
        "template": {},
        "autosize": True,
        "margin": {"l": 44, "r": 12, "t": 24, "b": 34, "pad": 0},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": font,
        "hovermode": "closest",
        "dragmode": False,
        "uirevision": "kept",
        "hoverlabel": {
            "bgcolor": theme.hover,
            "bordercolor": theme.quiet,
            "font": {**font, "color": theme.ink},
            "align": "left",
            "namelength": -1,
        },
        "modebar": {
            "bgcolor": CLEAR,
            "color": theme.quiet,
            "activecolor": theme.accent,
            "remove": list(HIDDEN_BUTTONS),
        },
        "showlegend": False,
        "xaxis": axis(theme),
        "yaxis": axis(theme),
    }


def axis(theme: Theme) -> Part:
    """Return what every axis shares."""
    return {
        "gridcolor": theme.grid,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        # Otherwise Plotly measures every label once more to hide those that reach over the edge: none do.
        "ticklabeloverflow": "allow",
        "tickfont": {"size": SMALL},
        "title": {"font": {"size": SMALL}, "standoff": 6},
    }


def placeholder(message: str, *, theme: Theme, height: int = 160) -> Figure:
    """Return a quiet centred sentence in place of a figure that has nothing to show yet.

    Args:
        message: plain text, broken into lines that fit a phone.
        theme: the colours.
        height: in pixels.
    """
    lines = [html.escape(line, quote=False) for line in textwrap.wrap(message, PHONE_CHARACTERS)]
    figure = base_figure(theme=theme, height=height)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.update_layout(modebar={"remove": [*HIDDEN_BUTTONS, "zoom", "resetscale", "toimage"]})
    figure.add_annotation(
        text="<br>".join(lines),
        showarrow=False,
        xref="paper",
        yref="paper",
        x=0.5,
        y=0.5,
        font={"color": theme.quiet},
    )
    return figure


def add_key(
    figure: Figure, entries: Sequence[tuple[str, str, str]], *, lift: int, shift: int = 0, theme: Theme
) -> None:
    """Write a legend on one line above the plot, from its left edge.

    Plotly's own breaks into a line for each entry, and into the plot, on a phone.

    Args:
        figure: the figure to write on.
        entries: mark, colour of the mark, text.
        lift: pixels above the plot.
        shift: pixels to the right of the plot's left edge.
        theme: the colours.
    """
    parts = (
        f'<span style="{_style(colour, theme)}">{mark}</span>\u2009{text}' for mark, colour, text in entries
    )
    figure.add_annotation(
        text="\u2003".join(parts),
        xref="paper",
        x=0,
        xanchor="left",
        yref="paper",
        y=1,
        yanchor="bottom",
        xshift=shift,
        yshift=lift,
        showarrow=False,
        font={"size": SMALL},
    )


def _style(colour: str, theme: Theme) -> str:
    """Return the style of a mark in a key: one that the card would swallow gets an outline."""
    if contrast(colour, theme.card) >= MARK:
        return f"color:{colour}"
    return f"color:{colour};stroke:{theme.quiet};stroke-width:1px;paint-order:stroke"


def ink_on(background: str, theme: Theme) -> str:
    """Return the theme's ink or its card, whichever reads better on a `#rrggbb` background."""
    return max((theme.ink, theme.card), key=lambda colour: contrast(colour, background))


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb`, 0 black to 1 white (WCAG 2.2)."""
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two `#rrggbb` colours, 1 to 21 (WCAG 2.2)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
