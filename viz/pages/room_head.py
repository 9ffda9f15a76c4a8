"""The head of a room, under its question: one filled action, what ends it, and the options folded beneath."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import gradio as gr

from viz.components.switch import Switch
from viz.words.lines import status_line
from viz.words.strings import say


@contextmanager
def head() -> Iterator[None]:
    """Create the card in which what is made meanwhile stands; the results stand in others beneath."""
    with gr.Column(elem_classes=["card", "room-head"]):
        yield


@contextmanager
def presses() -> Iterator[None]:
    """Create the line of a head in which its buttons stand: the action first."""
    with gr.Row(elem_classes=["presses"]):
        yield


def action(label: str, elem_id: str) -> gr.Button:
    """Return the one button of a room that is filled: what it is there for."""
    return gr.Button(label, variant="primary", size="sm", elem_id=elem_id, min_width=60)


def cancel(elem_id: str) -> gr.Button:
    """Return the button that ends what the action began."""
    return gr.Button(say("lab.cancel"), size="sm", elem_id=elem_id, min_width=60, interactive=False)


def unfolds(room: str) -> Switch:
    """Return the button that opens the options of a room; the style sheet heeds where it stands."""
    return Switch(
        f"{room}-options-open",
        say("page.switch.options"),
        say(f"page.switch.{room}_options_title"),
        elem_id=f"{room}-options",
        elem_classes=["unfolds"],
    )


def chips(label: str, names: Mapping[str, str], elem_id: str, start: str | None = None) -> gr.Radio:
    """Return a row of chips of which one is chosen.

    Args:
        label: of the row.
        names: what may be chosen, by its key.
        elem_id: of the element.
        start: what is chosen at first; the first of them by default.
    """
    with gr.Row(elem_classes=["choices"]):
        return gr.Radio(
            [(name, key) for key, name in names.items()],
            value=next(iter(names)) if start is None else start,
            label=label,
            elem_classes=["chips"],
            elem_id=elem_id,
        )


def line(said: str, elem_id: str) -> gr.HTML:
    """Return the line that says how far the action is, as high whatever it says; at first an invitation."""
    return gr.HTML(status_line(said), elem_id=elem_id, elem_classes=["line"], apply_default_css=False)


@contextmanager
def options() -> Iterator[None]:
    """Create what `unfolds` opens, behind the buttons of the same head."""
    with gr.Column(elem_classes=["options"]):
        yield
