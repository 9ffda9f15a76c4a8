"""A search as a tree that grows from left to right: one column a step, one node a candidate."""

import math
from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from model.lab.beam_search import BeamSearch
from model.lab.beams import Fate, Node
from viz.components.drawn import Drawn
from viz.components.spelling import as_pieces, said_part, shown_piece, spelled
from viz.words.percent import percent, signed
from viz.words.strings import say
from viz.words.tokens import display_token, told_token

LONGEST_TOKEN = 22
"""Most characters of a label: enough for nearly every word."""
MOST_NODES = 1200
"""Of a tree with more nodes, candidates that were dropped at once are left out."""


class TreeNode(TypedDict):
    """One candidate where it is drawn."""

    id: int
    parent: int | None
    row: int
    """From the top of its column."""
    text: str
    share: str
    fate: Fate
    best: bool
    """On the path of the best sequence so far."""
    title: str


class BeamTreeValue(TypedDict):
    """The value of a `BeamTree`."""

    root: str
    """The token that the search goes on from."""
    columns: list[list[TreeNode]]
    note: str
    growing: bool


def beam_tree_value(
    search: BeamSearch, *, root: str, token_of: Callable[[int], str], groups: int = 1
) -> BeamTreeValue:
    """Return the tree of a search.

    Args:
        search: after any of its steps.
        root: the token before the first new one.
        token_of: the text of a token id.
        groups: that the search was divided into.
    """
    shown = search.nodes
    if len(shown) > MOST_NODES:
        shown = tuple(node for node in shown if node.fate != "pruned")
    hidden = len(search.nodes) - len(shown)
    best = {node.id for node in search.path(search.hypotheses[0].node)} if search.hypotheses else set()
    paths: dict[int | None, tuple[str, ...]] = {None: (root,)}
    for node in search.nodes:  # each after its parent
        paths[node.id] = (*paths[node.parent], token_of(node.token_id))
    columns = [
        [_drawn(node, row, node.id in best, paths[node.id], groups) for row, node in enumerate(column)]
        for column in laid_out(shown)
    ]
    return {
        "root": display_token(root, LONGEST_TOKEN),
        "columns": columns,
        "note": say("components.beam_tree.hidden", count=hidden) if hidden else "",
        "growing": search.finish_reason is None,
    }


def laid_out(nodes: Sequence[Node]) -> list[list[Node]]:
    """Return the nodes column by column from top to bottom, so that no two lines to parents cross."""
    columns: list[list[Node]] = []
    rows: dict[int | None, int] = {None: 0}
    for step in range(1 + max((node.step for node in nodes), default=-1)):
        here = [node for node in nodes if node.step == step]
        here.sort(key=lambda node: (rows[node.parent], -node.score, node.id))
        rows |= {node.id: row for row, node in enumerate(here)}
        columns.append(here)
    return columns


def _drawn(node: Node, row: int, best: bool, path: Sequence[str], groups: int) -> TreeNode:
    token, pieces = path[-1], as_pieces(path)
    probability = percent(min(1.0, math.exp(node.logprob)))
    title = say(
        "components.beam_tree.title",
        token=told_token(token),
        probability=probability,
        logprob=signed(node.logprob),
        sum=signed(node.logprob_sum),
        score=signed(node.score),
        fate=say(f"components.beam_tree.fate.{node.fate}"),
    )
    if groups > 1:
        title += "\n" + say("components.beam_tree.group", group=node.group + 1, penalty=signed(-node.penalty))
    title = "\n".join([title, *map(said_part, spelled(pieces).get(len(path) - 1, ()))])
    return {
        "id": node.id,
        "parent": node.parent,
        "row": row,
        "text": shown_piece(pieces[-1], LONGEST_TOKEN),
        "share": probability,
        "fate": node.fate,
        "best": best,
        "title": title,
    }


class BeamTree(Drawn):
    """The tree. Without a value it draws nothing."""

    def __init__(
        self, value: BeamTreeValue | None = None, *, elem_id: str = "beam-tree", **kwargs: Any
    ) -> None:
        words = {
            key: say(f"components.beam_tree.words.{key}")
            for key in ("group", "kept", "pruned", "finished", "best")
        }
        super().__init__(
            "beam_tree", '<div class="beam-tree"></div>', value, words=words, elem_id=elem_id, **kwargs
        )
