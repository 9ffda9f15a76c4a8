"""The Gradio theme under the style sheets of `assets`: system fonts, indigo, blocks without frames."""

from collections.abc import Iterable
from pathlib import Path

import gradio as gr

SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


LOOK = "look"
AFTER_GRADIOS_OWN = f'<script>document.head.append(document.getElementById("{LOOK}"));</script>'
"""For Gradio's `head`: puts the style sheets of `page_head` behind those that Gradio has loaded by then.

Of two rules that are as strong as each other the later one counts.
"""


def page_theme() -> gr.themes.Base:
    """Return the theme of every page. Its fonts are the system's: no font host is asked."""
    return gr.themes.Base(
        primary_hue="indigo",
        neutral_hue="gray",
        radius_size="lg",
        spacing_size="sm",
        font=[gr.themes.Font(name) for name in SANS],
        font_mono=[gr.themes.Font(name) for name in MONO],
    ).set(
        body_background_fill="#fafaf9",
        body_background_fill_dark="#0f1115",
        body_text_color="#1f2937",
        body_text_color_dark="#f3f4f6",
        body_text_color_subdued="#6b7280",
        body_text_color_subdued_dark="#9ca3af",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_shadow="none",
        block_shadow_dark="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_title_text_weight="500",
        block_title_text_size="0.85rem",
        panel_background_fill="transparent",
        panel_background_fill_dark="transparent",
        input_background_fill="#ffffff",
        input_background_fill_dark="#1e222b",
        input_border_width="1px",
        input_border_color="#d1d5db",
        input_border_color_dark="#3a404d",
        input_border_color_focus="#6366f1",
        input_border_color_focus_dark="#818cf8",
        slider_color="#4f46e5",
        slider_color_dark="#a5b4fc",
        button_large_radius="10px",
        button_medium_radius="10px",
        button_primary_background_fill="#4f46e5",
        button_primary_background_fill_hover="#4338ca",
        button_primary_background_fill_dark="#4f46e5",
        button_primary_background_fill_hover_dark="#6366f1",
        button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_hover="#f3f4f6",
        button_secondary_background_fill_dark="#232833",
        button_secondary_background_fill_hover_dark="#2d3340",
        button_secondary_border_color="#d1d5db",
        button_secondary_border_color_dark="#3a404d",
        button_border_width="1px",
    )


def page_head(sheets: Iterable[Path]) -> str:
    """Return style sheets in this order, as they are, for the head of the page.

    Gradio's `css` argument writes every rule a second time under a prefix, which splits `:is(a, b)` at its
    comma, and leaves only the prefixed copy of what stands inside `@media`.
    """
    style = "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
    return f'<style id="{LOOK}">{style}</style>'
