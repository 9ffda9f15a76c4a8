"""A figure as plain data: traces and a layout that Plotly's script draws.

Plotly's own objects check every property at every change, which takes longer than the numbers themselves.
What a figure says is checked all the same, but where it cannot cost anyone time: by the tests, for every
figure in both themes (`Figure.checked`).
"""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

if TYPE_CHECKING:
    import plotly.graph_objects as go

Part = dict[str, Any]
"""A trace, a layout or something in them, by the names of Plotly's reference."""
TYPED = frozenset(("int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"))
"""Numbers that travel as the bytes they are: those of which a browser has arrays."""


class Figure:
    """Traces and a layout. Its methods are those of `plotly.graph_objects.Figure` that the figures need."""

    def __init__(self, layout: Part) -> None:
        """Return a figure without traces; `layout` may be shared: it is never changed in place."""
        self.traces: list[Part] = []
        self.plan = layout

    def add_trace(self, trace: Part) -> None:
        """Add a trace that names its `type`."""
        self.traces.append(trace)

    def add_bar(self, **trace: Any) -> None:
        """Add bars."""
        self.add_trace({"type": "bar", **trace})

    def add_heatmap(self, **trace: Any) -> None:
        """Add a heatmap."""
        self.add_trace({"type": "heatmap", **trace})

    def add_scatter(self, **trace: Any) -> None:
        """Add points or lines."""
        self.add_trace({"type": "scatter", **trace})

    def add_annotation(self, **annotation: Any) -> None:
        """Write a text."""
        self.update_layout(annotations=[*self.plan.get("annotations", ()), annotation])

    def add_shape(self, **shape: Any) -> None:
        """Draw a line or a rectangle."""
        self.update_layout(shapes=[*self.plan.get("shapes", ()), shape])

    def update_layout(self, **changes: Any) -> None:
        """Change the layout; what is nested and not named stays as it is."""
        self.plan = merged(self.plan, changes)

    def update_xaxes(self, **changes: Any) -> None:
        """Change the axis that lies at the bottom."""
        self.update_layout(xaxis=changes)

    def update_yaxes(self, **changes: Any) -> None:
        """Change the axis that stands at the left."""
        self.update_layout(yaxis=changes)

    def to_json(self) -> str:
        """Return the figure as Plotly's script reads it."""
        return orjson.dumps({"data": self.traces, "layout": self.plan}, default=_plain).decode()

    def checked(self) -> "go.Figure":
        """Return the figure as an object of Plotly.

        Raises:
            ValueError: Plotly has no such property, or not such a value of it.
        """
        import plotly.graph_objects as go  # noqa: PLC0415 - the app itself starts without it

        return go.Figure({"data": self.traces, "layout": self.plan})

    @property
    def data(self) -> Any:
        """The traces as objects of Plotly."""
        return self.checked().data

    @property
    def layout(self) -> Any:
        """The layout as an object of Plotly."""
        return self.checked().layout


def merged(one: Mapping[str, Any], changes: Mapping[str, Any]) -> Part:
    """Return `one` with changes, also of what is nested; neither of them is changed."""
    return {**one, **{name: _changed(one.get(name), value) for name, value in changes.items()}}


def _changed(old: Any, new: Any) -> Any:
    return merged(old, new) if isinstance(old, Mapping) and isinstance(new, Mapping) else new


def _plain(value: Any) -> Any:
    """Return numbers of NumPy as JSON has them; whole arrays in Plotly's form for typed arrays."""
    if isinstance(value, np.generic):
        return value.item()
    if not isinstance(value, np.ndarray):
        raise TypeError(f"no figure holds a {type(value).__name__}")
    if value.dtype.name not in TYPED:
        return value.tolist()
    return {
        "dtype": value.dtype.str[1:],
        "bdata": base64.b64encode(np.ascontiguousarray(value).data).decode(),
        **({"shape": ", ".join(map(str, value.shape))} if value.ndim > 1 else {}),
    }
