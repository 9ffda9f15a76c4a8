"""What a person asks of the sampler: the values of its stages and the order in which they act."""

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar, Self

from model.numbers import OutOfRange, within
from model.sampler.stage_records import BIAS, DRY, NUMBERS, RECORD, RECORDS, STAGES, XTC

BAN = -100.0
"""The bias that rules a token out altogether, as it does in practice in the OpenAI API."""
MOST_BIASES = 64
BREAKERS = ("\n", ":", '"', "*")
"""What ends a repetition, as the author of DRY has it."""
MOST_BREAKERS = 16
LONGEST_BREAKER = 40
"""In characters."""


class UnknownStage(OutOfRange):
    """An order that names something else than stages, or one of them twice."""

    def __init__(self, order: object) -> None:
        known = ", ".join(STAGES)
        ValueError.__init__(
            self, f"order must name stages of the sampler ({known}), each once, not {reprlib.repr(order)}"
        )


class NothingLeft(OutOfRange):
    """Bans that leave no token to choose."""

    def __init__(self) -> None:
        ValueError.__init__(self, "every token to which the model gives a chance here is banned")


@dataclass(frozen=True)
class SamplerSettings:
    """The sampler: a value for every stage, and the order in which they act."""

    temperature: float = 0.8
    """Logits are divided by it; 0 is greedy, 1 leaves the model's distribution as it is."""
    top_k: int = 40
    """Keep exactly this many tokens; 0 switches it off."""
    top_p: float = 0.95
    """Keep the smallest set of leading tokens whose mass reaches it; 1 switches it off."""
    min_p: float = 0.0
    """Cut tokens less likely than this share of the leading token; 0 switches it off."""
    repetition_penalty: float = 1.0
    """Logits of tokens already in the text are weakened by this factor; 1 switches it off."""
    presence_penalty: float = 0.0
    """Taken from the logits of tokens already in the text; 0 switches it off."""
    frequency_penalty: float = 0.0
    """Taken from the logits of tokens for every time they stand in the text; 0 switches it off."""
    dry_multiplier: float = 0.0
    """Taken, times base^(length - allowed length), from tokens that would lengthen a repetition; 0 is off."""
    dry_base: float = 1.75
    """By how much that grows with every token of the repetition."""
    dry_allowed_length: int = 2
    """Shorter repetitions may go on."""
    dry_sequence_breakers: tuple[str, ...] = BREAKERS
    """Tokens whose text holds one of these are part of no repetition."""
    no_repeat_ngram_size: int = 0
    """No sequence of so many tokens may come twice; 0 switches it off."""
    top_n_sigma: float = 0.0
    """Keep logits within so many standard deviations of the largest; 0 switches it off."""
    typical_p: float = 1.0
    """Keep the tokens whose surprisal is closest to the entropy until their mass reaches it; 1 is off."""
    epsilon_cutoff: float = 0.0
    """Cut tokens less likely than this; 0 switches it off."""
    eta_cutoff: float = 0.0
    """The same, with less where the entropy is high; 0 switches it off."""
    xtc_probability: float = 0.0
    """How often, of all steps, the leading tokens are excluded; 0 switches it off."""
    xtc_threshold: float = 0.1
    """Of the tokens at least so likely, those times leave the least likely one alone."""
    logit_bias: tuple[tuple[int, float], ...] = ()
    """Token ids and what is added to their logits; `BAN` rules a token out."""
    order: tuple[str, ...] | None = None
    """The stages that act, in order; None for all that are switched on, in the order of `STAGES`."""

    RANGES: ClassVar[dict[str, tuple[float, float]]] = {one.name: (one.low, one.high) for one in NUMBERS}
    WHOLE: ClassVar[tuple[str, ...]] = tuple(one.name for one in NUMBERS if one.whole)
    OFF: ClassVar[dict[str, object]] = {BIAS: ()} | {one.name: one.off for one in RECORDS}
    """The value with which a stage does nothing."""
    ALWAYS: ClassVar[tuple[str, ...]] = tuple(one.name for one in RECORDS if one.always)
    """Written into every run; the others only where they do something."""

    def __post_init__(self) -> None:
        for name, (low, high) in self.RANGES.items():
            number = within(name, getattr(self, name), low, high, whole=name in self.WHOLE)
            object.__setattr__(self, name, number)
        object.__setattr__(self, "logit_bias", _biases(self.logit_bias))
        object.__setattr__(self, "dry_sequence_breakers", _breakers(self.dry_sequence_breakers))
        if self.order is not None:
            object.__setattr__(self, "order", _order(self.order))

    @cached_property
    def chain(self) -> tuple[str, ...]:
        """The stages that act, in order: those asked for, or else those that do something."""
        if self.order is not None:
            return self.order
        chain = [name for name in STAGES if getattr(self, name) != self.OFF[name]]
        # One token is left by temperature 0; what usually cuts behind it has nothing to do.
        return tuple(chain[: chain.index("temperature") + 1] if self.temperature == 0.0 else chain)

    @property
    def throws_coin(self) -> bool:
        """Whether a step has a coin of its own beside the draw: whether XTC acts there."""
        return XTC in self.chain and self.xtc_probability > 0.0

    def asked(self, name: str) -> tuple[object, ...]:
        """Return the value of a stage, or the order, and after the value what else is set of the stage."""
        record = RECORD.get(name)
        more = [one.name for one in record.parameters] if record is not None else []
        more += ["dry_sequence_breakers"] if name == DRY else []
        return (getattr(self, name), *(getattr(self, one) for one in more))

    def require_known(self, vocab_size: int) -> None:
        """Refuse biases that mean nothing to a model, or leave nothing of it.

        Args:
            vocab_size: of the model; its token ids run from 0 to one less.

        Raises:
            OutOfRange: a biased token is none of them, or all of them are banned.
        """
        for token_id, _ in self.logit_bias:
            within("a token id of logit_bias", token_id, 0, vocab_size - 1)
        banned = sum(bias <= BAN for _, bias in self.logit_bias)
        within("the number of banned tokens", banned, 0, vocab_size - 1)

    def acts_like(self, other: "SamplerSettings") -> bool:
        """Return whether both shape every distribution alike, whatever stands at stages that do nothing."""
        return self._acting == other._acting

    @property
    def _acting(self) -> list[tuple[str, tuple[object, ...]]]:
        return [(name, self.asked(name)) for name in self.chain if getattr(self, name) != self.OFF[name]]

    def to_json(self) -> dict[str, Any]:
        """Return plain values: the usual settings, and the others where they do something."""
        data: dict[str, Any] = {
            name: getattr(self, name)
            for name in (field.name for field in fields(self))
            if name in self.ALWAYS or (name in self.OFF and getattr(self, name) != self.OFF[name])
        }
        for record in RECORDS:
            acts = record.name in data and getattr(self, record.name) != record.off
            data |= {
                one.name: getattr(self, one.name)
                for one in record.parameters
                if acts or getattr(self, one.name) != one.usual
            }
        if DRY in data or self.dry_sequence_breakers != BREAKERS:
            data["dry_sequence_breakers"] = list(self.dry_sequence_breakers)
        if self.logit_bias:
            data["logit_bias"] = {str(token_id): bias for token_id, bias in self.logit_bias}
        if self.order is not None:
            data["order"] = list(self.order)
        return data

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Rebuild settings; what is not said keeps its default.

        Raises:
            ValueError: no object, an unknown name, or a value out of range.
        """
        if not isinstance(data, Mapping):
            raise ValueError(
                f"settings must be an object such as {{'temperature': 0.7}}, not {reprlib.repr(data)}"
            )
        known = [field.name for field in fields(cls)]
        unknown = [str(name) for name in data if name not in known]
        if unknown:
            raise ValueError(f"settings know no {', '.join(unknown)[:200]}, only {', '.join(known)}")
        return cls(**data)


def _biases(given: object) -> tuple[tuple[int, float], ...]:
    """Return biases by token id, from pairs or from an object whose keys may be text, as JSON has them."""
    try:
        pairs = given.items() if isinstance(given, Mapping) else [(one, two) for one, two in given]  # type: ignore[attr-defined]
        by_id = {int(token_id): bias for token_id, bias in pairs}
    except (TypeError, ValueError) as problem:
        raise ValueError(
            f"logit_bias must be an object of token ids and numbers, not {reprlib.repr(given)}"
        ) from problem
    within("the number of biased tokens", len(by_id), 0, MOST_BIASES)
    return tuple(
        (
            int(within("a token id of logit_bias", token_id, 0, 2**31, whole=True)),
            within("logit_bias", bias, BAN, -BAN),
        )
        for token_id, bias in sorted(by_id.items())
    )


def _breakers(given: object) -> tuple[str, ...]:
    """Return texts that end a repetition, each once."""
    some = given if isinstance(given, list | tuple) else [None]
    within("the number of dry_sequence_breakers", len(some), 0, MOST_BREAKERS)
    for one in some:
        if not isinstance(one, str) or not 1 <= len(one) <= LONGEST_BREAKER or not _whole(one):
            raise ValueError(
                f"dry_sequence_breakers must be a list of texts of 1 to {LONGEST_BREAKER} characters, "
                f"not {reprlib.repr(given)}"
            )
    return tuple(dict.fromkeys(some))


def _whole(text: str) -> bool:
    """Return whether a text holds no half character (a lone surrogate), which JSON could not carry."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _order(given: object) -> tuple[str, ...]:
    known = isinstance(given, list | tuple) and all(
        isinstance(name, str) and name in STAGES for name in given
    )
    if not known or len(set(given)) < len(given):  # type: ignore[call-overload, arg-type]
        raise UnknownStage(given)
    return tuple(given)  # type: ignore[arg-type]
