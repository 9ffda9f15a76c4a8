"""One selected step of one text, as finished numbers: what every panel of the page is drawn from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from model.interior.explain import Explanation, explain
from model.texts.branch_tree import BranchTree
from model.texts.run import Run
from model.tokenizer.pieces import Piece, TokenText
from viz.pages.controls import Controls
from viz.pages.example import Example
from viz.pages.kept import Kept
from viz.pages.source import EngineSource, Source, StoredSource, WrittenSource
from viz.pages.visitor import Visitor, require_remembered
from viz.server.service import Trouble
from viz.words.models import model_name, score_html, switch_html
from viz.words.strings import say

Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class Scene:
    """One moment of one visitor. Nothing in it is computed twice."""

    run: Run
    pieces: Sequence[Piece]
    selected: int
    writing: bool
    room: str
    """Which of the rooms under the text is open; empty for the first."""
    tree: BranchTree
    """All texts of the page."""
    explanation: Explanation | None
    """None where nothing was predicted: at the first token."""
    source: Source
    """Whom rooms ask for what else they show of the text."""
    kept: Kept
    """What rooms remember of the visitor."""
    missing: str = ""
    """Why only what the text itself says can be shown: the model that wrote it is not the page's now."""
    offers: tuple[str, ...] = ()
    """What can be done then, as buttons."""
    _made: dict[Callable[..., Any], Any] = field(default_factory=dict, init=False)

    @property
    def query(self) -> int:
        """Position of the query that chose, or would choose, the selected token."""
        return self.selected - 1

    @property
    def chosen(self) -> int | None:
        """The id of the selected token; None past the end of the text."""
        return self.run.token_ids[self.selected] if self.selected < len(self.run.token_ids) else None

    def once(self, make: Callable[["Scene"], Made]) -> Made:
        """Return what a room makes of this moment, made when it is first asked for."""
        if make not in self._made:
            self._made[make] = make(self)
        return cast(Made, self._made[make])


def scene_of(example: Example, visitor: Visitor, controls: Controls) -> Scene:
    """Return what a visitor looks at.

    Raises:
        Trouble: the model has not loaded yet, or did not write this text, or the page was forgotten.
        OutOfRange: a setting that the sampler does not take.
    """
    require_remembered(visitor)
    missing = why_not(visitor)
    if missing:
        if visitor.run is example.run and visitor.selected == example.selected:
            return stored_scene(example, controls, missing, visitor)
        words = visitor.models.words(visitor.run)
        if words is None:
            raise Trouble(missing)
        return written_scene(visitor, words, missing)
    unread = unread_scene(visitor)
    unread.source.read(unread.source.length)  # now, so that the next click need not wait
    if unread.selected == 0:
        return unread
    why = explain(visitor.service.engine, unread.run, unread.selected, controls.settings)
    return replace(unread, explanation=why)


def unread_scene(visitor: Visitor) -> Scene:
    """Return what a visitor looks at where the model may not have read it yet: nothing is explained."""
    with visitor.lock:
        run, pieces, tree, writing, at = (
            visitor.run, visitor.pieces, visitor.tree, visitor.writing, visitor.selected
        )  # fmt: skip
    # The newest token of a text that is being written is read only when the next one is asked for.
    length = len(run.token_ids) - 1 if writing and run.steps else len(run.token_ids)
    selected = max(0, min(at, len(run.token_ids)))
    source = EngineSource(visitor.service, run, length)
    return Scene(run, pieces, selected, writing, visitor.room, tree, None, source, visitor.kept)


def written_scene(visitor: Visitor, words: TokenText, missing: str) -> Scene:
    """Return what a visitor looks at where the model that wrote the text cannot be asked.

    Args:
        visitor: who looks.
        words: of the model that wrote it.
        missing: the sentence for what the text itself does not say.
    """
    with visitor.lock:
        run, pieces, tree, at = visitor.run, visitor.pieces, visitor.tree, visitor.selected
    source = WrittenSource(run, words, missing)
    selected = max(0, min(at, len(run.token_ids)))
    return Scene(
        *(run, pieces, selected, False, visitor.room, tree, None, source, visitor.kept),
        missing=missing,
        offers=_offers(visitor),
    )


def _offers(visitor: Visitor) -> tuple[str, ...]:
    """Return what can be done with a text of another model."""
    here, writer = visitor.service, visitor.models.writer(visitor.run)
    if writer is None or writer is here or not here.ready:
        return ()
    return switch_html(writer.key, writer.info.name), score_html(here.info.name)


def stored_scene(example: Example, controls: Controls, missing: str, visitor: Visitor | None = None) -> Scene:
    """Return the stored example, for which no model is needed.

    Args:
        example: the example.
        controls: whose settings it is explained with.
        missing: the sentence for what is not stored.
        visitor: who looks at it; None for nobody yet.
    """
    return Scene(
        run=example.run,
        pieces=example.pieces,
        selected=example.selected,
        writing=False,
        room="" if visitor is None else visitor.room,
        tree=BranchTree.of(example.run) if visitor is None else visitor.tree,
        explanation=example.explain(controls.settings),
        source=StoredSource(example, missing),
        kept=Kept() if visitor is None else visitor.kept,
    )


def why_not(visitor: Visitor) -> str:
    """Return why the text of a visitor cannot be explained now; empty if it can."""
    service = visitor.service
    try:
        if not service.wanted():
            return service.progress
    except Trouble as trouble:
        return str(trouble)
    run, info = visitor.run, service.info
    if run.model != info.identity:
        return say("page.other_model", other=model_name(run.model), name=info.name)
    if run.precision not in info.formats:
        return say("page.precision_absent", precision=run.precision, here=" / ".join(info.formats))
    return ""


def readable(visitor: Visitor) -> Run:
    """Return the text on a page, for something to be computed of it that takes a while.

    Raises:
        Trouble: it cannot be explained now, or is still being written.
    """
    missing = why_not(visitor)
    if missing:
        raise Trouble(missing)
    if visitor.writing:
        raise Trouble(say("page.busy"))
    return visitor.run
