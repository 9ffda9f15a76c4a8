"""All the texts of one page: which branch left which, and where. A value; every change makes a new one."""

import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from model.numbers import whole_number
from model.texts.comparison import shared
from model.texts.file_format import SCHEMA, require_schema
from model.texts.run import Run
from model.texts.stored_run import stored_run, text

MOST_BRANCHES = 64
MOST_NAME = 80
"""Characters of a name."""


@dataclass(frozen=True)
class Branch:
    """One text of a tree."""

    key: int
    """Its own in the tree, as long as the branch is there."""
    run: Run
    name: str = ""
    """As a person named it; empty if nobody did."""
    parent: int | None = None
    """Key of the branch that it left; None for a text that began by itself."""
    at: int = 0
    """Position up to which it has the tokens of its parent; 0 without one."""


@dataclass(frozen=True)
class BranchTree:
    """Texts that left one another, and which of them is on the page.

    Raises:
        ValueError: the branches make no tree; says why.
    """

    branches: tuple[Branch, ...]
    """In the order in which they were added; at least one."""
    current: int
    """Key of the branch on the page."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.branches) <= MOST_BRANCHES:
            raise ValueError(f"a tree holds 1 to {MOST_BRANCHES} branches, not {len(self.branches)}")
        known = {branch.key: branch for branch in self.branches}
        if len(known) < len(self.branches):
            raise ValueError("two branches have the same key")
        if self.current not in known:
            raise ValueError("the tree has no branch with the key that it calls current")
        if len({branch.run.model for branch in self.branches}) > 1:
            raise ValueError("the branches were written by different models")
        for branch in self.branches:
            _require_rooted(branch, known)
            _require_agreement(branch, known)

    @classmethod
    def of(cls, run: Run) -> Self:
        """Return a tree of one text."""
        return cls((Branch(0, run),), 0)

    def __getitem__(self, key: int) -> Branch:
        """Return a branch.

        Raises:
            KeyError: there is none of this key.
        """
        found = next((branch for branch in self.branches if branch.key == key), None)
        if found is None:
            raise KeyError(key)
        return found

    def __len__(self) -> int:
        return len(self.branches)

    @property
    def run(self) -> Run:
        """The text on the page."""
        return self[self.current].run

    @property
    def full(self) -> bool:
        """Whether no branch can be added."""
        return len(self) >= MOST_BRANCHES

    # Looking

    def children(self, key: int | None) -> tuple[Branch, ...]:
        """Return the branches that left a branch, or those that left none, in the order of their arrival."""
        return tuple(branch for branch in self.branches if branch.parent == key)

    def walk(self) -> Iterator[tuple[Branch, int]]:
        """Yield every branch with how many it descends from, each before those that left it."""
        waiting = [(branch, 0) for branch in reversed(self.children(None))]
        while waiting:
            branch, depth = waiting.pop()
            yield branch, depth
            waiting += [(child, depth + 1) for child in reversed(self.children(branch.key))]

    # Changing

    def selected(self, key: int) -> Self:
        """Return the tree with another branch on the page.

        Raises:
            KeyError: there is none of this key.
        """
        return replace(self, current=self[key].key)

    def neighbour(self, step: int) -> Self:
        """Return the tree with the branch on the page that stands `step` further in `walk`; the ends stay."""
        keys = [branch.key for branch, _ in self.walk()]
        index = keys.index(self.current) + step
        return replace(self, current=keys[min(max(index, 0), len(keys) - 1)])

    def started(self, run: Run, name: str = "") -> Self:
        """Return the tree with a text more that began by itself, which goes on the page."""
        return self._with(Branch(self._next_key, run, _name(name)))

    def left(self, run: Run, at: int, name: str = "") -> Self:
        """Return the tree with a branch more that left the current one, which goes on the page.

        Args:
            run: its text.
            at: position of the first token that is its own.
            name: for people.

        Raises:
            ValueError: its text before that position is not that of the current branch; or no branch more
                has room.
        """
        return self._with(Branch(self._next_key, run, _name(name), self.current, at))

    def grown(self, run: Run) -> Self:
        """Return the tree with another text in place of the current one: longer, shorter or changed.

        Branches leave one another no later than at the end of what they still share.
        """
        here = replace(self[self.current], run=run)
        branches = [here if one.key == here.key else one for one in self.branches]
        return replace(self, branches=_agreeing(branches))

    def unrepeated(self) -> Self:
        """Return the tree with the current text once: written again word for word, it is the older branch."""
        here = self[self.current]
        others = (one for one in self.branches if one.key != here.key and one.run == here.run)
        older = next(others, None)
        if older is None or here.name or self.children(here.key):
            return self
        return self.selected(older.key).without(here.key)

    def named(self, key: int, name: str) -> Self:
        """Return the tree with another name for a branch.

        Raises:
            KeyError: there is none of this key.
            ValueError: the name is too long.
        """
        changed = replace(self[key], name=_name(name))
        return replace(self, branches=tuple(changed if one.key == key else one for one in self.branches))

    def without(self, key: int) -> Self:
        """Return the tree without a branch; those that left it now leave its parent.

        Where it had none, the oldest of them takes its place. If it was on the page its parent is now, or
        the first branch.

        Raises:
            KeyError: there is none of this key.
            ValueError: it is the last one.
        """
        gone, orphans = self[key], self.children(key)
        if len(self.branches) == 1:
            raise ValueError("the last branch cannot be deleted")
        heir = gone.parent if gone.parent is not None or not orphans else orphans[0].key
        # What they share with one another, and with the parent, is what they shared with the one that goes.
        limit = gone.at if gone.parent is not None else next((one.at for one in orphans), 0)
        adopted = {
            one.key: replace(one, parent=None, at=0)
            if one.key == heir
            else replace(one, parent=heir, at=min(one.at, limit))
            for one in orphans
        }
        branches = tuple(adopted.get(one.key, one) for one in self.branches if one.key != key)
        current = self.current
        if current == key:
            current = branches[0].key if heir is None else heir
        return replace(self, branches=branches, current=current)

    def _with(self, branch: Branch) -> Self:
        return replace(self, branches=(*self.branches, branch), current=branch.key)

    @property
    def _next_key(self) -> int:
        return 1 + max(branch.key for branch in self.branches)

    # Storing

    def to_json(self) -> dict[str, Any]:
        """Return plain values that `json.dumps` takes."""
        return {
            "schema": SCHEMA,
            "model": self.run.model,
            "runs": [
                {
                    "key": branch.key,
                    "name": branch.name,
                    "parent": branch.parent,
                    "at": branch.at,
                    "run": branch.run.to_json(),
                }
                for branch in self.branches
            ],
            "current": self.current,
        }

    @classmethod
    def from_json(cls, data: object, *, model: str, vocab_size: int, context_length: int) -> Self:
        """Rebuild a tree from what somebody stored, or wrote by hand.

        Args:
            data: what `json.loads` gave.
            model: name and fingerprint of the model that is here, as in `Run.model`.
            vocab_size: of that model.
            context_length: of that model.

        Raises:
            ValueError: a sentence on why this is no tree of this model.
        """
        if not isinstance(data, Mapping) or not isinstance(data.get("runs"), list):
            raise ValueError("this is not a tree of branches: it has no list of runs")
        require_schema({"schema": data.get("version", SCHEMA), **data}, "tree")  # as it was called at first
        if len(data["runs"]) > MOST_BRANCHES:
            raise ValueError(f"a tree holds 1 to {MOST_BRANCHES} branches, not {len(data['runs'])}")
        branches = tuple(_stored_branch(one, vocab_size, context_length) for one in data["runs"])
        for name in (data.get("model"), *(branch.run.model for branch in branches)):
            if name != model:
                other = reprlib.repr(name)
                raise ValueError(f"this tree was written by {other}, and the model here is {model!r}")
        return cls(branches, whole_number(data.get("current"), "current"))


def _stored_branch(data: object, vocab_size: int, context_length: int) -> Branch:
    if not isinstance(data, Mapping):
        raise ValueError("this is not a tree of branches: one of its runs is not an object")
    parent = data.get("parent")
    return Branch(
        key=whole_number(data.get("key"), "key"),
        run=stored_run(data.get("run"), vocab_size=vocab_size, context_length=context_length),
        name=_name(data.get("name", "")),
        parent=None if parent is None else whole_number(parent, "parent"),
        at=whole_number(data.get("at"), "at"),
    )


def _name(given: object) -> str:
    name = text(given, "name").strip()
    if len(name) > MOST_NAME:
        raise ValueError(f"the name of a branch has at most {MOST_NAME} characters")
    return name


def _agreeing(branches: list[Branch]) -> tuple[Branch, ...]:
    """Return branches that leave their parents no later than where the texts part."""
    runs = {branch.key: branch.run.token_ids for branch in branches}
    return tuple(
        branch
        if branch.parent is None
        else replace(branch, at=min(branch.at, shared(runs[branch.parent], runs[branch.key])))
        for branch in branches
    )


def _require_rooted(branch: Branch, known: Mapping[int, Branch]) -> None:
    """Refuse a branch whose parents do not lead to a text that began by itself."""
    seen = {branch.key}
    while branch.parent is not None:
        if branch.parent not in known:
            raise ValueError(f"branch {branch.key} left branch {branch.parent}, which is not there")
        if branch.parent in seen:
            raise ValueError(f"branch {branch.parent} descends from itself")
        seen.add(branch.parent)
        branch = known[branch.parent]


def _require_agreement(branch: Branch, known: Mapping[int, Branch]) -> None:
    """Refuse a branch whose text before `at` is not that of its parent."""
    parent = () if branch.parent is None else known[branch.parent].run.token_ids
    own = branch.run.token_ids
    if not 0 <= branch.at <= min(len(parent), len(own)) or parent[: branch.at] != own[: branch.at]:
        raise ValueError(f"branch {branch.key} does not agree with its parent up to position {branch.at}")
