"""The top of every page: its name and places, the text in one line, and what changes it anywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import gradio as gr

from viz.components.model_menu import ModelMenu
from viz.components.page_tools import PageTools
from viz.components.places import Places
from viz.components.text_bar import TextBar
from viz.words.strings import say


@dataclass(frozen=True)
class Shell:
    """What events need of it."""

    model: gr.HTML
    menu: ModelMenu
    places: Places
    buttons: dict[str, gr.Button]


def texts_label(count: int) -> str:
    """Return what the button of the drawer reads while there are so many texts."""
    return say("page.button.texts", count=count)


def lay_out(rooms: Mapping[str, Sequence[tuple[str, str]]]) -> Shell:
    """Create the two lines.

    Args:
        rooms: by the page, ids and names of its rooms.
    """
    buttons: dict[str, gr.Button] = {}
    with gr.Column(elem_id="shell"):
        with gr.Row(elem_classes=["masthead"]):
            gr.HTML(f"<h1>{escape(say('page.title'))}</h1>", elem_id="brand", apply_default_css=False)
            places = Places(rooms)
            menu = ModelMenu()
            model = gr.HTML(elem_id="model", apply_default_css=False)
            PageTools()
        with gr.Row(elem_classes=["text-line"]):
            TextBar()
            for name in ("step", "more", "cut", "undo", "redo"):
                can_be_pressed = name not in ("undo", "redo")
                buttons[name] = _button(say(f"page.button.{name}"), name, interactive=can_be_pressed)
            buttons["texts"] = _button(texts_label(1), "texts-button")
            buttons["share"] = _button(say("page.button.share"), "share")
    return Shell(model, menu, places, buttons)


def _button(label: str, elem_id: str, *, interactive: bool = True) -> gr.Button:
    return gr.Button(label, size="sm", elem_id=elem_id, min_width=30, interactive=interactive)
