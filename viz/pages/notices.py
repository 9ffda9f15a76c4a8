"""What is said under the shell: how the sliders and dice differ from those that a token was drawn with."""

from model.numbers import MAX_SEED
from model.sampler.sampling import uniform
from model.sampler.settings import BAN, SamplerSettings
from model.sampler.stage_records import RECORD, STAGES
from model.texts.run import Step
from viz.pages.controls import Controls
from viz.pages.scene import Scene
from viz.words.lines import said
from viz.words.percent import signed
from viz.words.stages import stage_label
from viz.words.strings import say
from viz.words.tokens import told_token

MOST_TOLD = 3
"""Banned or boosted tokens that are named in a sentence."""


def notice(scene: Scene, controls: Controls) -> str:
    """Say so when the sliders or the seed stand elsewhere than when the selected token was chosen."""
    why = scene.explanation
    step = scene.run.step_at(scene.selected)
    used = scene.run.settings_at(scene.selected)
    if why is None or step is None or step.forced:
        return ""  # nobody sampled it
    now = controls.settings
    if used.acts_like(now):
        return said(say("page.other_dice")) if _throws_other_dice(controls, step, used) else ""
    acting = [name for name in STAGES if name in {*used.chain, *now.chain}]
    changed = [name for name in (*acting, "order") if used.asked(name) != now.asked(name)]
    if used.temperature == 0.0 != now.temperature:
        changed = ["temperature"]
    told = (
        said_biases(used, scene) if name == "logit_bias" else said_setting(used, name) for name in changed
    )
    settings = ", ".join(told)
    text = say("page.earlier_settings", settings=settings)
    same = why.token_id_by_same_dice
    if same is not None and same != why.token_id:
        token = told_token(scene.source.token_of(same))
        text += " " + say("page.other_token", token=token, u=f"{step.u:.3f}")
    elif same is not None:
        text += " " + say("page.same_token")
    return said(text)


def other_numbers(scene: Scene, wanted: str) -> str:
    """Say so when new texts will be computed in another number format than the one on the page."""
    kept = scene.run.precision
    return "" if wanted == kept else said(say("page.other_numbers", kept=kept, wanted=wanted))


def _throws_other_dice(controls: Controls, step: Step, used: SamplerSettings) -> bool:
    """Return whether the seed on the page would give a step another number, and that could matter."""
    seed = controls.seed
    is_seed = isinstance(seed, int | float) and 0 <= seed <= MAX_SEED and seed == int(seed)
    return is_seed and used.temperature > 0 and uniform(int(seed), step.position) != step.u


def said_setting(settings: SamplerSettings, name: str) -> str:
    """Return one setting with its value, in words."""
    value = getattr(settings, name)
    if name == "order":
        return say("page.setting.order")
    if name not in SamplerSettings.ALWAYS and value == SamplerSettings.OFF[name]:
        return say("page.without", stage=stage_label(name))
    record = RECORD.get(name)
    more = {one.name: f"{getattr(settings, one.name):g}" for one in (record.parameters if record else ())}
    return say(f"page.setting.{name}", value=len(value) if name == "logit_bias" else f"{value:g}", **more)


def said_biases(settings: SamplerSettings, scene: Scene) -> str:
    """Return which tokens are banned or boosted, in words; of many the first."""
    told = [
        say("page.banned", token=told_token(scene.source.token_of(token_id)))
        if bias == BAN
        else f"{told_token(scene.source.token_of(token_id))} {signed(bias)}"
        for token_id, bias in settings.logit_bias[:MOST_TOLD]
    ]
    more = len(settings.logit_bias) - len(told)
    if more:
        told.append(say("page.more_biases", count=more))
    return ", ".join(told) or say("page.bias_off")
