"""The head of a room: its question. The head of a card: its title, and a sentence on how to read it."""

from html import escape
from typing import Any

import gradio as gr

from viz.words.strings import say


def heading(key: str, **kwargs: Any) -> gr.HTML:
    """Return the title at `<key>.title` and the sentence at `<key>.say` of the strings, escaped."""
    return gr.HTML(heading_html(say(f"{key}.title"), say(f"{key}.say")), apply_default_css=False, **kwargs)


def question(key: str) -> gr.HTML:
    """Return what a room answers: the question at `key` of the strings, escaped."""
    return gr.HTML(f'<p class="question">{escape(say(key))}</p>', apply_default_css=False)


def heading_html(title: str, sentence: str = "") -> str:
    """Return the HTML of a heading. A value is never part of a template, so it is shown as it is."""
    below = f'<p class="say">{escape(sentence)}</p>' if sentence else ""
    return f"<h2>{escape(title)}</h2>{below}"
