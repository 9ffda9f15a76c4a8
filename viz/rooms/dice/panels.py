"""What the room of the dice shows: where those of the text fell, and where others fall."""

from model.sampler.ladder import ladder
from model.texts.given import given_steps
from viz.figures.cumulative import HEIGHT, cumulative_figure
from viz.figures.figure import Figure
from viz.figures.theme import placeholder
from viz.pages.controls import Controls
from viz.pages.panel import On, Panel, Panels
from viz.pages.scene import Scene
from viz.rooms.dice import throwing
from viz.words.coin import coin_note
from viz.words.strings import say

STEPS = 14
"""Leading tokens with a step of their own on the ladder of the dice."""


def cumulative(scene: Scene, controls: Controls) -> Figure:
    """Return the cumulative curve and where the dice fall."""
    why = scene.explanation
    if why is None:
        return placeholder(say("page.first_token"), theme=controls.theme, height=HEIGHT)
    dice = why.token_id_by_same_dice
    marked = [token_id for token_id in (dice, why.token_id) if token_id is not None]
    return cumulative_figure(
        ladder(why.shaped, most=STEPS, marked=marked),
        token_of=scene.source.token_of,
        u=None if dice is None else why.u,
        dice=dice,
        chosen=why.token_id,
        why_no_dice=_why_no_dice(scene),
        theme=controls.theme,
        coin=coin_note(why.shaped),
    )


def _why_no_dice(scene: Scene) -> str:
    if scene.selected < len(scene.run.prompt_token_ids):
        return say("figures.dice.prompt")
    if scene.selected >= len(scene.run.token_ids):
        return say("figures.dice.not_yet")
    given = scene.selected < len(scene.run.prompt_token_ids) + given_steps(scene.run)
    return say("figures.dice.given" if given else "figures.dice.forced")


PANELS: Panels = {
    "thrown": Panel(throwing.thrown, On.SETTINGS),
    "cumulative": Panel(cumulative, On.SETTINGS, figure=True),
    "throws": Panel(throwing.throws, On.SETTINGS, figure=True),
    "convergence": Panel(throwing.convergence, On.SETTINGS, figure=True),
}
