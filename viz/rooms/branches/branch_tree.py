"""All texts of a page as an outline: what they share is written once, and every fork says its token."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, TypedDict

from model.texts.branch_tree import MOST_NAME, Branch, BranchTree
from model.texts.comparison import shared
from model.texts.file_format import MOST_BYTES
from model.texts.given import given_steps
from model.texts.likelihood import Likelihood
from model.texts.prefix_tree import Segment, prefix_tree
from model.texts.run import Run, Step
from viz.components.drawn import Drawn
from viz.words.branches import called
from viz.words.percent import count, percent
from viz.words.strings import say
from viz.words.tokens import BYTE, display_text, display_token, told_token

LONGEST_TOKEN = 18
MOST_TEXT = 150
"""Characters of a row; of what several branches share its beginning and its end are shown."""
MINUS = "\u2212"
BYTES = re.compile(rf"\s*|{BYTE.pattern}+")
"""Tokens that write nothing yet, or nothing but the space before a text."""


class Fork(TypedDict):
    """The token with which a row leaves the row above it."""

    token: str
    probability: str
    """The model's own."""
    forced: bool
    title: str


class Row(TypedDict):
    """A stretch of text: of one branch, up to its end, or of several."""

    level: int
    """Rows that it stands under."""
    fork: Fork | None
    prompt: str
    text: str
    key: int | None
    """Of the branch that ends here; None where several go on."""
    name: str
    """As a person gave it."""
    called: str
    """What it is called without one."""
    facts: str
    title: str
    current: bool
    compared: bool


class Part(TypedDict):
    """A stretch of two compared texts and how likely the model finds it."""

    name: str
    shared: str
    """What stands before it in both texts."""
    text: str
    tokens: str
    logprob: str
    perplexity: str


class ComparisonValue(TypedDict):
    """Two branches, and what they share."""

    parts: list[Part]
    """The shared beginning, then the rest of either."""
    say: str


class TreeValue(TypedDict):
    """The value of a `BranchTreeOutline`."""

    rows: list[Row]
    comparison: ComparisonValue | None
    alone: bool
    """There is only one branch yet."""


def branch_tree_value(tree: BranchTree, compared: int | None = None) -> TreeValue:
    """Return the outline of a tree. Texts share what they share after the same prompt.

    Args:
        tree: all texts of the page.
        compared: key of the branch that the current one is compared with; of one that is gone, none.
    """
    here = tree[tree.current]
    other = next((one for one in tree.branches if one.key == compared and one is not here), None)
    return {
        "rows": [row for family in _families(tree) for row in _rows(family, here, other)],
        "comparison": None if other is None else _comparison(here, other),
        "alone": len(tree) == 1,
    }


def _families(tree: BranchTree) -> list[list[Branch]]:
    """Return the branches of each prompt together: what two prompts share is nobody's choice."""
    families: dict[tuple[int, ...], list[Branch]] = {}
    for branch in tree.branches:
        families.setdefault(branch.run.prompt_token_ids, []).append(branch)
    return list(families.values())


def _rows(family: Sequence[Branch], here: Branch, other: Branch | None) -> Iterator[Row]:
    segments = prefix_tree([branch.run.token_ids for branch in family])
    inner = {segment.parent for segment in segments}
    for index, segment in enumerate(segments):
        members = [family[member] for member in segment.members]
        ended = [branch for branch in members if len(branch.run.token_ids) == segment.stop]
        if index not in inner and len(members) == 1:
            yield _row(segment, segment.depth, members[0], members[0], here, other)
            continue
        yield _row(segment, segment.depth, members[0], None, here, other)
        for branch in ended:  # where others go on, or stand still as well
            yield {**_row(segment, segment.depth + 1, branch, branch, here, other), **_nothing_more()}


def _nothing_more() -> Any:
    return {"fork": None, "prompt": "", "text": ""}


def _row(
    segment: Segment, level: int, member: Branch, owner: Branch | None, here: Branch, other: Branch | None
) -> Row:
    run = member.run
    begins = len(run.prompt_token_ids)
    first = run.step_at(segment.start) if segment.start else None
    rest = segment.start + (first is not None) - begins
    text = display_text(_written(run.steps[max(0, rest) : segment.stop - begins]))
    likelihood = Likelihood.of(run.steps)
    return {
        "level": level,
        "fork": None if first is None else _fork(run, first),
        "prompt": "" if first is not None else _cut(display_text(run.prompt), owner is None),
        "text": _cut(text, owner is None),
        "key": None if owner is None else owner.key,
        "name": "" if owner is None else owner.name,
        "called": "" if owner is None else say("components.tree.unnamed", number=owner.key + 1),
        "facts": _facts(likelihood)
        if owner is not None
        else say("components.tree.shared", count=len(segment.members)),
        "title": say(
            "components.tree.title",
            tokens=count(likelihood.tokens),
            prompt=count(begins),
            logprob=_signed(likelihood.logprob),
            perplexity=_perplexity(likelihood),
        )
        if owner is not None
        else "",
        "current": owner is here,
        "compared": owner is not None and owner is other,
    }


