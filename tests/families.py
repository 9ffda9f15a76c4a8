"""Texts of one page that left one another: one family, and any that a person can make."""

from dataclasses import replace

from hypothesis import strategies as st

from model.texts.branch_tree import MOST_NAME, BranchTree
from model.texts.run import Run, Step

MODEL = "tiny@00"


def run_of(*token_ids: int, prompt: int = 1, **changes) -> Run:
    """A run whose first tokens are its prompt."""
    steps = tuple(
        Step(position, token_id, "a", "a", 0.25, -1.0, 0.5, 1, 2.0, 3)
        for position, token_id in enumerate(token_ids)
        if position >= prompt
    )
    run = Run(model=MODEL, prompt="p", prompt_token_ids=token_ids[:prompt], steps=steps)
    return replace(run, **changes)


def family() -> BranchTree:
    """1 2 3 4; a branch at 2; one of that at 3; one of the first at 1."""
    tree = BranchTree.of(run_of(1, 2, 3, 4)).left(run_of(1, 2, 5, 6), 2).left(run_of(1, 2, 5, 7), 3)
    return tree.selected(0).left(run_of(1, 8), 1)


TOKENS = st.lists(st.integers(0, 3), min_size=1, max_size=6)


@st.composite
def trees(draw) -> BranchTree:
    """Trees that a person makes: by starting, leaving, growing, naming and deleting."""
    tree = BranchTree.of(run_of(*draw(TOKENS)))
    for _ in range(draw(st.integers(0, 8))):
        known = tree.run.token_ids
        at = draw(st.integers(0, len(known)))
        change = draw(st.sampled_from(["start", "leave", "grow", "name", "delete", "select"]))
        key = draw(st.sampled_from([branch.key for branch in tree.branches]))
        text = (*known[:at], *draw(TOKENS))
        if change == "start":
            tree = tree.started(run_of(*draw(TOKENS)), draw(st.text(max_size=5)))
        elif change == "leave":
            tree = tree.left(run_of(*text), at)
        elif change == "grow":
            tree = tree.grown(run_of(*text))
        elif change == "name":
            tree = tree.named(key, draw(st.text(max_size=MOST_NAME)))
        elif change == "select":
            tree = tree.selected(key)
        elif len(tree) > 1:
            tree = tree.without(key)
    return tree
