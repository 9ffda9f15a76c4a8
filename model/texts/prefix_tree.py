"""Texts that begin alike, as a tree: what several share is drawn once.

A compressed prefix tree (radix tree; Morrison 1968, PATRICIA) over token ids: every edge is a segment of
tokens that the same texts have, and it ends where they part or where one of them ends.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from model.texts.comparison import shared

Key = Callable[[Sequence[int]], tuple[int, ...]]


@dataclass(frozen=True)
class Segment:
    """Tokens that the same texts have at the same positions."""

    token_ids: tuple[int, ...]
    start: int
    """Position of the first of them in the texts."""
    members: tuple[int, ...]
    """The texts that hold it, as their numbers in the sequence that was given."""
    parent: int | None
    """The segment before it, as its number in the tree; None at the beginning of a text."""
    depth: int
    """Number of segments before it."""
    row: float
    """Where it is drawn across the texts: 0, 1, 2, ... for those with none behind them, and each of the
    others midway between its first and its last child."""

    @property
    def stop(self) -> int:
        """Position one past the last of its tokens."""
        return self.start + len(self.token_ids)


def earliest(members: Sequence[int]) -> tuple[int, ...]:
    """Order siblings by the first text that holds them."""
    return (members[0],)


def most_common(members: Sequence[int]) -> tuple[int, ...]:
    """Order siblings by how many texts hold them, most first."""
    return (-len(members), members[0])


def prefix_tree(texts: Sequence[Sequence[int]], order: Key = earliest) -> tuple[Segment, ...]:
    """Return the segments of some texts, each before its children, in the order in which they are drawn.

    Args:
        texts: token ids; an empty text has no segment. Equal texts share all of theirs.
        order: sorts siblings, by the numbers of the texts that hold them, ascending.
    """
    found: list[Segment] = []
    # A stack in place of a recursion: a segment may have as many before it as there are texts.
    pending: list[tuple[tuple[int, ...], int | None]] = []

    def go_on(members: Sequence[int], parent: int | None, position: int) -> None:
        groups = _groups(texts, members, position)
        pending.extend((group, parent) for group in sorted(groups, key=order, reverse=True))

    go_on(range(len(texts)), None, 0)
    while pending:
        members, parent = pending.pop()
        before = None if parent is None else found[parent]
        start, depth = (0, 0) if before is None else (before.stop, before.depth + 1)
        token_ids = tuple(texts[members[0]][start : _parting(texts, members, start)])
        found.append(Segment(token_ids, start, members, parent, depth, 0.0))
        go_on(members, len(found) - 1, found[-1].stop)
    return placed(found)


def pruned(segments: Sequence[Segment], most: int) -> tuple[Segment, ...]:
    """Return at most so many segments of a tree: those that most texts hold, and of equals the first ones.

    A segment stays only if the one before it does. Texts of which segments are gone stay among the
    members of those that are left.
    """
    ranked = sorted(range(len(segments)), key=lambda index: (-len(segments[index].members), index))
    stay = sorted(ranked[:most])  # a parent has no fewer members than its child, and comes before it
    number = {old: new for new, old in enumerate(stay)}
    kept = [segments[index] for index in stay]
    return placed([replace(one, parent=None if one.parent is None else number[one.parent]) for one in kept])


def placed(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Return the segments of a tree with the rows in which they are drawn; see `Segment.row`."""
    inner = {segment.parent for segment in segments}
    leaves = iter(range(len(segments)))
    rows = [0.0 if index in inner else float(next(leaves)) for index in range(len(segments))]
    children: dict[int, list[float]] = {}
    for index in reversed(range(len(segments))):
        if index in children:
            rows[index] = (children[index][-1] + children[index][0]) / 2
        parent = segments[index].parent
        if parent is not None:
            children.setdefault(parent, []).append(rows[index])
    return tuple(replace(segment, row=row) for segment, row in zip(segments, rows, strict=True))


def _parting(texts: Sequence[Sequence[int]], members: Sequence[int], start: int) -> int:
    """Return how far texts that are equal up to beyond `start` are equal."""
    first = texts[members[0]]
    return min(start + shared(first[start:], texts[index][start:]) for index in members)


def _groups(texts: Sequence[Sequence[int]], members: Sequence[int], position: int) -> list[tuple[int, ...]]:
    """Return the texts that have the same token at a position, together; not those that have none."""
    groups: dict[int, list[int]] = {}
    for index in members:
        if len(texts[index]) > position:
            groups.setdefault(texts[index][position], []).append(index)
    return [tuple(group) for group in groups.values()]
