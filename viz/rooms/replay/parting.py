"""Why a text parted from the original, in a sentence with its numbers."""

import math

from model.lab.replay import Divergence
from model.lab.variants import VariantText
from model.sampler.settings import SamplerSettings
from model.sampler.stage_records import STAGES
from model.texts.run import Run
from viz.pages.notices import said_setting
from viz.words.percent import percent
from viz.words.stages import stage_name
from viz.words.strings import say
from viz.words.tokens import told_token


def why_parted(text: VariantText, name: str) -> str:
    """Return the sentence under a text; empty as long as there is nothing to say.

    Args:
        text: as far as it has got.
        name: what it is called on the page.
    """
    if text.divergence is not None and text.variant.settings is not None:
        original = text.comparison.original
        return _by_dice(text.divergence, original, text.variant.settings)
    if text.comparison.first_difference is not None:
        return _by_search(text)
    if len(text.comparison.tokens) < len(text.comparison.original.steps):
        return ""
    by = "dice" if text.variant.settings is not None else "search"
    return say(f"lab.replay.never_parted.{by}", name=name)


def _by_dice(parted: Divergence, original: Run, after: SamplerSettings) -> str:
    before = original.settings_at(parted.position)
    if parted.cut_by is None:
        because = say(
            "lab.replay.moved", was=_shown(parted.was.token), p=percent(parted.was.probability_after)
        )
    elif parted.cut_by == "temperature":
        because = say("lab.replay.greedy", was=_shown(parted.was.token))
    else:
        stage = said_setting(after, parted.cut_by)
        because = say("lab.replay.cut", stage=stage, was=_shown(parted.was.token))
    kind = "to_greedy" if after.temperature == 0 else "from_greedy" if before.temperature == 0 else "parted"
    return say(
        f"lab.replay.{kind}",
        position=parted.position,
        u=f"{parted.u:.3f}",
        before=said_difference(before, after),
        was=_shown(parted.was.token),
        p_was=percent(parted.was.probability_before),
        after=said_difference(after, before),
        now=_shown(parted.now.token),
        p_now=percent(parted.now.probability_after),
        because=because,
    )


def said_difference(settings: SamplerSettings, other: SamplerSettings) -> str:
    """Return in words the settings in which the first ones differ from the others."""
    if settings.temperature == 0.0:  # nothing that stands behind it matters
        return said_setting(settings, "temperature")
    names = [name for name in (*STAGES, "order") if settings.asked(name) != other.asked(name)]
    if other.temperature == 0.0:
        names = [
            name
            for name in names
            if name == "temperature" or getattr(settings, name) != settings.OFF.get(name)
        ]
    return ", ".join(_said(settings, name) for name in names)


def _said(settings: SamplerSettings, name: str) -> str:
    if name != "temperature" and name in settings.OFF and getattr(settings, name) == settings.OFF[name]:
        return say("lab.replay.off", stage=stage_name(name))
    return said_setting(settings, name)


def _by_search(text: VariantText) -> str:
    comparison = text.comparison
    index = comparison.first_difference
    assert index is not None
    was, now = comparison.original.steps[index], comparison.tokens[index]
    p_was, p_now = math.exp(was.logprob), math.exp(now.logprob)
    because = say(f"lab.replay.{text.variant.key}_{'likelier' if p_now > p_was else 'unlikelier'}")
    return say(
        "lab.replay.parted_by_search",
        position=was.position,
        was=_shown(was.token),
        p_was=percent(p_was),
        now=_shown(now.token),
        p_now=percent(p_now),
        because=because,
    )


def _shown(token: str) -> str:
    return told_token(token, 24)
