"""What the room of the chain shows: every stage of the sampler, and the draw on what they leave."""

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go

from model.sampler.ladder import ladder
from model.sampler.sampling import ShapedDistribution, draw
from model.sampler.settings import SamplerSettings
from model.sampler.stage_shares import stage_shares
from model.sampler.stages import RULING
from model.texts.given import given_steps
from viz.components.chain import picked_token
from viz.figures.cumulative import HEIGHT, cumulative_figure
from viz.figures.stages import stages_figure
from viz.figures.theme import placeholder
from viz.pages.controls import Controls
from viz.pages.panel import On, Panel, Panels
from viz.pages.scene import Scene
from viz.pages.search import found_tokens
from viz.rooms.chain import throwing
from viz.rooms.chain.chain_road import ChainRoadValue, chain_road_value
from viz.rooms.chain.chain_table import ChainTableValue, chain_table_value, coin_note
from viz.words.stages import stage_label
from viz.words.strings import say
from viz.words.tokens import told_token

FOLLOWED = 8
"""Tokens with a share of their own in the picture of the stages."""
STEPS = 14
"""Leading tokens with a step of their own on the ladder of the dice."""
ROADS = 3
"""Tokens whose roads are shown together."""


def table(scene: Scene, controls: Controls) -> ChainTableValue | None:
    """Return the chain, stage by stage."""
    why = scene.explanation
    if why is None:
        return None
    return chain_table_value(
        why.shaped,
        controls.settings,
        token_of=scene.source.token_of,
        chosen=why.token_id,
        choice=controls.chain,
        sentence=_order_says(scene, controls),
    )


def road(scene: Scene, controls: Controls) -> ChainRoadValue | None:
    """Return the roads of the tokens that were picked or searched, else of the one in the text."""
    why = scene.explanation
    if why is None:
        return None
    picked = picked_token(controls.picked, len(why.shaped.logits))
    wanted = [] if picked is None else [picked]
    if controls.query:
        wanted += sorted(found_tokens(scene.source.find(controls.query), why).token_ids, key=why.shaped.rank)
    if not wanted:
        wanted = [why.token_id if why.token_id is not None else int(why.shaped.most_likely(1)[0])]
    shown = list(dict.fromkeys(wanted))[:ROADS]
    return chain_road_value(why.shaped, controls.settings, shown, scene.source.token_of)


def stages(scene: Scene, controls: Controls) -> go.Figure:
    """Return the distribution after every stage."""
    why = scene.explanation
    if why is None:
        return placeholder(say("page.first_token"), theme=controls.theme, height=HEIGHT)
    dice = _by_dice(scene)
    always = [token_id for token_id in (why.token_id, dice) if token_id is not None]
    shares = stage_shares(why.shaped, most=FOLLOWED, always=always)
    return stages_figure(
        shares,
        labels=[scene.source.token_of(int(token_id)) for token_id in shares.token_ids],
        columns=[_column(name, controls) for name in shares.names],
        chosen=why.token_id,
        dice=dice,
        theme=controls.theme,
    )


def cumulative(scene: Scene, controls: Controls) -> go.Figure:
    """Return the cumulative curve and where the dice fall."""
    why = scene.explanation
    if why is None:
        return placeholder(say("page.first_token"), theme=controls.theme, height=HEIGHT)
    dice = _by_dice(scene)
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


def _by_dice(scene: Scene) -> int | None:
    """Return the token on which the recorded dice of the step fall now; None where none were thrown."""
    why = scene.explanation
    return None if why is None or why.forced else why.token_id_by_same_dice


def _why_no_dice(scene: Scene) -> str:
    if scene.selected < len(scene.run.prompt_token_ids):
        return say("figures.dice.prompt")
    if scene.selected >= len(scene.run.token_ids):
        return say("figures.dice.not_yet")
    given = scene.selected < len(scene.run.prompt_token_ids) + given_steps(scene.run)
    return say("figures.dice.given" if given else "figures.dice.forced")


def _column(name: str, controls: Controls) -> str:
    """Return the name of a column of the picture, with the value of its stage in a second line."""
    if name in ("model", "dice"):
        return say(f"figures.stages.{'model' if name == 'model' else 'left'}")
    label = stage_label(name)
    return label if name == "logit_bias" else f"{label}<br>{getattr(controls.settings, name):g}"


def _order_says(scene: Scene, controls: Controls) -> str:
    """Compare the order of the chain with the usual one, for the same step and the same dice."""
    settings, why = controls.settings, scene.explanation
    if settings.order is None or why is None:
        return say("components.chain.usual")
    usual = why.shaped.again(replace(settings, order=None))
    said = [*_moved_ahead(why.shaped, settings), _left(why.shaped, usual)]
    dice = _by_dice(scene)
    if dice is not None and why.u is not None:
        other = draw(usual, why.u)
        name, usual_name = (told_token(scene.source.token_of(token_id)) for token_id in (dice, other))
        key = "components.chain.dice_same" if dice == other else "components.chain.dice_differ"
        said.append(say(key, u=f"{why.u:.3f}", token=name, usual=usual_name))
    return " ".join(said)


def _moved_ahead(here: ShapedDistribution, settings: SamplerSettings) -> list[str]:
    """Return a sentence for every stage that acted earlier than it was asked to."""
    acted = [stage.name for stage in here.stages]
    wanted = list(settings.chain)
    moved = [name for name in acted if wanted.index(name) > acted.index(name)] if acted != wanted else []
    return [say("components.chain.moved_ahead", stage=stage_label(name)) for name in moved if name in RULING]


def _left(here: ShapedDistribution, usual: ShapedDistribution) -> str:
    same = here.kept == usual.kept and np.isclose(here.shaped_entropy_bits, usual.shaped_entropy_bits)
    return say(
        "components.chain.order_same" if same else "components.chain.order_differs",
        kept=f"{here.kept:,}",
        entropy=f"{here.shaped_entropy_bits:.2f}",
        usual_kept=f"{usual.kept:,}",
        usual_entropy=f"{usual.shaped_entropy_bits:.2f}",
    )


PANELS: Panels = {
    "chain": Panel(table, On.SETTINGS),
    "road": Panel(road, On.SETTINGS | On.SEARCH),
    "stages": Panel(stages, On.SETTINGS, figure=True),
    "cumulative": Panel(cumulative, On.SETTINGS, figure=True),
    "thrown": Panel(throwing.thrown, On.SETTINGS),
    "throws": Panel(throwing.throws, On.SETTINGS, figure=True),
    "convergence": Panel(throwing.convergence, On.SETTINGS, figure=True),
}
