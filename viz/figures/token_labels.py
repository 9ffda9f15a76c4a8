"""Tokens as text that Plotly can be trusted with, and which of them to write on an axis."""

import html
from collections.abc import Sequence

from viz.words.tokens import display_token, hidden, in_own_direction


def token_label(token: str, limit: int | None = None) -> str:
    """Return a token, visible and safe inside any text of a figure.

    Plotly reads `<b>`, `<a>` and `<br>` in labels, so these are escaped; quotes are not, as Plotly does not
    know the entity that would stand for them and would print it. Arabic or Hebrew keeps its direction beside
    whatever else the label says.

    Args:
        token: the raw text of the token.
        limit: most characters to show, counted before escaping.
    """
    return html.escape(in_own_direction(display_token(token, limit)), quote=False)


def token_name(token: str, limit: int | None = None) -> str:
    """Return a token as `token_label` does, and the names of characters that cannot be seen: for hovers."""
    names = hidden(token)
    return token_label(token, limit) + (f" ({', '.join(names)})" if names else "")


def labelled_positions(positions: range, *, through: int | None, most: int) -> list[int]:
    """Return the positions to label: all where they fit, else evenly spaced ones.

    Args:
        positions: the positions on the axis.
        through: a position that must be among the labelled ones, if it is on the axis.
        most: how many labels fit.
    """
    step = max(1, -(-len(positions) // most))
    anchor = through if through is not None and through in positions else positions.start
    return [position for position in positions if (position - anchor) % step == 0]


def token_axis(
    tokens: Sequence[str], positions: range, *, selected: int | None, color: str, most: int, limit: int
) -> dict[str, object]:
    """Return the tick settings of an axis whose coordinates are positions and whose labels are tokens.

    Ticks name a few tokens; `labelalias` gives the hover every token by its position, so that it need not be
    repeated for every cell. Positions are numbers, so a token that occurs twice stays two ticks.

    Args:
        tokens: raw texts of the whole text, indexed by position.
        positions: the positions on the axis.
        selected: the position whose label is set in bold, labelled in any case.
        color: of that label.
        most: how many labels fit.
        limit: most characters of a label.
    """
    labels = {position: token_label(tokens[position], limit) for position in positions}
    ticks = labelled_positions(positions, through=selected, most=most)
    return {
        "tickmode": "array",
        "tickvals": ticks,
        "ticktext": [
            f'<b style="color:{color}">{labels[tick]}</b>' if tick == selected else labels[tick]
            for tick in ticks
        ],
        "labelalias": {str(position): token_name(tokens[position], limit) for position in positions},
        "tickformat": "d",
        "hoverformat": "d",
    }


def token_rows(labels: Sequence[str], *, color: str, size: int, limit: int) -> dict[str, object]:
    """Return the settings of an axis whose rows, from the top, are named by tokens or words, all of them.

    Args:
        labels: raw texts.
        color: of the names.
        size: of their letters, in pixels.
        limit: most characters of a name.
    """
    return {
        "range": [len(labels) - 0.5, -0.5],
        "tickmode": "array",
        "tickvals": list(range(len(labels))),
        "ticktext": [token_label(label, limit) + "\u2002" for label in labels],
        "tickfont": {"size": size, "color": color},
        "automargin": "width",
        "showgrid": False,
        "fixedrange": True,
    }
