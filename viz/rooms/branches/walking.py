"""The events of the branches: walk to one, name, delete and compare them, save them and open them again."""

import json
import time
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gradio as gr

from model.texts.branch_tree import Branch, BranchTree
from model.texts.comparison import shared
from model.texts.file_format import MOST_BYTES, TooLarge, read_json
from model.texts.given import given_text
from model.texts.run import Run
from model.texts.stored_run import stored_run
from viz.components.branch_choice import BranchChoiceValue
from viz.components.download import DownloadValue
from viz.pages.controls import Controls
from viz.pages.roads import begun
from viz.pages.screen import Screen
from viz.pages.showing import Showing, buttons, require_idle
from viz.pages.visitor import Visitor, require_remembered
from viz.rooms.branches.panels import BranchesState, outline
from viz.rooms.branches.step_rows import step_rows
from viz.server.service import Trouble
from viz.words.branches import called
from viz.words.lines import problem, said
from viz.words.strings import say

MEGABYTE = 1_000_000
FILES = {"branches": "texts", "text": "text", "steps": "steps"}
"""What can be saved, and what the name of its file says it is."""
LONGEST_MODEL = 60
"""Characters of the name of another model."""
NAMED_BY = 5
"""Words of the prompt that the name of a file holds."""
LONGEST_WORD = 20
"""Characters that it holds of each."""


