"""One selected step of one text, as finished numbers: what every panel of the page is drawn from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.engine.internals import MEAN_HEAD
from model.interior.explain import Explanation, explain
from model.interior.head_memory import HeadMemory
from model.interior.head_readings import HeadReadings
from model.interior.layer_readings import Readings
from model.interior.scoring import ScoredText, ratios_of, scored_run
from model.numbers import within
from model.sampler.distribution import Floats
from model.sampler.throws import Throws
from model.texts.branch_tree import BranchTree
from model.texts.run import Run
from model.tokenizer.pieces import Matches, Piece
from viz.pages.controls import Controls
from viz.pages.example import Example
from viz.pages.visitor import HEAD_TABS, ROOMS, Visitor, require_remembered
from viz.server.service import Service, Trouble
from viz.words.strings import say

Heads = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Scene:
    """Numbers of one moment. Nothing in it is computed again by a panel."""

    run: Run
    pieces: Sequence[Piece]
    selected: int
    writing: bool
    head_view: bool
    """Whether BertViz's view is open."""
    room: str
    """Which of the rooms under the text is open."""
    explanation: Explanation | None
    """None where nothing was predicted: at the first token."""
    token_of: Callable[[int], str]
    find: Callable[[str], Matches]
    """Which tokens match a search."""
    split: Callable[[str], Sequence[str]]
    """The tokens of a text that is searched for, those alone that were typed."""
    attention: Callable[[int, int], Heads]
    """(T, T) weights of a layer and head, over the tokens that the model has read."""
    attention_heads: Callable[[int], Heads]
    """(heads, T, T) weights of a layer."""
    length: int
    """T, the number of tokens that the model has read."""
    tree: BranchTree
    """All texts of the page."""
    vocab_size: int
    score: Callable[[], ScoredText]
    """How likely the model finds the text; without leaders."""
    ratios: Callable[[], Floats]
    """(n,) the probability of every step's token over that of the most likely one."""
    readings: Readings
    """What layers would say at the query, and what they added."""
    heads: HeadReadings
    """What can be said of every head of the model on the text."""
    head_tab: str
    """Which view of the heads is open: only that one is drawn."""
    found: Mapping[str, Any] = field(default_factory=dict)
    """What the visitor had computed last, by the room."""
    compared: int | None = None
    """Key of the branch that the text is compared with."""
    throws: Throws | None = None
    """Other dice that the visitor threw last, perhaps at another step."""

    @property
    def query(self) -> int:
        """Position of the query that chose, or would choose, the selected token."""
        return self.selected - 1


RATIOS = "ratios"


def scene_of(service: Service, example: Example, visitor: Visitor, controls: Controls) -> Scene:
    """Return what a visitor looks at, and note where the controls stood.

    Raises:
        Trouble: the model has not loaded yet, or did not write this text, or the page was forgotten.
        OutOfRange: a setting that the sampler does not take.
    """
    visitor.controls = controls
    require_remembered(visitor)
    if why_not(service, visitor):
        if visitor.run is example.run and visitor.selected == example.selected:
            stored = stored_scene(example, controls, why_not(service, visitor), visitor.room)
            return replace(stored, tree=visitor.tree, compared=visitor.compared, throws=visitor.throws)
        raise Trouble(why_not(service, visitor))
    model = service.model
    with visitor.lock:
        run, pieces, tree, writing, at = (
            visitor.run, visitor.pieces, visitor.tree, visitor.writing, visitor.selected
        )  # fmt: skip
    # The newest token of a text that is being written is read only when the next one is asked for.
    read = run.token_ids[:-1] if writing and run.steps else run.token_ids
    selected = max(0, min(at, len(run.token_ids)))
    internals = service.read(read, run.precision)

    def layer_in(layer: int) -> int:
        return int(within("layer", layer, 0, model.info.layers - 1, whole=True))

    def head_in(head: int) -> int:
        return int(within("head", head, MEAN_HEAD, model.info.heads - 1, whole=True))

    def ratios() -> Floats:
        known: tuple[Run, Floats] | None = visitor.found.get(RATIOS)
        if known is None or known[0] is not run:
            visitor.found[RATIOS] = known = run, ratios_of(service.engine, run)
        return known[1]

    return Scene(
        run=run,
        pieces=pieces,
        selected=selected,
        writing=writing,
        head_view=visitor.head_view,
        room=visitor.room,
        explanation=explain(service.engine, run, selected, controls.settings) if selected > 0 else None,
        token_of=model.text.token,
        find=model.text.matches,
        split=lambda query: service.parts(query, "search"),
        attention=lambda layer, head: internals.attention(layer_in(layer), head_in(head), len(read)),
        attention_heads=lambda layer: internals.attention_heads(layer_in(layer), len(read)),
        length=len(read),
        tree=tree,
        vocab_size=model.info.vocab_size,
        score=lambda: scored_run(run, model.text),
        ratios=ratios,
        readings=Readings(
            lambda: service.read(run.token_ids[:selected], run.precision), selected - 1, _at(run, selected)
        ),
        heads=HeadReadings(lambda: internals, visitor.heads, len(read)),
        head_tab=visitor.head_tab,
        found=visitor.found,
        compared=visitor.compared,
        throws=visitor.throws,
    )


def stored_scene(example: Example, controls: Controls, missing: str, room: str = ROOMS[0]) -> Scene:
    """Return the stored example, for which no model is needed; what is not stored raises `missing`."""

    def absent(*_: object) -> Any:
        raise Trouble(missing)

    def attention(layer: int, head: int) -> Heads:
        if (layer, head) != (example.layer, example.head):
            raise Trouble(missing)
        return example.attention

    return Scene(
        run=example.run,
        pieces=example.pieces,
        selected=example.selected,
        writing=False,
        head_view=False,
        room=room,
        explanation=example.explain(controls.settings),
        token_of=example.token,
        find=absent,
        split=absent,
        attention=attention,
        attention_heads=absent,
        length=len(example.attention),
        tree=BranchTree.of(example.run),
        vocab_size=len(example.logits),
        score=lambda: ScoredText(example.run, example.run.token_ids, scored_bytes=example.scored_bytes),
        ratios=absent,
        readings=Readings(absent, example.selected - 1, _at(example.run, example.selected)),
        heads=HeadReadings(absent, HeadMemory(), len(example.attention)),
        head_tab=HEAD_TABS[0],
    )


def _at(run: Run, position: int) -> int | None:
    """Return the id of the token at a position; None past the end."""
    return run.token_ids[position] if position < len(run.token_ids) else None


def why_not(service: Service, visitor: Visitor) -> str:
    """Return why the text of a visitor cannot be explained now; empty if it can."""
    if not service.ready:
        return service.progress
    run, info = visitor.run, service.model.info
    if run.model != info.identity:
        return say("page.other_model", other=run.model.partition("@")[0], name=info.name)
    if run.precision not in info.formats:
        return say("page.precision_absent", precision=run.precision, here=" / ".join(info.formats))
    return ""
