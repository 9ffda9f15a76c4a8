"""What the room of the sampler shows: every stage, and what temperature and cuts leave together."""

from dataclasses import replace

import numpy as np

from model.sampler.sampling import ShapedDistribution, draw
from model.sampler.settings import SamplerSettings
from model.sampler.stage_shares import stage_shares
from model.sampler.stages import RULING
from viz.components.chain import picked_token
from viz.figures.figure import Figure
from viz.figures.stages import HEIGHT, stages_figure
from viz.figures.theme import placeholder
from viz.pages.controls import Controls
from viz.pages.panel import On, Panel, Panels
from viz.pages.sampler_figures import ranked, sweep
from viz.pages.scene import Scene
from viz.pages.search import found_tokens
from viz.rooms.chain.chain_road import ChainRoadValue, chain_road_value
from viz.rooms.chain.chain_table import ChainTableValue, chain_table_value
from viz.words.stages import stage_label
from viz.words.strings import say
from viz.words.tokens import told_token

FOLLOWED = 8
"""Tokens with a share of their own in the picture of the stages."""
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


def stages(scene: Scene, controls: Controls) -> Figure:
    """Return the distribution after every stage."""
    why = scene.explanation
    if why is None:
        return placeholder(say("page.first_token"), theme=controls.theme, height=HEIGHT)
    dice = why.token_id_by_same_dice
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
    dice = why.token_id_by_same_dice
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
    "chain_sweep": Panel(sweep, On.SETTINGS, figure=True),
    "chain_ranked": Panel(ranked, On.SETTINGS, figure=True),
}
