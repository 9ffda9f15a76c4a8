"""The map: the way of one token through the model, a station for each part, every station a door."""

from collections.abc import Callable
from typing import Any, TypedDict

from model.interior.journey import ModelSizes, StepNumbers
from viz.components.drawn import Drawn
from viz.words.percent import count, percent
from viz.words.strings import say
from viz.words.tokens import display_text, isolated, told_token

STATIONS: dict[str, tuple[str, str]] = {
    "text": ("explore", ""),
    "tokens": ("inside", "tokens"),
    "embedding": ("inside", "tokens"),
    "attention": ("inside", "heads"),
    "mlp": ("inside", "neurons"),
    "stream": ("inside", "lens"),
    "next": ("explore", ""),
    "sampler": ("lab", "chain"),
    "dice": ("lab", "dice"),
    "joins": ("explore", ""),
}
"""In the order of the way: each with the page and the room that it opens."""
LAYER = ("attention", "mlp", "stream")
"""Stations that every layer has."""
LONGEST_TOKEN = 14
LONGEST_TEXT = 14
"""Characters of the end of the text."""


class Station(TypedDict):
    """One station."""

    name: str
    """Its `data-station`."""
    title: str
    live: str
    """A number or word of the step; tokens in it are isolated."""
    caption: str
    page: str
    room: str
    open: bool
    layer: bool
    """Whether it stands in the box of the layers."""
    you: bool
    """Whether its title is the token itself."""


class TokenMapValue(TypedDict):
    """The value of a `TokenMap`."""

    stations: list[Station]
    layers: str
    """How many there are, in words."""
    each: str
    """What is said of a station in the box to whoever does not see it."""


def token_map_value(
    step: StepNumbers | None, sizes: ModelSizes, *, opened: str | None = None, rooms: Any = None
) -> TokenMapValue:
    """Return the map of one step.

    Args:
        step: its numbers; None where nothing was predicted, such as at the first token.
        sizes: of the model.
        opened: name of the station that is open; None for none.
        rooms: page and room by station where they differ from `STATIONS`.
    """
    doors = {**STATIONS, **(rooms or {})}
    return {
        "stations": [_station(name, step, sizes, doors[name], name == opened) for name in STATIONS],
        "layers": say("components.map.layers", layers=sizes.layers),
        "each": say("components.map.each", layers=sizes.layers),
    }


def station_title(name: str, step: StepNumbers | None) -> str:
    """Return the title of a station: of the last one the token itself, isolated, where one stands there."""
    if name == "joins" and step is not None and step.chosen is not None:
        return _token(step.chosen)
    return say(f"components.map.station.{name}.title")


def _station(
    name: str, step: StepNumbers | None, sizes: ModelSizes, door: tuple[str, str], is_open: bool
) -> Station:
    page, room = door
    return {
        "name": name,
        "title": station_title(name, step),
        "live": _LIVE[name](step, sizes) if step else _SIZES.get(name, _nothing)(sizes),
        "caption": say(f"components.map.station.{name}.say"),
        "page": page,
        "room": room,
        "open": is_open,
        "layer": name in LAYER,
        "you": name == "joins" and step is not None and step.chosen is not None,
    }


def _live(name: str, kind: str = "live", **values: object) -> str:
    return say(f"components.map.station.{name}.{kind}", **values)


def _token(token: str) -> str:
    return told_token(token, LONGEST_TOKEN).partition(" (")[0]


def _text(step: StepNumbers, _: ModelSizes) -> str:
    text = "".join(step.read)
    end = text[-LONGEST_TEXT:].lstrip() if len(text) > LONGEST_TEXT else text
    cut = "…" if len(end) < len(text) else ""
    return isolated(cut + display_text(end))


def _tokens(step: StepNumbers, _: ModelSizes) -> str:
    return _live("tokens", tokens=count(len(step.read)), last=_token(step.read[-1]))


def _attention(step: StepNumbers, sizes: ModelSizes) -> str:
    if step.look is None:
        return _heads(sizes)
    looked = _live("attention", "itself") if step.look.itself else _token(step.look.token)
    return _live("attention", token=looked, weight=percent(step.look.weight))


def _stream(step: StepNumbers, sizes: ModelSizes) -> str:
    if step.settled is None:
        return _width(sizes)
    says = _token(step.leading)
    if step.settled < 0:
        return _live("stream", "embedding", token=says)
    return _live("stream", token=says, layer=step.settled)


def _next(step: StepNumbers, _: ModelSizes) -> str:
    return _live("next", token=_token(step.leading), probability=percent(step.leading_probability))


def _sampler(step: StepNumbers, _: ModelSizes) -> str:
    return _live("sampler", kept=count(step.kept), mass=percent(step.kept_mass))


def _dice(step: StepNumbers, _: ModelSizes) -> str:
    if step.u is None:
        return _live("dice", "forced" if step.forced else "none")
    return _live("dice", u=f"{step.u:.3f}")


def _joins(step: StepNumbers, _: ModelSizes) -> str:
    if step.rank is None or step.probability is None:
        return _live("joins", "none")
    return _live("joins", rank=count(step.rank), probability=percent(step.probability))


def _heads(sizes: ModelSizes) -> str:
    return _live("attention", "heads", heads=sizes.heads)


def _width(sizes: ModelSizes) -> str:
    return _live("embedding", width=count(sizes.width))


def _neurons(sizes: ModelSizes) -> str:
    if sizes.neurons is None:
        return _live("mlp", "experts")
    return _live("mlp", neurons=count(sizes.neurons))


def _kinds(sizes: ModelSizes) -> str:
    return _live("tokens", "kinds", kinds=count(sizes.vocab_size))


def _nothing(_: ModelSizes) -> str:
    return "–"


_SIZES: dict[str, Callable[[ModelSizes], str]] = {
    "tokens": _kinds,
    "embedding": _width,
    "attention": _heads,
    "mlp": _neurons,
    "stream": _width,
}
_LIVE: dict[str, Callable[[StepNumbers, ModelSizes], str]] = {
    "text": _text,
    "tokens": _tokens,
    "embedding": lambda _, sizes: _width(sizes),
    "attention": _attention,
    "mlp": lambda _, sizes: _neurons(sizes),
    "stream": _stream,
    "next": _next,
    "sampler": _sampler,
    "dice": _dice,
    "joins": _joins,
}


class TokenMap(Drawn):
    """The map. A press dispatches `station-action` with station, page and room; it follows `room-opened`.

    Arrows, Home and End walk the stations, Enter opens one. Whoever opens a room otherwise dispatches
    `room-opened` with page and room, and the map follows. The class `slim` makes it one line high.
    """

    def __init__(self, value: TokenMapValue | None = None, *, elem_id: str = "map", **kwargs: Any) -> None:
        super().__init__(
            "token_map",
            '<div class="token-map" role="tablist"></div>',
            value,
            words={"map": say("components.map.name")},
            elem_id=elem_id,
            **kwargs,
        )
