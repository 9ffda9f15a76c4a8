"""Small pictures of the attention of all heads of one layer."""

import base64
from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from viz.components.drawn import Drawn
from viz.words.strings import say

LEVELS = 255
"""Of a weight's square root: what a byte holds, and finer than an eye sees."""


class ThumbnailsValue(TypedDict):
    """The value of `HeadThumbnails`."""

    layer: int
    size: int
    """Rows and columns of a picture."""
    pictures: list[str]
    """By head, base64 of size * size bytes, row by row."""
    colours: list[str]
    """From weight 0 to 1, evenly spaced over the square root."""
    opened: int | None
    """The head that is shown alone."""
    note: str


def thumbnails_value(
    patterns: NDArray[np.floating],
    *,
    layer: int,
    length: int,
    colours: Sequence[str],
    opened: int | None = None,
) -> ThumbnailsValue:
    """Return the pictures of a layer.

    Args:
        patterns: (heads, n, n) weights from 0 to 1, queries in rows.
        layer: counted from 0.
        length: tokens of the text that the n rows stand for.
        colours: `#rrggbb`, as `ThumbnailsValue` has them.
        opened: head to mark.
    """
    heads, size = patterns.shape[:2]
    levels = np.rint(np.sqrt(np.clip(patterns, 0, 1)) * LEVELS).astype(np.uint8)
    note = say("components.head_thumbnails.note.one", layer=layer, heads=heads, length=length)
    if size < length:
        most = -(-length // size)
        note = say(
            "components.head_thumbnails.note.several",
            layer=layer, heads=heads, length=length, size=size, most=most,
        )  # fmt: skip
    return {
        "layer": layer,
        "size": size,
        "pictures": [base64.b64encode(picture.tobytes()).decode() for picture in levels],
        "colours": list(colours),
        "opened": opened,
        "note": note,
    }


class HeadThumbnails(Drawn):
    """The pictures, each a button. A press dispatches `head-action`; it fires nothing itself."""

    def __init__(
        self, value: ThumbnailsValue | None = None, *, elem_id: str = "head-thumbnails", **kwargs: Any
    ) -> None:
        words = {key: say(f"components.head_thumbnails.{key}") for key in ("head", "open", "empty")}
        skeleton = '<p class="say"></p><div class="thumbnails"></div>'
        super().__init__("head_thumbnails", skeleton, value, words=words, elem_id=elem_id, **kwargs)
