"""What temperature and the cuts do to a step, as figures that several rooms show."""

from model.sampler.distribution import leading
from model.sampler.effects import ranked_curve, temperature_sweep
from viz.figures.figure import Figure
from viz.figures.ranked_probability import ranked_probability_figure
from viz.figures.temperature_sweep import HEIGHT, temperature_sweep_figure
from viz.figures.theme import placeholder
from viz.pages.controls import Controls
from viz.pages.scene import Scene
from viz.words.strings import say

FOLLOWED = 6
"""Tokens with a band of their own in the temperature sweep."""


def sweep(scene: Scene, controls: Controls) -> Figure:
    """Return probability against temperature."""
    why, settings = scene.explanation, controls.settings
    if why is None:
        return placeholder(say("page.first_token"), theme=controls.theme, height=HEIGHT)
    scores = why.shaped.unheated
    followed = [int(token_id) for token_id in leading(scores, min(FOLLOWED, len(scores)))]
    if why.token_id is not None and why.token_id not in followed:
        followed.append(why.token_id)
    return temperature_sweep_figure(
        temperature_sweep(scores, followed),
        labels=[scene.source.token_of(token_id) for token_id in followed],
        temperature=settings.temperature,
        chosen=why.token_id,
        theme=controls.theme,
    )


def ranked(scene: Scene, controls: Controls) -> Figure:
    """Return probability against rank, with the cuts."""
    why = scene.explanation
    if why is None:
        return placeholder(say("page.first_token"), theme=controls.theme, height=HEIGHT)
    return ranked_probability_figure(
        ranked_curve(why.shaped), settings=controls.settings, theme=controls.theme
    )