class Walking:
    """Handlers of the events, for every visitor. What a browser sends may be anything."""

    def __init__(self, showing: Showing) -> None:
        self._showing = showing

    def act(
        self, visitor: Visitor, prompt: str, choice: BranchChoiceValue | None, controls: Controls
    ) -> Screen:
        """Do with the branches what was chosen, or say why it cannot be done."""
        acts: dict[Any, Callable[[Visitor, BranchChoiceValue], str]] = {
            "walk": self._walk,
            "name": self._name,
            "delete": self._delete,
            "open": self._open,
            "restore": self._restore,
        }
        name = choice.get("action") if isinstance(choice, dict) else None
        if choice is None or not isinstance(name, str) or name not in (*acts, "compare"):
            return Screen()
        before = visitor.run
        try:
            if name == "compare":
                return self._compare(visitor, choice)
            with visitor.lock:
                require_remembered(visitor)
                if name != "name":  # which changes no text
                    require_idle(visitor)
                note = acts[name](visitor, choice)
        except Trouble as trouble:
            screen = Screen(notice=problem(str(trouble)))
            # The browser shows a name before it is taken. Of a forgotten page, what it shows is all there is.
            return self._with_tree(visitor, screen) if name == "name" and not visitor.forgotten else screen
        if visitor.run is before:
            screen = self._with_tree(visitor, Screen(**buttons(visitor)))
        else:
            screen = self._showing.redraw(visitor, controls)
            if prompt == given_text(before):
                screen = screen._replace(prompt=given_text(visitor.run))
        return screen._replace(notice=said(note)) if note else screen

    def save(
        self, visitor: Visitor, choice: BranchChoiceValue | None
    ) -> tuple[DownloadValue | dict[str, Any], str]:
        """Return the texts of the page, or the one on it, as a file for the browser to make."""
        what = choice.get("what") if isinstance(choice, dict) else None
        if not isinstance(what, str) or what not in FILES:
            return gr.skip(), ""
        # While a text is being written, as far as it is there.
        with visitor.lock:
            run, tree, pieces = visitor.run, visitor.tree, visitor.pieces
        stem = f"gpt-inside-out-{FILES[what]}{words_of(run)}"
        if what == "steps":
            return {"stem": stem, "text": "", "rows": step_rows(run, pieces), "at": time.time()}, ""
        data = run.to_json() if what == "text" else tree.grown(run).to_json()
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        value: DownloadValue = {"stem": stem, "text": text, "rows": None, "at": time.time()}
        size = len(text.encode("utf-8", errors="replace"))
        if size <= MOST_BYTES:
            return value, ""
        megabytes = f"{size / MEGABYTE:.1f}"
        return value, said(say("page.large_file", size=megabytes, most=MOST_BYTES // MEGABYTE))

    def _walk(self, visitor: Visitor, choice: BranchChoiceValue) -> str:
        branch = _chosen(visitor, choice)
        state = visitor.kept.of(BranchesState)
        if state.compared == branch.key:
            state.compared = visitor.tree.current  # the two change places
        visitor.history.now = visitor.tree.selected(branch.key)
        self._arrive(visitor)
        return ""

    def _name(self, visitor: Visitor, choice: BranchChoiceValue) -> str:
        branch = _chosen(visitor, choice)
        try:
            tree = visitor.tree.named(branch.key, choice.get("name", ""))
        except ValueError as error:
            raise Trouble(say("page.no_name", problem=str(error))) from error
        if visitor.writing:
            visitor.history.now = (
                tree  # Undo takes it back with the text: half of one is nothing to return to
            )
        elif tree[branch.key].name != branch.name:
            visitor.history.change(tree)
        return ""

    def _delete(self, visitor: Visitor, choice: BranchChoiceValue) -> str:
        branch = _chosen(visitor, choice)
        if len(visitor.tree) == 1:
            raise Trouble(say("page.last_branch"))
        visitor.history.change(visitor.tree.without(branch.key))
        self._arrive(visitor)
        return say("page.deleted", name=called(branch))

    def _compare(self, visitor: Visitor, choice: BranchChoiceValue) -> Screen:
        key = None if choice.get("key") is None else _chosen(visitor, choice).key
        visitor.kept.of(BranchesState).compared = key
        return self._with_tree(visitor, Screen())

    @staticmethod
    def _with_tree(visitor: Visitor, screen: Screen) -> Screen:
        return screen._replace(rooms={"tree": outline(visitor.tree, visitor.kept)})

    def _open(self, visitor: Visitor, choice: BranchChoiceValue) -> str:
        found = self._read(visitor, choice.get("text"))
        gone = None
        if isinstance(found, BranchTree):
            tree, note = found, say("page.opened_branches", count=len(found))
        else:
            tree, gone = begun(visitor.tree, found)
            note = say("page.opened_text")
        visitor.history.change(tree)
        visitor.kept.of(BranchesState).compared = None
        self._arrive(visitor)
        return note if gone is None else f"{note} {say('page.made_room', name=called(gone))}"

    def _restore(self, visitor: Visitor, choice: BranchChoiceValue) -> str:
        """Take the texts that a browser has kept of a page that the server has forgotten."""
        if visitor.has_text:
            return ""  # something was written by now, and what was kept stands in the history
        found = self._read(visitor, choice.get("text"))
        tree = found if isinstance(found, BranchTree) else BranchTree.of(found)
        visitor.history.change(tree)
        self._showing.take(visitor)
        return say("page.restored", count=len(tree))

    def _read(self, visitor: Visitor, text: object) -> BranchTree | Run:
        """Return what a file holds.

        Raises:
            Trouble: it holds nothing that can be shown here.
        """
        info = visitor.service.info
        longest = min(info.context_length, visitor.service.limits.max_text_tokens)
        sizes = {"vocab_size": info.vocab_size, "context_length": longest}
        try:
            data = read_json(text)
            self._require_own_model(visitor, data)
            if isinstance(data, dict) and "runs" in data:
                tree = BranchTree.from_json(data, model=info.identity, **sizes)
                branches = tuple(replace(one, run=self._own(visitor, one.run)) for one in tree.branches)
                return replace(tree, branches=branches)
            run = stored_run(data, **sizes)
        except TooLarge as error:
            raise Trouble(say("page.file_too_large", most=MOST_BYTES // MEGABYTE)) from error
        except json.JSONDecodeError as error:
            raise Trouble(say("page.no_json")) from error
        except ValueError as error:
            raise Trouble(say("page.no_file", problem=str(error))) from error
        return self._own(visitor, run)

    def _require_own_model(self, visitor: Visitor, data: object) -> None:
        """Refuse what says that another model wrote it: nothing in it would mean anything here."""
        info = visitor.service.info
        model = data.get("model") if isinstance(data, dict) else None
        if isinstance(model, str) and model != info.identity:
            other = model.partition("@")[0][:LONGEST_MODEL]
            raise Trouble(say("page.foreign_file", other=other, name=info.name))

    def _own(self, visitor: Visitor, run: Run) -> Run:
        """Return a run of a file in the words of the model here, which needs no more than token ids."""
        info = visitor.service.info
        if run.precision not in info.formats:
            here = " / ".join(info.formats)
            raise Trouble(say("page.foreign_precision", precision=run.precision, here=here))
        pieces = visitor.service.text.pieces(run.token_ids)[len(run.prompt_token_ids) :]
        steps = zip(run.steps, pieces, strict=True)
        return replace(run, steps=tuple(replace(step, token=one.token, text=one.text) for step, one in steps))

    def _arrive(self, visitor: Visitor) -> None:
        """Show the text that is current now, at the token with which it leaves the one before."""
        run, last = visitor.tree.run, len(visitor.tree.run.token_ids) - 1
        parting = shared(visitor.run.token_ids, run.token_ids)
        self._showing.take(visitor, min(max(parting, len(run.prompt_token_ids)), last))


def _chosen(visitor: Visitor, choice: BranchChoiceValue) -> Branch:
    key = choice.get("key")
    known = {branch.key: branch for branch in visitor.tree.branches}
    if not isinstance(key, int) or key not in known:
        raise Trouble(say("page.no_such_branch"))
    return known[key]


def words_of(run: Run) -> str:
    """Return the first words that a person typed as the end of a file's name, as `take_away.js` does."""
    kept = (one if one == "_" or unicodedata.category(one)[0] in "LMN" else " " for one in given_text(run))
    return "".join(f"-{word.lower()[:LONGEST_WORD]}" for word in "".join(kept).split()[:NAMED_BY])
