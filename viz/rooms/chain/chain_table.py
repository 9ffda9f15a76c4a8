"""The chain of the sampler as a table: its stages in order, and what each of them did to one step."""

from collections.abc import Callable
from typing import TypedDict

from model.sampler.distribution import Stage
from model.sampler.road import probability_after
from model.sampler.sampling import ShapedDistribution
from model.sampler.settings import SamplerSettings
from model.sampler.stage_records import BIAS, DRY, RECORD, STAGES, XTC, Parameter, StageRecord
from model.sampler.stages import dry_penalties
from viz.components.bias_chips import Chip, chip
from viz.components.chain import DIALLED
from viz.components.drawn import Drawn
from viz.components.token_rows import LONGEST_TOKEN
from viz.words.coin import coin_note
from viz.words.percent import count, percent
from viz.words.stages import stage_label
from viz.words.strings import say
from viz.words.tokens import display_token


class Numbers(TypedDict):
    """What is left at one place of the chain."""

    kept: str
    mass: float
    """Share of the probability that came into it, 0 to 1; of all stages together, these shares multiplied."""
    mass_text: str
    own_mass: str
    """What the model itself gave these tokens together, in words; only at the end of the chain."""
    entropy: str
    chosen: str
    """Probability of the token that is followed."""
    struck: str
    """Its probability before the cut, where it is cut here."""
    gone: bool
    """It was cut earlier."""


class Box(TypedDict):
    """A second number of a stage, which can be typed."""

    name: str
    label: str
    value: str
    low: float
    high: float
    step: float
    usual: float


class StageRow(TypedDict):
    """One stage. `numbers` is None where it is switched off."""

    name: str
    label: str
    title: str
    say: str
    kind: str
    """What its value is: dial (a slider of the page), number, or chips."""
    value: str
    low: float
    high: float
    step: float
    start: float
    off: float
    chips: list[Chip]
    more: list[Box]
    note: str
    """What it did at this step, where its numbers do not say so."""
    numbers: Numbers | None


class ChainTableValue(TypedDict):
    """The value of a `ChainTable`."""

    serial: int
    """Of the choice that it shows."""
    changed: bool
    """Whether anything differs from the usual chain."""
    token: str
    """The token that is followed."""
    followed: str
    """Why that one."""
    model: Numbers
    stages: list[StageRow]
    off: list[StageRow]
    dice: Numbers
    sentence: str
    """What the order changes."""


def chain_table_value(
    shaped: ShapedDistribution,
    settings: SamplerSettings,
    *,
    token_of: Callable[[int], str],
    chosen: int | None,
    choice: object,
    sentence: str,
) -> ChainTableValue:
    """Return the chain of one step.

    Args:
        shaped: the distribution, whose stages are the rows.
        settings: the sampler that made it.
        token_of: the text of a token id.
        chosen: the token that stands in the text; without one the model's first is followed.
        choice: value of the `ChainChoice`.
        sentence: what the order changes.
    """
    followed = chosen if chosen is not None else int(shaped.most_likely(1)[0])
    cut = shaped.cut_by(followed)
    rows, gone, before = [], False, shaped.model
    for stage in shaped.stages:
        here = stage.name == cut and not gone
        numbers = _numbers(stage, stage.mass, followed, gone=gone, struck=before if here else None)
        rows.append(_row(stage.name, settings, numbers, token_of, stage_note(shaped, stage)))
        gone, before = gone or here, stage
    off = [name for name in STAGES if name not in {stage.name for stage in shaped.stages}]
    choice = choice if isinstance(choice, dict) else {}
    serial = choice.get("serial")
    return {
        "serial": serial if isinstance(serial, int) else 0,
        "changed": any(choice.get(part) for part in ("order", "values", "logit_bias")),
        "token": display_token(token_of(followed), LONGEST_TOKEN),
        "followed": say("components.chain.chosen" if chosen is not None else "components.chain.first"),
        "model": _numbers(shaped.model, 1.0, followed),
        "stages": rows,
        "off": [_row(name, settings, None, token_of) for name in off],
        "dice": _dice(shaped, followed, gone=gone),
        "sentence": sentence,
    }


