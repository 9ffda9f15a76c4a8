"""What the texts of a page are called."""

from model.texts.branch_tree import Branch
from viz.words.strings import say


def called(branch: Branch) -> str:
    """Return what a branch is called on the page: its name, or its number."""
    return branch.name or say("components.tree.unnamed", number=branch.key + 1)
