"""The journey of one token: station by station, what happens there, in this model's sizes."""

from collections.abc import Callable
from typing import Any, TypedDict

from model.interior.journey import ModelSizes, StepNumbers
from viz.components import formulas
from viz.components.drawn import Drawn
from viz.components.formulas import Lines
from viz.components.token_map import STATIONS, station_title
from viz.words.percent import count, percent
from viz.words.strings import say
from viz.words.tokens import told_token

LONGEST_TOKEN = 24
SECONDS = 7
"""At each station while it plays."""


class Stop(TypedDict):
    """One station of the journey."""

    name: str
    title: str
    sentences: list[str]
    """What happens there; tokens are isolated."""
    shape: str
    """How many numbers go through."""
    formula: Lines
    """As MathML: see `viz.components.formulas`."""
    key: str
    """What the letters of the formula stand for."""
    page: str
    room: str


class JourneyValue(TypedDict):
    """The value of a `Journey`."""

    stops: list[Stop]


def journey_value(step: StepNumbers, sizes: ModelSizes, *, rooms: Any = None) -> JourneyValue:
    """Return the journey of the token of a step.

    Args:
        step: its numbers.
        sizes: of the model.
        rooms: page and room by station where they differ from `STATIONS`.
    """
    doors = {**STATIONS, **(rooms or {})}
    return {"stops": [_stop(name, step, sizes, doors[name]) for name in STATIONS]}


def _stop(name: str, step: StepNumbers, sizes: ModelSizes, door: tuple[str, str]) -> Stop:
    sentences, formula = _TOLD[name](step, sizes)
    return {
        "name": name,
        "title": station_title(name, step),
        "sentences": sentences,
        "shape": _say(name, "shape", step, sizes),
        "formula": formula,
        "key": _key(name, sizes) if formula else "",
        "page": door[0],
        "room": door[1],
    }


Told = tuple[list[str], Lines]


def _say(name: str, kind: str, step: StepNumbers | None, sizes: ModelSizes, **more: object) -> str:
    """Return a sentence with the sizes of the model, and of the text, filled in."""
    numbers = {
        "layers": sizes.layers,
        "heads": sizes.heads,
        "key_heads": sizes.key_heads,
        "head_size": sizes.head_size,
        "width": count(sizes.width),
        "vocab": count(sizes.vocab_size),
        "neurons": "" if sizes.neurons is None else count(sizes.neurons),
    }
    if step is not None:
        length = len(step.read)
        numbers |= {
            "tokens": count(length),
            "longer": count(length + 1),
            "characters": count(len("".join(step.read))),
            "kept": count(step.kept),
            "last": _token(step.read[-1]),
            "leading": _token(step.leading),
        }
    if name == "mlp" and kind == "shape" and sizes.neurons is None:
        kind = "shape_experts"
    if name == "attention" and kind == "shape" and sizes.key_heads < sizes.heads:
        kind = "shape_shared"
    said = say(f"components.journey.stop.{name}.{kind}", **numbers, **more)
    return said.replace(" %", "\u00a0%")  # no line ends between the two


def _key(name: str, sizes: ModelSizes) -> str:
    """Return what the letters of a formula stand for."""
    kinds = {
        "embedding": "key_positions" if sizes.position in ("learned", "sinusoidal") else "key",
        "mlp": "key_whole" if not formulas.inside_known(sizes) else "key_gated" if sizes.gated else "key",
        "stream": "key" if sizes.beside is not None else "key_whole",
        "next": "key_tied" if sizes.tied else "key",
    }  # fmt: skip
    return _say(name, kinds.get(name, "key"), None, sizes)


def _token(token: str) -> str:
    return told_token(token, LONGEST_TOKEN)


def _text(step: StepNumbers, sizes: ModelSizes) -> Told:
    return [_say("text", "say", step, sizes)], []


def _tokens(step: StepNumbers, sizes: ModelSizes) -> Told:
    return [_say("tokens", "say", step, sizes)], formulas.tokens(sizes)