def stage_note(shaped: ShapedDistribution, stage: Stage) -> str:
    """Return what a stage did at this step that its numbers do not say; empty for most."""
    if stage.name == XTC:
        return coin_note(shaped)
    if stage.name != DRY:
        return ""
    _, penalties = dry_penalties(shaped.settings, shaped.at)
    if len(penalties) == 0 or shaped.settings.dry_multiplier == 0.0:
        return say("components.chain.repeats.none")
    return say("components.chain.repeats.some", count=count(len(penalties)), most=f"{penalties.max():.3g}")


def _dice(shaped: ShapedDistribution, token_id: int, *, gone: bool) -> Numbers:
    numbers = _numbers(shaped.left, shaped.mass, token_id, gone=gone)
    numbers["own_mass"] = say("components.chain.own_mass", mass=percent(shaped.kept_mass))
    return numbers


def _numbers(
    stage: Stage, mass: float, token_id: int, *, gone: bool = False, struck: Stage | None = None
) -> Numbers:
    return {
        "kept": count(stage.kept),
        "mass": mass,
        "mass_text": percent(mass),
        "own_mass": "",
        "entropy": f"{stage.entropy_bits:.2f}",
        "chosen": percent(probability_after(stage, token_id)),
        "struck": "" if struck is None else percent(probability_after(struck, token_id)),
        "gone": gone,
    }


def _row(
    name: str,
    settings: SamplerSettings,
    numbers: Numbers | None,
    token_of: Callable[[int], str],
    note: str = "",
) -> StageRow:
    record = RECORD.get(name, StageRecord(BIAS, 0.0, 0.0, off=0.0, start=0.0))
    biased = name == BIAS
    kind = "chips" if biased else "dial" if name in DIALLED else "number"
    sentence, paper = say(f"components.chain.stage.{name}.say"), say(f"components.chain.stage.{name}.paper")
    return {
        "name": name,
        "label": stage_label(name),
        "title": f"{sentence}\n{paper}",
        "say": sentence,
        "kind": kind,
        "value": "" if biased else f"{getattr(settings, name):g}",
        "low": record.low,
        "high": record.high,
        "step": record.step,
        "start": record.start,
        "off": float(record.off),
        "chips": [chip(*pair, token_of) for pair in settings.logit_bias if biased],
        "more": [_box(one, settings) for one in record.parameters],
        "note": note,
        "numbers": numbers,
    }


def _box(parameter: Parameter, settings: SamplerSettings) -> Box:
    return {
        "name": parameter.name,
        "label": say(f"components.chain.parameter.{parameter.name}"),
        "value": f"{getattr(settings, parameter.name):g}",
        "low": parameter.low,
        "high": parameter.high,
        "step": parameter.step,
        "usual": parameter.usual,
    }


class ChainTable(Drawn):
    """The table. What a person does in it goes to the `ChainChoice` and `ChainDials` of the page."""

    def __init__(self, value: ChainTableValue | None = None, *, elem_id: str = "chain-table") -> None:
        keys = (
            *("stage", "value", "kept", "mass", "entropy", "caption", "empty", "model", "model_title"),
            *(
                "dice",
                "dice_title",
                "move",
                "on",
                "off",
                "dial",
                "input",
                "remove",
                "no_bias",
                "more",
                "tools",
            ),
            *("reset", "cut", "gone", "mass_of", "mass_title"),
        )
        words = {key: say(f"components.chain.words.{key}") for key in keys}
        words["own_mass_title"] = say("components.chain.own_mass_title")
        super().__init__(
            "chain_table",
            '<div class="chain-table"></div><p class="say order-says" role="status"></p>',
            value,
            words=words,
            elem_id=elem_id,
        )
