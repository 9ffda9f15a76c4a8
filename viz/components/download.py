"""A file that the browser makes from a value: none is written on the server."""

from typing import Any, Literal, NotRequired, TypedDict

from viz.components.drawn import Drawn


class DownloadValue(TypedDict):
    """The value of a `Download`."""

    stem: str
    """Of the file's name; the browser adds the date."""
    text: str
    """What stands in it."""
    kind: NotRequired[Literal["json", "html"]]
    """Of file; JSON where it is not said."""
    at: float
    """When it was asked for: the same file can be saved twice."""


class Download(Drawn):
    """Draws nothing. A new value is offered as a file."""

    def __init__(self, *, elem_id: str = "download", **kwargs: Any) -> None:
        super().__init__("download", "<span></span>", None, elem_id=elem_id, **kwargs)
