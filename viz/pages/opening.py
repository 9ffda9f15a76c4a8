"""How a text that the lab has written comes onto the page: as a branch of the one that is there."""

from model.texts.branch_tree import MOST_BRANCHES
from model.texts.comparison import shared
from model.texts.given import given_text
from model.texts.run import Run
from viz.pages.controls import Controls
from viz.pages.screen import Screen
from viz.pages.showing import Showing, require_idle
from viz.pages.visitor import Visitor
from viz.server.service import Trouble
from viz.words.branches import now_on
from viz.words.strings import say


def open_run(
    showing: Showing, visitor: Visitor, run: Run, name: str, prompt: str, controls: Controls
) -> Screen:
    """Put a run on the page; Undo brings back the text that was there.

    Args:
        showing: redraws the page.
        visitor: whose page it is.
        run: a text of the model that is here; one that the page has already is gone back to.
        name: of the new branch.
        prompt: what stands in the field of the prompt.
        controls: where they stand.

    Raises:
        Trouble: a text is being written, or the page has no room for another one.
    """
    with visitor.lock:
        require_idle(visitor)
        tree, before = visitor.tree, visitor.run
        known = next((one.key for one in tree.branches if one.run.token_ids == run.token_ids), None)
        if known is not None:
            visitor.history.change(tree.selected(known))
        elif tree.full:
            raise Trouble(say("page.tree_full", most=MOST_BRANCHES))
        else:
            visitor.history.change(tree.left(run, shared(tree.run.token_ids, run.token_ids), name))
        showing.take(visitor)
    screen = showing.redraw(visitor, controls)._replace(notice=now_on(visitor.branch))
    return screen if prompt != given_text(before) else screen._replace(prompt=given_text(visitor.run))
