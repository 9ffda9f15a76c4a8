"""The room of the roads not taken."""

from typing import Any

from viz.components.branch_tree import BranchTreeOutline, TreeValue, branch_tree_value
from viz.components.heading import heading
from viz.pages.controls import Controls
from viz.pages.scene import Scene


def lay_out() -> dict[str, Any]:
    """Create the room and return its outputs by the field of `Screen`."""
    heading("lab.branches")
    return {"tree": BranchTreeOutline()}


def tree(scene: Scene, controls: Controls) -> TreeValue:
    """Return the outline of all texts of the page."""
    return branch_tree_value(scene.tree, scene.compared)
