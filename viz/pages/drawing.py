"""Panels drawn one by one, so that what is wrong with one of them takes no other along."""

import traceback
from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from viz.figures.theme import placeholder
from viz.pages.controls import Controls
from viz.pages.panels import FIGURES
from viz.pages.scene import Scene
from viz.server.failing import UNDERSTOOD
from viz.words.lines import problem
from viz.words.strings import say

Panel = Callable[[Scene, Controls], Any]

KEPT = ("strip", "tree", "biases")
"""Fields that stay as they were where they cannot be drawn: a text must not vanish from the page."""


def drawn(panels: Mapping[str, Panel], scene: Scene, controls: Controls) -> dict[str, Any]:
    """Return what panels show.

    One that cannot be drawn says why: a figure in its place, any other, which is empty then, in the notice.
    What is no fault of the person who looks is told in general, and its trace is in the server's log.

    Args:
        panels: by the field of `Screen` that each fills.
        scene: what they show.
        controls: how.
    """
    shown: dict[str, Any] = {}
    told: list[str] = []
    for field, panel in panels.items():
        try:
            shown[field] = panel(scene, controls)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are drawn
            sentence = _why_not(error)
            if field in FIGURES:
                shown[field] = placeholder(sentence, theme=controls.theme)
                continue
            shown[field] = gr.skip() if field in KEPT else None
            told.append(sentence)
    if told:
        shown["notice"] = problem(" ".join(dict.fromkeys(told)))
    return shown


def _why_not(error: Exception) -> str:
    if isinstance(error, UNDERSTOOD):
        return str(error)
    traceback.print_exception(error)
    return say("page.not_drawn")
