"""A recipe as a short text that stands in an address: compressed, checked, nothing kept on a server.

`1.` and base64url of a zlib stream. In it: the length of a JSON header and the header, then the token ids as
variable-length integers (seven bits a byte, the lowest first), then the draws that do not follow from the
seed as big-endian doubles. docs/links.md lists the fields.
"""

import base64
import binascii
import json
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any

from model.numbers import whole_number
from model.sampler.sampling import uniform
from model.sampler.settings import SamplerSettings
from model.texts.recipe import Recipe, RecipeStep
from model.texts.stored_run import text as whole_text

SCHEMA = 1
MOST_CHARACTERS = 8_000
"""Of a link that is read; what is made here is far shorter."""
MOST_BYTES = 200_000
"""Of what it holds: a few kB decompress to no more."""
MOST_TOKENS = 100_000
"""Of a prompt; bounds what positions may be."""
USUAL = (
    b'{"model":"SmolLM2-135M-Instruct@","precision":"float16","float32","bfloat16","prompt":"Once upon a time'
    b'","prompt_tokens":,"text":" the and to of a in is that it was for on with as","settings":{"temperature"'
    b':0.8,"top_k":40,"top_p":0.95,"min_p":0.0,"repetition_penalty":1.0},"seed":42,"finish_reason":"length"'
    b',"eos","stop","computed_with":"torch 2.13.0+cpu","steps":48,"forced":[[],"own":[[],"draws":[[],"coins"'
    b':{},"typed":{},"view":{"at":,"layer":,"head":,"mean_heads":true}}'
)
"""What most headers say: part of the schema, since it is needed to read a link."""
FIELDS = ("model", "precision", "prompt", "prompt_tokens", "text", "seed", "finish_reason", "computed_with")
"""Of a recipe that stand in the header as they are."""


class LinkError(ValueError):
    """A link that cannot be opened; says why."""


class NewerLink(LinkError):
    """A link of a schema that is not known yet."""