def _embedding(step: StepNumbers, sizes: ModelSizes) -> Told:
    where = _say("embedding", sizes.position or "unknown", step, sizes)
    return [_say("embedding", "say", step, sizes), where], formulas.embedding(sizes)


def _attention(step: StepNumbers, sizes: ModelSizes) -> Told:
    sentences = [_say("attention", "say", step, sizes)]
    if step.look is not None:
        look = step.look
        looked = say("components.journey.stop.attention.itself") if look.itself else _token(look.token)
        told = {"looked": looked, "weight": percent(look.weight), "layer": look.layer}
        rests = {"first": "" if look.first is None else percent(look.first)}
        kind = ("look_mean" if look.head is None else "look") + ("" if look.first is None else "_rests")
        sentences.append(_say("attention", kind, step, sizes, **told, **rests, head=look.head))
    return sentences, formulas.attention(sizes)


def _mlp(step: StepNumbers, sizes: ModelSizes) -> Told:
    kind = "gated" if sizes.gated else "plain"
    if sizes.neurons is None:
        kind = "experts" if sizes.experts else "unknown"
    activation = sizes.activation or say("components.journey.stop.mlp.function")
    said = _say("mlp", kind, step, sizes, activation=activation)
    return [_say("mlp", "say", step, sizes), said], formulas.mlp(sizes)


def _stream(step: StepNumbers, sizes: ModelSizes) -> Told:
    ways = {False: ("say", "after"), True: ("say", "beside"), None: ("unknown",)}
    sentences = [_say("stream", kind, step, sizes) for kind in ways[sizes.beside]]
    if step.settled is not None:
        kind = "settled" if step.settled >= 0 else "settled_embedding"
        sentences.append(_say("stream", kind, step, sizes, layer=step.settled))
    return sentences, formulas.stream(sizes)


def _next(step: StepNumbers, sizes: ModelSizes) -> Told:
    told = {"probability": percent(step.leading_probability), "entropy": f"{step.entropy_bits:.1f}"}
    said = [_say("next", "say", step, sizes), _say("next", "leads", step, sizes, **told)]
    return said, formulas.next_token(sizes)


def _sampler(step: StepNumbers, sizes: ModelSizes) -> Told:
    return [_say("sampler", "say", step, sizes, mass=percent(step.kept_mass))], formulas.sampler()


def _dice(step: StepNumbers, sizes: ModelSizes) -> Told:
    kind = "say" if step.u is not None else "forced" if step.forced else "none"
    told = {"u": "" if step.u is None else f"{step.u:.4f}", "token": _token(step.chosen or step.leading)}
    return [_say("dice", kind, step, sizes, **told)], formulas.dice(step.u)


def _joins(step: StepNumbers, sizes: ModelSizes) -> Told:
    if step.chosen is None or step.rank is None or step.probability is None:
        return [_say("joins", "none", step, sizes)], formulas.longer()
    told = {"token": _token(step.chosen), "rank": count(step.rank), "probability": percent(step.probability)}
    return [_say("joins", "say", step, sizes, **told)], formulas.longer()


_TOLD: dict[str, Callable[[StepNumbers, ModelSizes], Told]] = {
    "text": _text,
    "tokens": _tokens,
    "embedding": _embedding,
    "attention": _attention,
    "mlp": _mlp,
    "stream": _stream,
    "next": _next,
    "sampler": _sampler,
    "dice": _dice,
    "joins": _joins,
}


class Journey(Drawn):
    """The journey. Plays when asked, while it is seen; each step dispatches `journey-step` on the document.

    The event tells station, page, room and whether it is `playing`. A press on the map, which dispatches
    `station-action`, leads to that station here as well; the door in it dispatches the same.
    """

    def __init__(self, value: JourneyValue | None = None, *, elem_id: str = "journey", **kwargs: Any) -> None:
        keys = ("play", "pause", "back", "forward", "again", "place", "door", "name", "keys", "empty")
        words = {key: say(f"components.journey.words.{key}") for key in keys} | {"seconds": str(SECONDS)}
        super().__init__(
            "journey", '<section class="journey"></section>', value, words=words, elem_id=elem_id, **kwargs
        )
