"""The tree of many continuations: what they begin with is drawn once, as wide as there are texts in it.

Places are worked out here, in pixels of a monospaced font: the browser only draws, in a box that scrolls.
"""

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from model.lab.rollout_statistics import RolloutNode
from viz.components.drawn import Drawn
from viz.words.percent import count, percent
from viz.words.strings import say
from viz.words.tokens import ELLIPSIS, display_token, isolated

CHARACTER = 7.25
"""Pixels of a character, at the size that the style sheet gives the labels."""
LABEL = 17
"""Pixels above a branch, for its label."""
BENEATH = 5
FULL = 26.0
"""Width of a branch that all texts take."""
THIN = 1.5
BEND = 40
"""Pixels from the end of a branch to the beginning of the next."""
TRUNK = 84
LONGEST, LONGEST_LEAF = 26, 44
"""Most characters of a label."""
PAD = 8


class Branch(TypedDict):
    """One node: a level stretch with its label above, and the bend that leads to it."""

    parent: int | None
    label: str
    times: str
    """How many texts, where there are several."""
    title: str
    x: float
    y: float
    """Of the middle of the stretch."""
    length: float
    thick: float
    from_x: float
    from_y: float
    """Where its bend begins."""


class RolloutTreeValue(TypedDict):
    """The value of a `RolloutTree`."""

    branches: list[Branch]
    width: float
    height: float
    trunk: dict[str, Any]
    """The beginning that all of them share: `label`, and its place."""
    note: str


def rollout_tree_value(
    nodes: Sequence[RolloutNode],
    *,
    rollouts: int,
    left_out: int = 0,
    token_of: Callable[[int], str] | None = None,
) -> RolloutTreeValue | None:
    """Return the tree with its places; None without a node.

    Args:
        nodes: as `rollout_tree` returns them, each before its children.
        rollouts: texts that they were made from.
        left_out: nodes that were pruned.
        token_of: the text of a token id: names tokens that add nothing to the text, such as its end or the
            beginning of an emoji.
    """
    if not nodes:
        return None
    inner = {node.parent for node in nodes}
    thick = [max(THIN, FULL * node.share) for node in nodes]
    tops = _heights(nodes, thick)
    branches: list[Branch] = []
    for index, node in enumerate(nodes):
        before = None if node.parent is None else branches[node.parent]
        from_x = float(TRUNK) if before is None else before["x"] + before["length"]
        text = _text(node, token_of)
        label = _label(text, LONGEST if index in inner else LONGEST_LEAF)
        times = f"×{node.count}" if node.count > 1 else ""
        width = cells(label) + (1 + len(times) if times else 0)
        branches.append(
            {
                "parent": node.parent,
                "label": label,
                "times": times,
                "title": _title(node, text, rollouts),
                "x": from_x + BEND,
                "y": tops[index],
                "length": round(max(2, width) * CHARACTER + 6, 1),
                "thick": round(thick[index], 2),
                "from_x": from_x,
                "from_y": 0.0,
            }
        )
    middle = branches[0]["y"]
    _bends(branches, middle)
    return {
        "branches": branches,
        "width": max(branch["x"] + branch["length"] for branch in branches) + PAD,
        "height": max(branch["y"] + branch["thick"] / 2 for branch in branches) + PAD,
        "trunk": {
            "label": say("components.rollouts.trunk", count=count(rollouts)),
            "x": 0,
            "y": middle,
            "length": TRUNK,
            "thick": FULL,
        },
        "note": _note(len(nodes), left_out),
    }


def cells(text: str) -> int:
    """Return how many characters of a monospaced font a text takes: two for one of East Asia or an emoji.

    Accents and joiners stand on others and take none.
    """
    seen = (one for one in text if unicodedata.category(one) not in ("Mn", "Me", "Cf"))
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in seen)


def _heights(nodes: Sequence[RolloutNode], thick: Sequence[float]) -> list[float]:
    """Return the y of each node: that of the first leaf behind it, so that the most common way is straight.

    Rows are as high as what lies in them; the first has the trunk, which is as wide as all texts together.
    """
    rows = [0] * len(nodes)
    first_child = {node.parent: index for index, node in reversed(list(enumerate(nodes)))}
    for index in reversed(range(len(nodes))):
        child = first_child.get(index)
        rows[index] = int(nodes[index].row) if child is None else rows[child]
    high = [FULL, *[THIN] * max(rows)]
    for row, width in zip(rows, thick, strict=True):
        high[row] = max(high[row], width)
    middles, top = [], 0.0
    for height in high:
        middles.append(round(top + LABEL + height / 2, 1))
        top += LABEL + height + BENEATH
    return [middles[row] for row in rows]


def _bends(branches: list[Branch], trunk: float) -> None:
    """Let the bends to all children of a branch lie side by side at its end, from its upper edge."""
    for parent in {branch["parent"] for branch in branches}:
        children = [branch for branch in branches if branch["parent"] == parent]
        middle, wide = (trunk, FULL) if parent is None else (branches[parent]["y"], branches[parent]["thick"])
        edge = middle - wide / 2
        for child in children:
            child["from_y"] = round(edge + child["thick"] / 2, 2)
            edge += child["thick"]


def _text(node: RolloutNode, token_of: Callable[[int], str] | None) -> str:
    """Return the text of a node, or its tokens by name where it has none."""
    if node.text:
        return node.text
    if token_of is None:
        return say("components.rollouts.no_sign")
    return "".join(token_of(token_id) for token_id in node.token_ids)


def _label(text: str, limit: int) -> str:
    """Return a text with its first space made visible, as those of tokens are; the others only part words.

    What is too long ends with a whole word, where it has words.
    """
    shown = display_token(text, limit)
    words = shown[:1] + shown[1:].replace("␣", " ")
    if not words.endswith(ELLIPSIS) or " " not in words:
        return words
    return words.rpartition(" ")[0] + ELLIPSIS


def _title(node: RolloutNode, text: str, rollouts: int) -> str:
    return say(
        "components.rollouts.title" if node.count > 1 else "components.rollouts.title_one",
        text=isolated(_label(text, 200)),
        count=count(node.count),
        rollouts=count(rollouts),
        share=percent(node.share),
        probability=percent(node.probability),
    )


def _note(drawn: int, left_out: int) -> str:
    if not left_out:
        return say("components.rollouts.all_drawn")
    return say("components.rollouts.left_out", drawn=count(drawn), whole=count(drawn + left_out))


class RolloutTree(Drawn):
    """The tree. Arrow keys walk it: left to what came before, right to what follows, up and down between."""

    def __init__(
        self, value: RolloutTreeValue | None = None, *, elem_id: str = "rollout-tree", **kwargs: Any
    ) -> None:
        super().__init__(
            "rollout_tree",
            '<div class="rollout-tree"><div class="scroll"></div><p class="say told"></p></div>',
            value,
            words={"tree": say("components.rollouts.tree")},
            elem_id=elem_id,
            **kwargs,
        )