def encoded(recipe: Recipe, view: Mapping[str, object]) -> str:
    """Return the text of a link.

    Args:
        recipe: the run.
        view: how it is looked at, plain values by name.
    """
    first = recipe.prompt_tokens
    steps = list(enumerate(recipe.steps))
    drawn = [index for index, step in steps if step.u != uniform(recipe.seed, first + index)]
    header: dict[str, Any] = {name: getattr(recipe, name) for name in FIELDS}
    header |= {
        "settings": recipe.settings.to_json(),
        "steps": len(steps),
        "forced": _ranges(index for index, step in steps if step.forced),
        "own": _own_settings(recipe),
        "draws": _ranges(drawn),
        "coins": {str(index): step.coin for index, step in steps if step.coin is not None},
        "typed": {str(index): step.typed for index, step in steps if step.typed is not None},
        "view": dict(view),
    }
    if recipe.prompt_token_ids is not None:
        header["prompt_ids"] = True
    head = json.dumps(
        {name: value for name, value in header.items() if value not in ([], {})},
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
    numbers = [*(recipe.prompt_token_ids or ()), *recipe.token_ids]
    body = varint(len(head)) + head
    body += b"".join(map(varint, numbers))
    body += struct.pack(f">{len(drawn)}d", *(recipe.steps[index].u for index in drawn))
    squeezed = zlib.compressobj(9, zdict=USUAL)
    data = squeezed.compress(body) + squeezed.flush()
    return f"{SCHEMA}." + base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(link: object) -> tuple[Recipe, dict[str, Any]]:
    """Return the recipe and the view that a link holds, whoever made it.

    Raises:
        NewerLink: it was made by a later version.
        LinkError: it is no link, was changed on its way, or says what cannot be.
    """
    try:
        return _decoded(_unpacked(link))
    except LinkError:
        raise
    except (ValueError, OverflowError, RecursionError, struct.error, KeyError, TypeError) as problem:
        raise LinkError(f"it holds something that no link says ({problem})"[:300]) from problem


def _unpacked(link: object) -> bytes:
    """Return what a link holds, decompressed."""
    if not isinstance(link, str) or not link.isascii():
        raise LinkError("it is no text of letters and digits")
    if len(link) > MOST_CHARACTERS:
        raise LinkError(f"it is longer than {MOST_CHARACTERS:,} characters")
    schema, dot, data = link.partition(".")
    if not dot or not schema.isdecimal() or len(schema) > 4:
        raise LinkError("its beginning is missing")
    if int(schema) > SCHEMA:
        raise NewerLink(f"it was made by a later version (schema {int(schema)}, here {SCHEMA})")
    if int(schema) < SCHEMA:
        raise LinkError("its beginning is missing")
    try:
        squeezed = base64.b64decode(data + "=" * (-len(data) % 4), altchars=b"-_", validate=True)
        stream = zlib.decompressobj(zdict=USUAL)
        body = stream.decompress(squeezed, MOST_BYTES)
    except (binascii.Error, ValueError, zlib.error) as problem:
        raise LinkError("part of it is missing or was changed on its way") from problem
    if not stream.eof or stream.unused_data or stream.unconsumed_tail:
        raise LinkError("part of it is missing, or it holds too much")
    return body


def _decoded(body: bytes) -> tuple[Recipe, dict[str, Any]]:
    rest = _Reader(body)
    header = json.loads(rest.take(rest.varint()).decode())
    if not isinstance(header, dict):
        raise LinkError("its header is no object")
    steps = _count(header["steps"])
    first = _count(header["prompt_tokens"])
    prompt_ids = [rest.varint() for _ in range(first)] if header.get("prompt_ids") is True else None
    token_ids = [rest.varint() for _ in range(steps)]
    drawn = _indices(header.get("draws", []), steps)
    draws = dict(zip(drawn, rest.doubles(len(drawn)), strict=True))
    rest.require_end()
    for name in ("model", "precision", "prompt", "text", "computed_with"):
        whole_text(header[name], name)
    seed, settings = header["seed"], SamplerSettings.from_json(header["settings"])
    recipe = Recipe(
        **{name: header[name] for name in FIELDS if name != "prompt_tokens"},
        prompt_tokens=first,
        prompt_token_ids=None if prompt_ids is None else tuple(prompt_ids),
        settings=settings,
    )
    # Read before the seed is used: it says whether that is one.
    forced = set(_indices(header.get("forced", []), steps))
    coins = {index: _draw(coin) for index, coin in _by_index(header.get("coins", {}), steps)}
    typed = {index: whole_text(one, "typed") for index, one in _by_index(header.get("typed", {}), steps)}
    own = dict(_own_of(header.get("own", []), steps))
    made = tuple(
        RecipeStep(
            token_id=token_id,
            u=_draw(draws[index]) if index in draws else uniform(seed, first + index),
            forced=index in forced,
            settings=own.get(index),
            coin=coins.get(index),
            typed=typed.get(index),
        )
        for index, token_id in enumerate(token_ids)
    )
    recipe = replace(recipe, steps=made)
    recipe.begun("", (), "").finished(header["finish_reason"] or "length")  # refuses a reason that is none
    view = header.get("view", {})
    return recipe, view if isinstance(view, dict) else {}


class _Reader:
    """Bytes that are taken from the front."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> bytes:
        if self._at + count > len(self._data):
            raise LinkError("it ends too early")
        taken = self._data[self._at : self._at + count]
        self._at += count
        return taken

    def varint(self) -> int:
        number, shift = 0, 0
        while True:
            byte = self.take(1)[0]
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7
            if shift > 35:
                raise LinkError("it holds a number that is too large")

    def doubles(self, count: int) -> tuple[float, ...]:
        return struct.unpack(f">{count}d", self.take(8 * count))

    def require_end(self) -> None:
        if self._at != len(self._data):
            raise LinkError("it holds more than it says")


def varint(number: int) -> bytes:
    """Return a whole number, seven bits a byte, the lowest first; all bytes but the last have the top bit."""
    some = bytearray()
    while number >= 0x80:
        some.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*some, number])


def _count(value: object) -> int:
    number = whole_number(value, "a number of tokens")
    if not 0 <= number <= MOST_TOKENS:
        raise LinkError(f"it speaks of {number:,} tokens")
    return number


def _draw(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise LinkError("a draw is not between 0 and 1")
    return float(value)


def _ranges(indices: Iterable[int]) -> list[list[int]]:
    """Return indices in their order as `[start, stop]`, so that a stretch costs no more than one."""
    stretches = groupby(enumerate(indices), key=lambda pair: pair[1] - pair[0])
    found = ([index for _, index in stretch] for _, stretch in stretches)
    return [[some[0], some[-1] + 1] for some in found]


def _indices(ranges: object, steps: int) -> list[int]:
    if not isinstance(ranges, list):
        raise LinkError("a list of steps is none")
    found: list[int] = []
    for start, stop in ranges:
        low, high = whole_number(start, "a step"), whole_number(stop, "a step")
        if not (found[-1] + 1 if found else 0) <= low < high <= steps:
            raise LinkError("it speaks of steps that it has not")
        found.extend(range(low, high))
    return found


def _by_index(some: object, steps: int) -> Iterator[tuple[int, Any]]:
    if not isinstance(some, dict):
        raise LinkError("values of steps are no object")
    for key, value in some.items():
        if not key.isascii() or not key.isdecimal() or len(key) > 6 or int(key) >= steps:
            raise LinkError("it speaks of steps that it has not")
        yield int(key), value


def _own_settings(recipe: Recipe) -> list[list[Any]]:
    """Return stretches of steps that share settings of their own: `[start, stop, settings]`."""
    found: list[list[Any]] = []
    for settings, stretch in groupby(enumerate(recipe.steps), key=lambda pair: pair[1].settings):
        indices = [index for index, _ in stretch]
        if settings is not None:
            found.append([indices[0], indices[-1] + 1, settings.to_json()])
    return found


def _own_of(stretches: object, steps: int) -> Iterator[tuple[int, SamplerSettings]]:
    if not isinstance(stretches, list):
        raise LinkError("settings of steps are no list")
    for start, stop, data in stretches:
        settings = SamplerSettings.from_json(data)
        for index in _indices([[start, stop]], steps):
            yield index, settings
