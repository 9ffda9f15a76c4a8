"""A contrast set as a person typed it: looked at, and told what is wrong with it."""

from dataclasses import dataclass

from model.lab.contrast_sets import SLOT, ContrastSet
from viz.server.service import Trouble
from viz.words.strings import say
from viz.words.tokens import display_text, isolated

SETS = ("occupations", "names", "sums", "agreement")
"""Those that are there to begin with; their texts are among the words."""
EXAMPLE = "The {person} said that"
"""Of a template."""
MOST_TEMPLATE, MOST_LINE = 300, 60
"""Characters of a template, and of a filler or a continuation."""
MOST_FILLERS, MOST_CONTINUATIONS = 24, 12
MOST_TYPED = 20_000
"""Characters of a field that are looked at."""


@dataclass(frozen=True)
class TypedSet:
    """A set, and how many lines of the fields have no part in it."""

    contrast: ContrastSet
    left_out: int
    """Empty lines, and lines that stand there twice."""


def ready_set(name: str) -> tuple[str, str, str]:
    """Return template, fillers and continuations of one of `SETS`, as they stand in the fields."""
    return tuple(say(f"why.probes.set.{name}.{field}") for field in ("template", "fillers", "continuations"))  # type: ignore[return-value]


def typed_set(template: object, fillers: object, continuations: object, spaced: object) -> TypedSet:
    """Return what was typed as a contrast set, whatever a browser sends.

    Args:
        template: a text with one slot.
        fillers: one on each line.
        continuations: likewise.
        spaced: whether a space stands before each continuation. Without, they follow as they were typed.

    Raises:
        Trouble: it is none; says why.
    """
    text = template if isinstance(template, str) else ""
    text = text.rstrip() if spaced else text
    if not text.strip():
        raise Trouble(say("why.probes.no_template", example=EXAMPLE))
    if len(text) > MOST_TEMPLATE:
        raise Trouble(say("why.probes.template_long", characters=len(text), limit=MOST_TEMPLATE))
    slots = len(SLOT.findall(text))
    if slots == 0:
        raise Trouble(say("why.probes.no_slot", example=EXAMPLE))
    if slots > 1:
        raise Trouble(say("why.probes.slots", count=slots))
    found, without = _lines(fillers, "fillers", MOST_FILLERS)
    after, others = _lines(continuations, "continuations", MOST_CONTINUATIONS, as_typed=not spaced)
    contrast = ContrastSet(text, found, tuple(f" {one}" for one in after) if spaced else after)
    return TypedSet(contrast, without + others)


def _lines(value: object, field: str, most: int, *, as_typed: bool = False) -> tuple[tuple[str, ...], int]:
    """Return the lines of a field, and how many of them were left out.

    Raises:
        Trouble: there are none or too many, or one is too long.
    """
    typed = value if isinstance(value, str) else ""
    name = say(f"why.probes.{field}")
    if len(typed) > MOST_TYPED:
        raise Trouble(say("why.probes.field_long", name=name, characters=len(typed), limit=MOST_TYPED))
    lines = [line.rstrip("\r") if as_typed else line.strip() for line in typed.rstrip("\n").split("\n")]
    kept = tuple(dict.fromkeys(line for line in lines if line.strip()))
    if not kept:
        raise Trouble(say("why.probes.none", name=name))
    if len(kept) > most:
        raise Trouble(say("why.probes.too_many", name=name, count=len(kept), limit=most))
    longest = max(kept, key=len)
    if len(longest) > MOST_LINE:
        told = isolated(display_text(longest[:20])) + "…"
        raise Trouble(say("why.probes.line_long", line=told, characters=len(longest), limit=MOST_LINE))
    return kept, len(lines) - len(kept)


def reference_of(contrast: ContrastSet, typed: object) -> int | None:
    """Return the index of the filler that others are compared with; None for the mean of all.

    Args:
        contrast: the set.
        typed: a filler, in whichever case; empty for the mean.

    Raises:
        Trouble: no such filler.
    """
    wanted = typed.strip().casefold() if isinstance(typed, str) else ""
    if not wanted:
        return None
    names = [filler.casefold() for filler in contrast.fillers]
    if wanted not in names:
        raise Trouble(say("why.probes.no_reference", name=isolated(display_text(wanted[:MOST_LINE]))))
    return names.index(wanted)
