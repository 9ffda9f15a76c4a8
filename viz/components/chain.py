"""What of the sampler is set in its chain: the order of its stages, and the values that have no slider."""

from collections.abc import Mapping
from typing import Any

from model.sampler.settings import BAN, MOST_BIASES, SamplerSettings
from model.sampler.stage_records import STAGES
from viz.components.drawn import NOTHING, Drawn

DIALLED = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty")
"""Stages whose values are set by the sliders of the page."""
BOOST = 5.0
"""What one press of Boost adds to a logit."""

LONGEST_ID = 10
"""Digits that no token id has."""


def in_chain(value: object, dials: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a `ChainChoice` holds, as `SamplerSettings` takes them.

    A browser may send anything: what is no value of a chain is left for the settings to refuse.

    Args:
        value: of a `ChainChoice`.
        dials: values of the sliders, by the names of `DIALLED`.
    """
    if not isinstance(value, dict):
        return {}
    values, order, bias = value.get("values"), value.get("order"), value.get("logit_bias")
    chosen: dict[str, Any] = {}
    if isinstance(values, dict):
        own = set(SamplerSettings.RANGES) - set(DIALLED)
        chosen = {name: number for name, number in values.items() if name in own}
    if isinstance(bias, dict) and (known := {key: one for key, one in bias.items() if _is_id(key)}):
        chosen["logit_bias"] = known
    if order is None:
        return chosen
    if not isinstance(order, list) or not all(isinstance(name, str) and name in STAGES for name in order):
        return chosen | {"order": order}
    now = {**SamplerSettings.OFF, **dials, **chosen}
    acting = [name for name in STAGES if now[name] != SamplerSettings.OFF[name]]
    wanted = in_order(acting, order)
    return chosen if wanted == acting else chosen | {"order": wanted}


def chain_value(settings: SamplerSettings, serial: int) -> dict[str, Any]:
    """Return the value of a `ChainChoice` with which the sliders make these settings: see `in_chain`.

    Args:
        settings: the sliders stand at its values of `DIALLED`.
        serial: larger than that of the value before.
    """
    own = set(SamplerSettings.RANGES) - set(DIALLED)
    usual = SamplerSettings()
    changed = {name: getattr(settings, name) for name in sorted(own)}
    return {
        "order": None if settings.order is None else list(settings.order),
        "values": {name: value for name, value in changed.items() if value != getattr(usual, name)},
        "logit_bias": {str(token_id): bias for token_id, bias in settings.logit_bias},
        "serial": serial,
    }


def _is_id(key: object) -> bool:
    return isinstance(key, str) and key.isdecimal() and len(key) < LONGEST_ID


def in_order(acting: list[str], order: list[str]) -> list[str]:
    """Return the acting stages in an order; one that it does not name stands before its usual successors.

    Args:
        acting: stages that do something, in the usual order.
        order: names of stages, some of which may do nothing now.
    """
    placed = [name for name in order if name in acting]
    for name in acting:
        if name not in placed:
            later = [at for at, other in enumerate(placed) if STAGES.index(other) > STAGES.index(name)]
            placed.insert(later[0] if later else len(placed), name)
    return placed


class ChainChoice(Drawn):
    """Draws nothing. Its value follows what a person does in the `ChainTable` and bans or boosts elsewhere.

    `{"order": [...] | None, "values": {name: number}, "logit_bias": {token id: bias}, "serial": n}`, where n
    grows with every change; `change` fires after it.
    """

    def __init__(self, *, elem_id: str = "chain", **kwargs: Any) -> None:
        words = {"ban": BAN, "boost": BOOST, "most": -BAN, "biases": MOST_BIASES}
        super().__init__(
            "chain_choice",
            NOTHING,
            {},
            words={name: f"{number:g}" for name, number in words.items()},
            elem_id=elem_id,
            **kwargs,
        )


class ChainDials(Drawn):
    """Draws nothing. `select` fires when a stage with a slider is switched in the `ChainTable`.

    Its value says where that slider should stand: `{"top_k": 0}`.
    """

    def __init__(self, *, elem_id: str = "chain-dials", **kwargs: Any) -> None:
        super().__init__("chain_dials", NOTHING, {}, elem_id=elem_id, **kwargs)


class TokenPick(Drawn):
    """Draws nothing. Its value is the token whose row was picked in a table: `{"token_id": n | None}`."""

    def __init__(self, *, elem_id: str = "picked", **kwargs: Any) -> None:
        super().__init__("token_pick", NOTHING, {}, elem_id=elem_id, **kwargs)


def picked_token(value: object, vocab_size: int) -> int | None:
    """Return the token that a `TokenPick` holds, if it is one of the vocabulary."""
    token_id = value.get("token_id") if isinstance(value, dict) else None
    if isinstance(token_id, bool) or not isinstance(token_id, int) or not 0 <= token_id < vocab_size:
        return None
    return token_id
