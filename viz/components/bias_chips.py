"""Tokens that a person banned or boosted, each a chip whose press takes the bias back."""

from collections.abc import Callable, Iterable
from typing import Any, TypedDict

from model.sampler.settings import BAN
from viz.components.drawn import Drawn
from viz.components.token_rows import LONGEST_TOKEN
from viz.words.strings import say
from viz.words.tokens import display_token


class Chip(TypedDict):
    """A biased token."""

    token_id: int
    token: str
    bias: str
    """How it reads beside the token; empty where the words before it say enough."""


class ChipGroup(TypedDict):
    """Tokens that are biased in the same way."""

    label: str
    chips: list[Chip]


class BiasChipsValue(TypedDict):
    """The value of `BiasChips`."""

    groups: list[ChipGroup]


def chip(token_id: int, bias: float, token_of: Callable[[int], str]) -> Chip:
    """Return one chip that says all of its bias."""
    text = say("components.chain.banned") if bias <= BAN else f"{bias:+g}"
    return {"token_id": token_id, "token": display_token(token_of(token_id), LONGEST_TOKEN), "bias": text}


def bias_chips_value(biases: Iterable[tuple[int, float]], token_of: Callable[[int], str]) -> BiasChipsValue:
    """Return the chips of all tokens that are biased.

    Args:
        biases: token ids, and what is added to their logits.
        token_of: the text of a token id.
    """
    found: dict[str, list[Chip]] = {"banned": [], "boosted": [], "lowered": []}
    for token_id, bias in biases:
        kind = "banned" if bias <= BAN else "boosted" if bias >= 0 else "lowered"
        one = chip(token_id, bias, token_of)
        found[kind].append({**one, "bias": ""} if kind == "banned" else one)
    groups: list[ChipGroup] = [
        {"label": say(f"components.bias_chips.{kind}"), "chips": chips}
        for kind, chips in found.items()
        if chips
    ]
    return {"groups": groups}


class BiasChips(Drawn):
    """The chips. A press goes to the `ChainChoice` of the page; without a bias nothing is there."""

    def __init__(
        self, value: BiasChipsValue | None = None, *, elem_id: str = "biases", **kwargs: Any
    ) -> None:
        super().__init__(
            "bias_chips",
            '<div class="biases" role="group"></div>',
            value,
            words={
                "group": say("components.bias_chips.group"),
                "remove": say("components.chain.words.remove"),
            },
            elem_id=elem_id,
            **kwargs,
        )
