"""What the texts of a page are called."""

from html import escape

from model.texts.branch_tree import Branch
from viz.words.prose import prose
from viz.words.strings import say


def called(branch: Branch) -> str:
    """Return what a branch is called on the page: its name, or its number."""
    return branch.name or _numbered(branch)


def now_on(branch: Branch, more: str = "") -> str:
    """Return the escaped HTML of the notice which text a page is on now, with Undo beside it.

    Args:
        branch: the text that was written or opened last.
        more: a sentence that follows.
    """
    name = say("page.named_text", name=branch.name, text=_numbered(branch)) if branch.name else called(branch)
    said = prose(say("page.now_on", name=name))
    undo = f'<button type="button" class="undo" data-undo>{escape(say("page.button.undo"))}</button>'
    return f'<p class="notice" role="status">{" ".join(filter(None, (said, "·", undo, prose(more))))}</p>'


def _numbered(branch: Branch) -> str:
    return say("components.tree.unnamed", number=branch.key + 1)
