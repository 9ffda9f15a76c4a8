"""How a text gets its place among the others of its page: no road that was taken is lost by going on."""

from model.texts.branch_tree import MOST_BRANCHES, Branch, BranchTree
from model.texts.run import Run
from viz.server.service import Trouble
from viz.words.strings import say


def begun(tree: BranchTree, run: Run, name: str = "") -> tuple[BranchTree, Branch | None]:
    """Return the tree with a text that begins by itself, and the branch that had to make room for it.

    The texts of one tree are of one model: for another model the tree begins anew.

    Raises:
        Trouble: the tree is full of branches with names, which go only by hand.
    """
    if run.model != tree.run.model:
        alone = BranchTree.of(run)
        return alone.named(alone.current, name) if name else alone, None
    if not tree.full:
        return tree.started(run, name), None
    gone = _dispensable(tree)
    return tree.without(gone.key).started(run, name), gone


def left(tree: BranchTree, run: Run, position: int) -> BranchTree:
    """Return the tree with a branch that leaves the text on the page at a position.

    Raises:
        Trouble: the tree is full.
    """
    if tree.full:
        raise Trouble(say("page.tree_full", most=MOST_BRANCHES))
    return tree.left(run, position)


def shortened(tree: BranchTree, run: Run) -> BranchTree:
    """Return the tree with only the beginning of its text on the page.

    The whole text stays as a branch, unless another one holds all its tokens anyway.

    Raises:
        Trouble: it would stay, and the tree is full.
    """
    whole, here = tree.run.token_ids, tree[tree.current]
    others = (one.run.token_ids for one in tree.branches if one is not here)
    if not here.name and any(token_ids[: len(whole)] == whole for token_ids in others):
        return tree.grown(run)
    return left(tree, run, len(run.token_ids))


def _dispensable(tree: BranchTree) -> Branch:
    """Return the oldest branch that nobody named and none left, or else the oldest that nobody named."""
    unnamed = [one for one in tree.branches if not one.name and one.key != tree.current]
    leaves = [one for one in unnamed if not tree.children(one.key)]
    if not unnamed:
        raise Trouble(say("page.tree_full_of_names", most=MOST_BRANCHES))
    return (leaves or unnamed)[0]
