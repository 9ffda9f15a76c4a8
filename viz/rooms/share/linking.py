"""A link is made of the text on the page, and one that came in the address is opened."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from typing import Any, NamedTuple

import gradio as gr
import segno

from model.lab.regeneration import Regenerating, Regeneration
from model.sampler.settings import SamplerSettings
from model.texts.branch_tree import BranchTree
from model.texts.given import given_text
from model.texts.link import LinkError, decoded, encoded
from model.texts.recipe import Recipe
from model.texts.run import Run
from viz.components.chain import DIALLED, chain_value
from viz.pages.controls import Controls
from viz.pages.roads import begun, left
from viz.pages.screen import Screen
from viz.pages.showing import Showing, require_idle
from viz.pages.visitor import Visitor
from viz.pages.work import watched
from viz.rooms.share.share_link import QrCode, ShareValue
from viz.rooms.share.verdict import verdict
from viz.server.failing import or_why_not
from viz.server.service import EXACT, Trouble
from viz.words.lines import finding, problem, status_line
from viz.words.strings import say

WORK = "share"
LONGEST_LINK = 2_000
"""Characters that every program passes on whole."""
LONGEST_ADDRESS = 500
"""Of the page, of which a link is wanted."""
LOADING_SECONDS = 0.5
"""Between two looks whether the model has come."""
COMES_BACK_SECONDS = 10.0
"""For which a page that was loaded anew waits for its own texts, before it opens another."""
VIEW: Mapping[str, tuple[int, int]] = {
    "at": (1, 10**6),
    "layer": (0, 10**4),
    "head": (0, 10**4),
    "max_new_tokens": (1, 10**4),
}
"""Numbers of the view that a link may hold, and their ranges."""


class Opened(NamedTuple):
    """What the opening of a link changes."""

    value: Any = gr.skip()
    controls: Controls | None = None
    screen: Screen = Screen()


class Linking:
    """Handlers of the events, for every visitor. What a browser sends may be anything."""

    def __init__(self, showing: Showing) -> None:
        self._showing = showing

    def make(self, visitor: Visitor, asked: object, controls: Controls) -> ShareValue | dict[str, Any]:
        """Return the link of the text on the page, as far as it is there."""
        address = asked.get("ask") if isinstance(asked, dict) else None
        if not isinstance(address, str) or not address.startswith("http") or len(address) > LONGEST_ADDRESS:
            return dict(gr.skip())
        run = visitor.run
        view = {
            "at": visitor.selected,
            "layer": controls.layer,
            "head": controls.head,
            "mean_heads": bool(controls.mean_heads),
            "max_new_tokens": controls.max_new_tokens,
        }
        recipe = Recipe.of(
            run, prompt_follows=self._prompt_follows(visitor, run), computed_with=computed_with()
        )
        link = f"{address}#run={encoded(recipe, view)}"
        if len(link) > LONGEST_LINK:
            said = say(
                "components.share.too_long", characters=_characters(len(link)), most=_characters(LONGEST_LINK)
            )
            return {"link": "", "said": said, "qr": None, "at": time.time()}
        said = say("components.share.length", characters=_characters(len(link)))
        return {"link": link, "said": said, "qr": qr_code(link), "at": time.time()}

    def open(self, visitor: Visitor, asked: object, controls: Controls) -> Iterator[Opened]:
        """Write the text of a link again, show it, and say whether it came out the same."""
        told = asked if isinstance(asked, dict) else {}
        if "open" not in told:
            return
        visitor.controls = controls
        visitor.want(WORK)

        def explained(why: str) -> Opened:
            refused = Screen(notice=problem(why), stop=gr.update(interactive=visitor.writing))
            return Opened({"opened": True, "at": time.time()}, None, refused)

        if told.get("returns") is True:
            visitor.came_back.wait(COMES_BACK_SECONDS)
        yield from or_why_not(self._opened(visitor, told["open"], controls), explained)

    def _opened(self, visitor: Visitor, link: object, controls: Controls) -> Iterator[Opened]:
        try:
            recipe, view = decoded(link)
        except LinkError as error:
            raise Trouble(say("lab.share.no_link", problem=str(error))) from error
        while not visitor.service.wait(LOADING_SECONDS):
            if WORK in visitor.unwanted:
                raise Trouble(say("lab.share.stopped"))
            yield Opened(screen=_progress(visitor.service.progress))
        require_idle(visitor)
        following, latest = self._following(visitor, recipe), list[Regeneration]()

        def kept() -> Iterator[Regeneration]:
            for one in following:
                latest[:] = [one]
                yield one

        for one in watched(visitor, WORK, kept(), following.stop):
            done = 0 if one is None else len(one.run.steps)
            line = say("lab.share.writing", done=done, count=len(recipe.steps))
            yield Opened(screen=_progress(line))
        if WORK in visitor.unwanted or not latest:
            raise Trouble(say("lab.share.stopped"))
        yield self._shown(visitor, recipe, view, latest[0], controls)

    def _following(self, visitor: Visitor, recipe: Recipe) -> Regenerating:
        """Return the recipe as it is to be followed here.

        Raises:
            Trouble: it cannot be followed here.
        """
        service, info = visitor.service, visitor.service.info
        longest = min(service.limits.max_text_tokens, info.context_length)
        ids = recipe.prompt_token_ids
        if ids is None or not all(one < info.vocab_size for one in ids):
            ids = service.encode(recipe.prompt)
        if len(ids) + len(recipe.steps) > longest:
            raise Trouble(say("lab.share.too_long", tokens=len(ids) + len(recipe.steps), limit=longest))
        precision = recipe.precision
        if precision not in info.formats:
            precision = EXACT if EXACT in info.formats else info.formats[0]
        service.require_room_in_line()
        try:
            return Regenerating(service.engine, recipe, ids, precision, owner=visitor)
        except ValueError as error:
            raise Trouble(say("lab.share.no_link", problem=str(error))) from error

    def _shown(
        self,
        visitor: Visitor,
        recipe: Recipe,
        view: Mapping[str, Any],
        found: Regeneration,
        controls: Controls,
    ) -> Opened:
        """Put what came of a link on the page."""
        with visitor.lock:
            require_idle(visitor)
            visitor.history.change(_with_both(visitor.tree, found))
            run = visitor.tree.run
            at = _number(view, "at", found.parted or len(run.token_ids) - 1)
            self._showing.take(visitor, min(at, len(run.token_ids) - 1))
        now = self._controls(visitor, controls, run, view, visitor.selected)
        said = verdict(recipe, found, visitor.service.info.identity, computed_with())
        screen = self._showing.redraw(visitor, now)
        screen = screen._replace(notice=finding(said), prompt=given_text(run), status=status_line(""))
        return Opened({"opened": True, "at": time.time()}, now, screen)

    def _controls(
        self, visitor: Visitor, controls: Controls, run: Run, view: Mapping[str, Any], at: int
    ) -> Controls:
        """Return the controls as they stood where the link was made, at the step that is selected."""
        info, settings = visitor.service.info, run.settings_at(at)
        serial = (controls.chain or {}).get("serial")
        after = serial + 1 if isinstance(serial, int) else 1
        mean = view.get("mean_heads")
        return replace(
            controls,
            **{name: getattr(settings, name) for name in DIALLED},
            chain=chain_value(settings, after) if _has_own(settings) or controls.chain else controls.chain,
            seed=run.seed,
            precision="exact" if run.precision == EXACT else "fast",
            layer=min(_number(view, "layer", controls.layer), info.layers - 1),
            head=min(_number(view, "head", controls.head), info.heads - 1),
            mean_heads=mean if isinstance(mean, bool) else controls.mean_heads,
            max_new_tokens=min(
                _number(view, "max_new_tokens", controls.max_new_tokens),
                visitor.service.limits.max_new_tokens,
            ),
        )

    def _prompt_follows(self, visitor: Visitor, run: Run) -> bool:
        """Return whether the tokenizer makes the prompt of its text, so that a link need not hold both."""
        if not visitor.service.ready or run.model != visitor.service.info.identity:
            return False
        return bool(visitor.service.model.encode(run.prompt) == run.prompt_token_ids)


def _with_both(tree: BranchTree, found: Regeneration) -> BranchTree:
    """Return the tree with the text written here on the page, and beside it the shared one if it differs."""
    name = say("lab.share.name")
    known = next((one.key for one in tree.branches if one.run.token_ids == found.run.token_ids), None)
    if found.parted is None:
        return begun(tree, found.run, name)[0] if known is None else tree.selected(known)
    tree, _ = begun(tree, found.shared, name)
    if found.shared.token_ids[: found.parted] == found.run.token_ids[: found.parted]:
        tree = left(tree, found.run, found.parted)
    else:
        tree, _ = begun(tree, found.run)
    return tree.named(tree.current, say("lab.share.here"))


def _progress(line: str) -> Screen:
    return Screen(notice="", status=status_line(line), stop=gr.update(interactive=True))


def _has_own(settings: SamplerSettings) -> bool:
    return bool(chain_value(settings, 0) != chain_value(SamplerSettings(), 0))


def _number(view: Mapping[str, Any], name: str, otherwise: int) -> int:
    """Return a number of a view, which may hold anything."""
    value, (low, high) = view.get(name), VIEW[name]
    is_number = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    return value if is_number else otherwise  # type: ignore[return-value]


def _characters(count: int) -> str:
    return say("components.share.characters", count=f"{count:,}")


@cache
def computed_with() -> str:
    """Return the library that computes here, and its version."""
    return f"torch {version('torch')}"


def qr_code(text: str) -> QrCode:
    """Return the QR code of a text (ISO/IEC 18004, by segno), as few modules as hold it."""
    code = segno.make(text, error="l", micro=False, boost_error=False)
    rows = list(code.matrix_iter(border=4))
    path = "".join(
        f"M{left} {top}h1v1h-1z" for top, row in enumerate(rows) for left, dark in enumerate(row) if dark
    )
    return {"size": len(rows), "path": path}
