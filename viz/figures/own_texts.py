"""The data's own texts beside the labels that are drawn: what a figure gives to whoever saves its numbers.

Plotly reads labels as markup, so a label is escaped; it is shortened, and shows what cannot be seen. None of
this is true of the token itself. `meta`, of which Plotly draws nothing, carries the tokens as they are.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from viz.figures.figure import Figure


def own_places(figure: Figure, **axes: Mapping[int, str]) -> None:
    """Keep what the places on axes are.

    Args:
        figure: the figure.
        axes: for `x`, `y` or both, raw texts by coordinate.
    """
    _keep(
        figure,
        "places",
        {letter: {str(at): text for at, text in own.items()} for letter, own in axes.items()},
    )


def own_titles(figure: Figure, **axes: str) -> None:
    """Keep what axes show, where their titles name a token; raw, for `x`, `y` or both."""
    _keep(figure, "titles", axes)


def own_name(text: str) -> dict[str, Any]:
    """Return the `meta` of a trace about a token, or of one whose name is not drawn."""
    return {"name": text}


def own_table(columns: Sequence[str], tokens: Sequence[str]) -> dict[str, Any]:
    """Return the `meta` of a trace that is a table by itself.

    Args:
        columns: names of its x and of the columns of its `customdata`, the first of which holds labels.
        tokens: the raw texts that stand in their place, one for each point.
    """
    return {"columns": list(columns), "tokens": list(tokens)}


def _keep(figure: Figure, what: str, own: Mapping[str, Any]) -> None:
    kept = figure.plan.get("meta", {})
    figure.update_layout(meta={**kept, what: {**kept.get(what, {}), **own}})
