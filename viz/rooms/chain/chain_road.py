"""The road of single tokens through the stages: what each stage made of them, and which one cut them."""

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from model.sampler.road import Passage, probability_after, road
from model.sampler.sampling import ShapedDistribution
from model.sampler.settings import SamplerSettings
from model.sampler.stage_records import CUTS, XTC
from viz.components.drawn import Drawn
from viz.components.token_rows import LONGEST_TOKEN
from viz.words.percent import count, percent
from viz.words.stages import stage_label
from viz.words.strings import say
from viz.words.tokens import display_token, told_token


class RoadStep(TypedDict):
    """One stage of a road."""

    stage: str
    probability: str
    """After it; empty where the token is cut."""
    why: str
    cut: bool


class Road(TypedDict):
    """One token."""

    token: str
    title: str
    steps: list[RoadStep]
    end: str
    cut: bool


class ChainRoadValue(TypedDict):
    """The value of a `ChainRoad`."""

    roads: list[Road]


def chain_road_value(
    shaped: ShapedDistribution,
    settings: SamplerSettings,
    token_ids: Sequence[int],
    token_of: Callable[[int], str],
) -> ChainRoadValue:
    """Return the roads of some tokens through the stages of one step."""
    return {"roads": [_road(shaped, settings, token_id, token_of(token_id)) for token_id in token_ids]}


def _road(shaped: ShapedDistribution, settings: SamplerSettings, token_id: int, token: str) -> Road:
    passages = road(shaped, token_id)
    cut = bool(passages) and passages[-1].cut
    stage = stage_label(passages[-1].name) if cut else ""
    after = percent(shaped.probability(token_id))
    end = "components.road.cut" if cut else "components.road.left"
    first: RoadStep = {
        "stage": say("components.road.model"),
        "probability": percent(probability_after(shaped.model, token_id)),
        "why": say("components.road.rank", rank=count(shaped.rank(token_id))),
        "cut": False,
    }
    return {
        "token": display_token(token, LONGEST_TOKEN),
        "title": f"{told_token(token)}\nid {token_id}",
        "steps": [first, *(_step(passage, settings) for passage in passages)],
        "end": say(end, stage=stage, probability=after),
        "cut": cut,
    }


def _step(passage: Passage, settings: SamplerSettings) -> RoadStep:
    return {
        "stage": stage_label(passage.name) + _value(passage.name, settings),
        "probability": "" if passage.cut else percent(passage.probability),
        "why": why(passage, settings),
        "cut": passage.cut,
    }


def _value(name: str, settings: SamplerSettings) -> str:
    return "" if name == "logit_bias" else f" {getattr(settings, name):g}"


def why(passage: Passage, settings: SamplerSettings) -> str:
    """Say in words why a token passed a stage, or was cut there."""
    name = passage.name
    kept = count(passage.stage.kept)
    if not passage.cut:
        cuts = name in CUTS or (name == "temperature" and settings.temperature == 0.0)
        if not cuts:
            return say("components.road.from", before=percent(passage.probability_before))
        if name == XTC:
            removed = passage.before.kept - passage.stage.kept
            return say(f"components.road.{'behind' if removed else 'nothing'}", removed=count(removed))
        if name == "typical_p":
            return say("components.road.typical", had=f"{passage.surprise:.2f}")
        return say("components.road.kept", rank=count(passage.rank), kept=kept)
    number = 0.0 if name == "logit_bias" else getattr(settings, name)
    return say(
        f"components.road.why.{name}",
        value=f"{number:g}",
        kept=kept,
        rank=count(passage.rank),
        had=percent(passage.probability_before),
        threshold=percent(settings.xtc_threshold),
        leading=percent(passage.leading),
        least=percent(passage.least),
        floor=percent(number * passage.leading),
        behind=f"{passage.behind:.2f}",
        most_behind=f"{passage.most_behind:.2f}",
        surprise=f"{passage.surprise:.2f}",
        most_surprise=f"{passage.most_surprise:.2f}",
    )


class ChainRoad(Drawn):
    """The list."""

    def __init__(
        self, value: ChainRoadValue | None = None, *, elem_id: str = "chain-road", **kwargs: Any
    ) -> None:
        super().__init__(
            "chain_road",
            '<div class="roads" aria-live="polite"></div>',
            value,
            words={"empty": say("components.road.empty")},
            elem_id=elem_id,
            **kwargs,
        )