def _written(steps: Sequence[Step]) -> str:
    """Return the text of some steps, with the names of special tokens, which write nothing."""
    return "".join(step.text or ("" if BYTES.fullmatch(step.token) else step.token) for step in steps)


def _fork(run: Run, step: Step) -> Fork:
    probability = percent(math.exp(step.logprob))
    token, told = display_token(step.token, LONGEST_TOKEN), told_token(step.token, LONGEST_TOKEN)
    given = step.position < len(run.prompt_token_ids) + given_steps(run)  # typed, as the rest of that text
    kind = "given" if given else "forced" if step.forced else "drawn"
    return {
        "token": token,
        "probability": probability,
        "forced": step.forced and not given,
        "title": say(f"components.tree.fork.{kind}", token=told, p=probability, position=step.position),
    }


def _facts(likelihood: Likelihood) -> str:
    if likelihood.mean_logprob is None:
        return say("components.tree.no_tokens")
    mean = _signed(likelihood.mean_logprob)
    return say("components.tree.facts", tokens=count(likelihood.tokens), mean=mean)


def _comparison(here: Branch, other: Branch) -> ComparisonValue:
    begins = len(here.run.prompt_token_ids)
    alike = here.run.prompt_token_ids == other.run.prompt_token_ids
    parting = shared(here.run.token_ids, other.run.token_ids) if alike else 0
    common = here.run.steps[: max(0, parting - begins)] if alike else ()
    before = here.run.prompt + _written(common) if alike else ""
    parts = [_part(say("components.tree.common"), "", before, common)]
    for branch in (here, other):
        own = branch.run.steps[len(common) :]
        text = ("" if alike else branch.run.prompt) + _written(own)
        parts.append(_part(called(branch), before, text, own))
    return {"parts": parts, "say": _parted(here.run, other.run, parting, alike)}


def _part(name: str, before: str, text: str, steps: Sequence[Step]) -> Part:
    likelihood = Likelihood.of(steps)
    return {
        "name": name,
        "shared": before,
        "text": text,
        "tokens": count(likelihood.tokens),
        "logprob": _signed(likelihood.logprob),
        "perplexity": _perplexity(likelihood),
    }


def _parted(here: Run, other: Run, parting: int, alike: bool) -> str:
    if not alike:
        return say("components.tree.parted.prompts")
    steps = [run.step_at(parting) for run in (here, other)]
    if steps == [None, None]:
        return say("components.tree.parted.nowhere")
    tokens = [say("components.tree.parted.end") if one is None else _quoted(one) for one in steps]
    return say("components.tree.parted.tokens", position=parting, ours=tokens[0], theirs=tokens[1])


def _quoted(step: Step) -> str:
    token, p = told_token(step.token, LONGEST_TOKEN), percent(math.exp(step.logprob))
    return say("components.tree.parted.token", token=token, p=p)


def _cut(text: str, goes_on: bool) -> str:
    """Return a text that is short enough for a row: its beginning, and its end where something follows."""
    if len(text) <= MOST_TEXT:
        return text
    half = MOST_TEXT // 2
    return f"{text[:half]} … {text[-half:]}" if goes_on else text[:MOST_TEXT] + "…"


def _signed(nats: float) -> str:
    return f"{nats:.2f}".replace("-", MINUS)


def _perplexity(likelihood: Likelihood) -> str:
    if likelihood.perplexity is None:
        return "–"
    if likelihood.perplexity >= 1e6:
        return f"{likelihood.perplexity:.1e}"
    return f"{likelihood.perplexity:.1f}"


class BranchTreeOutline(Drawn):
    """The outline, the comparison under it, and buttons for files.

    Dispatches `branch-action` on the document, which `BranchChoice` passes on: Enter or a click walks to a
    branch, the arrow keys move among them, F2 renames and Delete deletes the one in focus.
    """

    def __init__(
        self, value: TreeValue | None = None, *, elem_id: str = "branch-tree", **kwargs: Any
    ) -> None:
        keys = (
            *("tree", "empty", "rename", "delete", "compare", "uncompare", "name", "current", "forced"),
            *("save_branches", "save_text", "open", "drop", "unreadable", "ends", "keys"),
            *("part", "tokens", "logprob", "perplexity", "close", "against"),
        )
        words = {key: say(f"components.tree.words.{key}") for key in keys}
        words["too_large"] = say("components.tree.words.too_large", most=MOST_BYTES // 10**6)
        words["most_bytes"] = str(MOST_BYTES)
        words["most_name"] = str(MOST_NAME)
        super().__init__(
            "branch_tree",
            '<div class="branches"></div>',
            value,
            words=words,
            elem_id=elem_id,
            **kwargs,
        )
