"""All heads of a model at a glance: a square each, layers down, heads across; and the first few by value."""

import math
from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from model.interior.head_quantities import ranked
from viz.components.drawn import Drawn
from viz.words.percent import percent
from viz.words.strings import say
from viz.words.tokens import display_token

FIRST = 10
"""Heads in the list of the largest values."""
UNITS = {"entropy": "bits", "distance": "tokens"}
"""Units of the quantities; those not named are shares of a row's weight."""
SHARE = "share"
SHARE_TICKS = (0.0, 0.05, 0.25, 0.5, 1.0)
LONGEST_TOKEN = 16


class HeadCell(TypedDict):
    """One head."""

    shade: float | None
    """Where its value stands on the scale of colours, 0 to 1; None where there is none."""
    text: str


class TopHead(TypedDict):
    """One head of the list."""

    layer: int
    head: int
    text: str
    shade: float


class Tick(TypedDict):
    """One mark of the scale of colours."""

    at: float
    text: str


class HeadGridValue(TypedDict):
    """The value of a `HeadGrid`."""

    cells: list[list[HeadCell]]
    """By layer and head."""
    top: list[TopHead]
    colours: list[str]
    """Of the scale, evenly spaced."""
    ticks: list[Tick]
    unit: str
    caption: str
    """What the quantity means."""
    sentence: str
    """About one head, with {layer}, {head} and {value} to be filled in."""
    empty: str
    """Why there are no values."""
    opened: list[int]
    """Layer and head on the sliders; the head is missing where the mean over heads is shown."""
    keys: list[str]
    """Tokens that can be chosen; empty where the quantity asks about none."""
    key: int


def unit_of(quantity: str) -> str:
    """Return bits, tokens or share."""
    return UNITS.get(quantity, SHARE)


def value_text(value: float, unit: str) -> str:
    """Return a value as a person reads it, with its unit."""
    if unit == SHARE:
        return percent(value)
    return say(f"components.head_grid.value.{unit}", value=f"{value:.{2 if unit == 'bits' else 1}f}")


def head_grid_value(
    values: NDArray[np.floating],
    *,
    quantity: str,
    colours: Sequence[str],
    opened: Sequence[int] = (),
    empty: str = "",
    keys: Sequence[str] = (),
    key: int = 0,
) -> HeadGridValue:
    """Return the grid of one quantity.

    Args:
        values: (layers, heads), NaN where a head has none.
        quantity: name of `model.head_quantities.QUANTITIES`.
        colours: `#rrggbb`, evenly spaced from the lowest to the highest value.
        opened: layer, and head if one is shown alone.
        empty: sentence for a grid without any value.
        keys: raw tokens to choose from, where the quantity asks about one.
        key: position of the chosen one.
    """
    unit = unit_of(quantity)
    end = scale_end(values, unit)

    def cell(value: float) -> HeadCell:
        if math.isnan(value):
            return {"shade": None, "text": ""}
        return {"shade": round(shade(value, unit, end), 4), "text": value_text(value, unit)}

    first = [one for one in ranked(values)[:FIRST] if not math.isnan(one[2])]
    return {
        "cells": [[cell(float(value)) for value in row] for row in values],
        "top": [
            {
                "layer": layer,
                "head": head,
                "text": value_text(value, unit),
                "shade": round(value / end if end else 0.0, 4),
            }
            for layer, head, value in first
        ],
        "colours": list(colours),
        "ticks": ticks(unit, end),
        "unit": say(f"components.head_grid.unit.{unit}"),
        "caption": say(f"interior.heads.caption.{quantity}"),
        "sentence": say(f"interior.heads.sentence.{quantity}"),
        "empty": empty if np.isnan(values).all() else "",
        "opened": list(opened),
        "keys": [display_token(token, LONGEST_TOKEN) for token in keys],
        "key": key,
    }


def scale_end(values: NDArray[np.floating], unit: str) -> float:
    """Return the value of the last colour: 1 for shares, else the largest value, rounded up."""
    if unit == SHARE:
        return 1.0
    largest = 0.0 if np.isnan(values).all() else float(np.nanmax(values))
    return float(max(1, math.ceil(largest)))


def shade(value: float, unit: str, end: float) -> float:
    """Return where a value stands on the scale, 0 to 1.

    Shares run with the square root, as the weights of the heat map do: 5 % must show.
    """
    part = min(1.0, max(0.0, value / end))
    return math.sqrt(part) if unit == SHARE else part


def ticks(unit: str, end: float) -> list[Tick]:
    """Return the marks of the scale."""
    if unit == SHARE:
        return [{"at": shade(tick, unit, end), "text": f"{100 * tick:g} %"} for tick in SHARE_TICKS]
    return [{"at": part, "text": f"{part * end:g}"} for part in (0.0, 0.5, 1.0)]


class HeadGrid(Drawn):
    """The grid and the list. A click, Enter or Space dispatches `head-action`; it fires nothing itself."""

    def __init__(
        self, value: HeadGridValue | None = None, *, elem_id: str = "head-grid", **kwargs: Any
    ) -> None:
        words = {
            key: say(f"components.head_grid.words.{key}")
            for key in ("grid", "layer", "head", "none", "top", "top_item", "hint", "key")
        }
        super().__init__(
            "head_grid", '<div class="head-grid"></div>', value, words=words, elem_id=elem_id, **kwargs
        )
