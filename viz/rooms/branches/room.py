"""The room of the roads not taken: all texts of the page."""

import gradio as gr

from viz.components.heading import heading
from viz.pages.layout import DRAWER, Laid, Plan
from viz.pages.looking import Looking
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.rooms.branches.branch_tree import BranchTreeOutline
from viz.rooms.branches.panels import PANELS
from viz.rooms.branches.walking import Walking
from viz.server.limits import LOOKING


def lay_out(plan: Plan) -> Laid:
    """Create the room."""
    with gr.Column(elem_classes=["card"]):
        heading("lab.branches")
        return Laid({"tree": BranchTreeOutline()})


def wire(laid: Laid, looking: Looking) -> None:
    """Let what a person does with the branches change the page."""
    page, walking = looking.page, Walking(looking.showing)
    looking.on([page.branch.select], walking.act, page.prompt, page.branch)
    page.branch.download(
        walking.save,
        [looking.visitor, page.branch],
        [page.download, page.screen.notice],
        trigger_mode="once",
        **QUIET,
        **LOOKING,
    )


BRANCHES = Room("branches", DRAWER, lay_out, PANELS, wire)
