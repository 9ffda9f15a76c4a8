"""Other dice at the selected step, thrown as often as a visitor likes."""

from collections.abc import Hashable
from html import escape

import numpy as np

from model.sampler.throws import MOST_THROWS, Throws, expected_distance, no_throws, shares, throw
from viz.figures.figure import Figure
from viz.figures.theme import placeholder
from viz.figures.throws import HEIGHT, convergence_figure, throws_figure
from viz.pages.controls import Controls
from viz.pages.drawing import drawn
from viz.pages.kept import RoomState
from viz.pages.looking import Handler, Looking
from viz.pages.panel import Panels
from viz.pages.scene import Scene
from viz.pages.screen import Screen
from viz.words.fit import fit_numbers, fit_words, on_demand
from viz.words.lines import problem
from viz.words.percent import count as counted
from viz.words.percent import percent
from viz.words.prose import prose
from viz.words.strings import say
from viz.words.tokens import display_token

COUNTS = {"throw-one": 1, "throw-hundred": 100, "throw-many": 10_000, "throw-forget": 0}
"""Throws of each button; 0 forgets them all."""
SHOWN = 10
"""Leading tokens whose shares are shown."""
GUIDE = 40
"""Points of the curve of what chance leaves."""


class DiceState(RoomState):
    """What the room remembers of a visitor."""

    comes_back = True

    def __init__(self) -> None:
        self.throws: Throws | None = None
        """Other dice at one step, which another step or other settings forget."""


def thrower(looking: Looking, count: int, panels: Panels) -> Handler:
    """Return a handler that throws dice at the selected step, and shows all that were thrown there.

    Args:
        looking: of the page.
        count: throws more; 0 forgets them all.
        panels: of the room.
    """
    shown = {name: panels[name] for name in ("thrown", "throws", "convergence")}

    def throw_again(scene: Scene, controls: Controls) -> Screen:
        if scene.explanation is None:
            return Screen(notice=problem(say("lab.dice.none_here")))
        before, state = _throws(scene, controls), scene.kept.of(DiceState)
        state.throws = throw(before, count, np.random.default_rng()) if count else None
        return drawn(scene, controls, {}, shown)

    return looking.handler(throw_again)


def thrown(scene: Scene, controls: Controls) -> str:
    """Return what there is to say about the throws, as HTML."""
    if scene.explanation is None:
        return ""
    now = _throws(scene, controls)
    if now.last is None or now.last_u is None:
        return _of_the_text(scene) + _said(say("lab.dice.none"))
    full = [say("lab.dice.full", total=counted(MOST_THROWS))] if now.total >= MOST_THROWS else []
    coins = [say("lab.dice.coins")] if len(now.falls) > 1 else []
    distance = say("lab.dice.distance", distance=percent(now.distance))
    total = say("lab.dice.total", total=counted(now.total))
    plainly = _said(total, fit_words(now.fit), *coins, *full)
    last = _large(now.last_u, scene.source.token_of(now.last), say("lab.dice.this_throw"))
    return last + plainly + on_demand(distance, fit_numbers(now.fit))


def throws(scene: Scene, controls: Controls) -> Figure:
    """Return the shares of the leading tokens among the throws."""
    if scene.explanation is None:
        return placeholder(say("page.first_token"), theme=controls.theme, height=HEIGHT)
    now = _throws(scene, controls)
    leading = shares(now, SHOWN)
    names = [scene.source.token_of(one.token_id) for one in leading]
    return throws_figure(leading, labels=names, total=now.total, theme=controls.theme)


def convergence(scene: Scene, controls: Controls) -> Figure:
    """Return how far shares and probabilities are apart, by the number of throws."""
    if scene.explanation is None:
        return convergence_figure([], [], None, theme=controls.theme)
    now = _throws(scene, controls)
    if not now.total:
        return convergence_figure([], [], None, theme=controls.theme)
    noted = dict(now.noted) | {now.total: now.distance}
    totals = np.geomspace(1, max(100, now.total), GUIDE)
    expected = totals, expected_distance(now.probabilities, totals)
    return convergence_figure(list(noted), list(noted.values()), expected, theme=controls.theme)


def _throws(scene: Scene, controls: Controls) -> Throws:
    """Return the throws at this step under these settings: those of another are forgotten."""
    assert scene.explanation is not None
    place = _place(scene, controls)
    known = scene.kept.of(DiceState).throws
    if known is not None and known.place == place:
        return known
    return no_throws(scene.explanation.shaped, place)


def _place(scene: Scene, controls: Controls) -> Hashable:
    run = scene.run
    return run.model, run.precision, run.token_ids[: scene.selected], controls.settings


def _of_the_text(scene: Scene) -> str:
    """Return the dice that the text was written with, and what they fall on now; none where none were."""
    why = scene.explanation
    if why is None or why.u is None or why.token_id_by_same_dice is None:
        return _large(None, "", "")
    return _large(why.u, scene.source.token_of(why.token_id_by_same_dice), say("lab.dice.of_the_text"))


def _large(u: float | None, token: str, caption: str) -> str:
    """Return one throw in letters for the last row, as escaped HTML, as high whatever it is."""
    if u is None:
        return '<p class="one-throw">–</p>'
    number, name = escape(say("lab.dice.u", u=f"{u:.3f}")), escape(display_token(token))
    return (
        f'<p class="one-throw"><span class="u">{number}</span> → '
        f'<bdi class="token" translate="no">{name}</bdi> <span class="say">{escape(caption)}</span></p>'
    )


def _said(*sentences: str) -> str:
    return f'<p class="say" role="status">{prose(" ".join(sentences))}</p>'
