"""What the room of the branches shows of a scene, and remembers of a visitor."""

from model.texts.branch_tree import BranchTree
from viz.pages.controls import Controls
from viz.pages.kept import Kept, RoomState
from viz.pages.panel import On, Panel, Panels
from viz.pages.scene import Scene
from viz.rooms.branches.branch_tree import TreeValue, branch_tree_value


class BranchesState(RoomState):
    """What the room remembers of a visitor."""

    comes_back = True
    of_page = True

    def __init__(self) -> None:
        self.compared: int | None = None
        """Key of the branch that the one on the page is compared with."""


def outline(tree: BranchTree, kept: Kept) -> TreeValue:
    """Return the outline of all texts of a page."""
    return branch_tree_value(tree, kept.of(BranchesState).compared)


def tree(scene: Scene, controls: Controls) -> TreeValue:
    """Return the outline of all texts of the page."""
    return outline(scene.tree, scene.kept)


PANELS: Panels = {"tree": Panel(tree, On.TEXT | On.BEGINNING, of_text=True, kept=True)}
