"""The room of the tokens: the pieces that the model reads, and why a character may take several."""

import gradio as gr

from viz.components.heading import heading
from viz.pages.controls import Controls
from viz.pages.layout import Laid, Plan
from viz.pages.panel import STEP, On, Panel, Panels
from viz.pages.room import Room
from viz.pages.scene import Scene
from viz.rooms.tokens.token_table import TokenTable, TokenTableValue, token_table_value


def lay_out(_plan: Plan) -> Laid:
    """Create the room."""
    with gr.Column(elem_classes=["card"]):
        heading("interior.tokens")
        return Laid({"token_table": TokenTable()})


def table(scene: Scene, _controls: Controls) -> TokenTableValue:
    """Return the tokens around the selected one."""
    return token_table_value(scene.pieces, scene.selected)


PANELS: Panels = {"token_table": Panel(table, STEP & ~On.SETTINGS & ~On.HEAD | On.TEXT)}
TOKENS = Room("tokens", "inside", lay_out, PANELS)
