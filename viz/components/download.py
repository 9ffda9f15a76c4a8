"""A file that the browser makes from a value: none is written on the server."""

from typing import Any, Literal, NotRequired, TypedDict

from viz.components.drawn import NOTHING, Drawn


class DownloadValue(TypedDict):
    """The value of a `Download`."""

    stem: str
    """Of the file's name; the browser adds the date."""
    text: str
    """What stands in it, if it is no table."""
    rows: NotRequired[list[list[Any]] | None]
    """What stands in it if it is CSV, the names of the columns first."""
    kind: NotRequired[Literal["json", "html"]]
    """Of file where it is no table; JSON where it is not said."""
    at: float
    """When it was asked for: the same file can be saved twice."""


class Download(Drawn):
    """Draws nothing. A new value is offered as a file: rows as CSV, anything else as what it says."""

    def __init__(self, *, elem_id: str = "download", **kwargs: Any) -> None:
        super().__init__("download", NOTHING, None, parts=("csv",), elem_id=elem_id, **kwargs)
